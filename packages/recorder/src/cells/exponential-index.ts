/**
 * Bucket indices of base-2 exponential histograms (OpenTelemetry metrics data model, "Exponential Histogram").
 *
 * At scale s the base is 2^(2^-s), and bucket i holds the values in (base^i, base^(i+1)]. The index is computed at
 * scale 12 and shifted down for others: a bucket of scale s - 1 is the union of the buckets 2i and 2i + 1 of scale
 * s, negative scales included.
 *
 * At scale 12 an octave has 4,096 buckets, so a value 2^e * m, 1 <= m < 2, belongs to bucket e * 4096 + k where
 * 2^(k/4096) < m <= 2^((k+1)/4096); k is -1 for m = 1. `BOUNDS[j]` is the largest 52-bit mantissa that does not
 * exceed 2^(j/4096). These bounds are irrational but for j = 0, so "m > 2^(j/4096)" and "mantissa > BOUNDS[j]" are
 * the same question, and the answer is exact.
 *
 * The search: the mantissa's first 13 bits name one of 8,192 equal cells. A cell is 1/8192 = 1.22e-4 wide and two
 * bounds are at least ln(2)/4096 = 1.69e-4 apart, so a cell holds one bound at most: one look-up, one comparison.
 */

export const MAX_SCALE = 12;
export const MIN_SCALE = -4;

const STEPS = 1 << MAX_SCALE;
const CELLS = 2 * STEPS;
const CELL_SHIFT = 20 - 13;

/** One more than an octave's bounds, so that the last cell has something to compare with. */
const BOUNDS = new Float64Array(STEPS + 1);
/** The bucket of a cell's smallest mantissa. */
const FIRST = new Int16Array(CELLS);

const scratch = new Float64Array(1);
const halves = new Uint32Array(scratch.buffer);

/** Fills the tables, in about a millisecond, once; before the first `indexAtMaxScale`. */
export function prepareIndex(): void {
  if (BOUNDS[STEPS] !== 0) return;
  // 2^(1/4096) by twelve square roots, in fixed point with 160 bits more than the 52 that are wanted: each of the
  // 4,096 multiplications adds less than two units of error, so the top 52 bits are those of the true value
  // unless the next 140 are all alike, which test/cells/exponential-index.test.ts excludes.
  const precision = 212n;
  let step = 2n << precision;
  for (let i = 0; i < MAX_SCALE; i++) step = squareRoot(step << precision);
  const one = 1n << precision;
  let power = one;
  for (let j = 0; j < STEPS; j++) {
    BOUNDS[j] = Number((power - one) >> (precision - 52n));
    power = (power * step) >> precision;
  }
  BOUNDS[STEPS] = 2 ** 52;
  let bucket = -1;
  for (let cell = 0; cell < CELLS; cell++) {
    const mantissa = cell * (2 ** 52 / CELLS);
    while (mantissa > (BOUNDS[bucket + 1] as number)) bucket++;
    FIRST[cell] = bucket;
  }
}

function squareRoot(square: bigint): bigint {
  let root = 1n << BigInt((square.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + square / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** The bucket, at scale 12, of a positive finite number. `>> (12 - scale)` makes it that of another scale. */
export function indexAtMaxScale(value: number): number {
  scratch[0] = value;
  let high = halves[1] as number;
  let exponent = (high >>> 20) - 1023;
  if (exponent === -1023) {
    // Subnormal: the value times 2^54 has the same mantissa bits, normalized, and is exact.
    scratch[0] = value * 2 ** 54;
    high = halves[1] as number;
    exponent = (high >>> 20) - 1023 - 54;
  }
  const mantissa = (high & 0xfffff) * 2 ** 32 + (halves[0] as number);
  const bucket = FIRST[(high & 0xfffff) >>> CELL_SHIFT] as number;
  return exponent * STEPS + (mantissa > (BOUNDS[bucket + 1] as number) ? bucket + 1 : bucket);
}
