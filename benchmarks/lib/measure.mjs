const REPEATS = 40;
const MILLIS = 4;
/** So few operations that their garbage is not collected while it is measured. */
const FEW = 4_000;

/**
 * Measures one case in this process. `op(n)` performs the operation n times.
 * Returns ns per operation (minimum and median of many short repeats: a short one is likelier to be left alone by the
 * rest of the machine) and heap bytes per operation.
 */
export function measure(op) {
  // What lives long lies where a service has it after its first seconds: packed, in the old generation.
  for (let i = 0; i < 2; i += 1) globalThis.gc();
  // Often and little, as a service calls: in one long loop the compiler takes what happens once for frequent.
  for (let warm = 0; warm < 2_000; warm += 1) op(100);
  for (let warm = 0; warm < 3; warm += 1) op(50_000);
  let batch = 1_000;
  while (time(op, batch) < MILLIS) batch *= 2;

  const nanos = [];
  for (let i = 0; i < REPEATS; i += 1) nanos.push((time(op, batch) * 1e6) / batch);
  nanos.sort((a, b) => a - b);

  // The least of several: what the engine itself allocates meanwhile (compiled code, feedback) is not the operation's.
  let bytes = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 10; i += 1) bytes = Math.min(bytes, allocated(op, FEW));

  return { min: nanos[0], median: nanos[REPEATS >> 1], bytes: bytes < 0.5 ? 0 : bytes };
}

function allocated(op, n) {
  globalThis.gc();
  const before = process.memoryUsage().heapUsed;
  op(n);
  return Math.max(0, process.memoryUsage().heapUsed - before) / n;
}

function time(op, n) {
  const start = performance.now();
  op(n);
  return performance.now() - start;
}

/** Minimum and median of some figures. */
export function summary(figures) {
  const sorted = [...figures].sort((a, b) => a - b);
  return { min: sorted[0], median: sorted[sorted.length >> 1] };
}
