import { DOUBLE, HALVES, LOWEST_NORMAL } from './double-bits.ts';

/**
 * Bucket indices of base-2 exponential histograms (OpenTelemetry metrics data model, "Exponential Histogram").
 *
 * At scale s the base is 2^(2^-s), and bucket i holds the values in (base^i, base^(i+1)]. The index is computed at
 * scale 12 and shifted down for others: a bucket of scale s - 1 is the union of the buckets 2i and 2i + 1 of scale
 * s, negative scales included.
 *
 * At scale 12 an octave has 4,096 buckets, so a value 2^e * m, 1 <= m < 2, belongs to bucket e * 4096 + k where
 * 2^(k/4096) < m <= 2^((k+1)/4096); k is -1 for m = 1. `bounds[j]` is the largest 52-bit mantissa that does not
 * exceed 2^(j/4096). These bounds are irrational but for j = 0, so "m > 2^(j/4096)" and "mantissa > bounds[j]" are
 * the same question, and the answer is exact.
 *
 * The search: the mantissa's first 13 bits name one of 8,192 equal cells. A cell is 1/8192 = 1.22e-4 wide and two
 * bounds are at least ln(2)/4096 = 1.69e-4 apart, so a cell holds one bound at most: one look-up, one comparison. The
 * next 7 bits, which the upper half of a double also has, decide it but for one value in 128: only then are the
 * lower halves compared. The comparison is arithmetic, as the processor cannot foresee it.
 */

/** A constant of this file, which is compiled in; what is exported is loaded and checked at each use. */
const FINEST = 12;
export const MAX_SCALE = FINEST;
export const MIN_SCALE = -4;

const STEPS = 1 << FINEST;
const CELLS = 2 * STEPS;
const CELL_SHIFT = 20 - 13;
const CELL_MASK = (1 << CELL_SHIFT) - 1;

/** The lower halves of the bounds. */
const LOWER = new Uint32Array(STEPS);
/** By cell: the bucket of its smallest mantissa, and below 8 bits its bound's next 7 bits; 128 if it has no bound. */
const TABLE = new Int32Array(CELLS);

const double = DOUBLE;
const halves = HALVES;

/** Fills the tables, in about a millisecond, once; before the first `indexAtMaxScale`. */
export function prepareIndex(): void {
  if (TABLE[0] !== 0) return;
  // 2^(1/4096) by twelve square roots, in fixed point with 160 bits more than the 52 that are wanted: each of the
  // 4,096 multiplications adds less than two units of error, so the top 52 bits are those of the true value
  // unless the next 140 are all alike, which test/cells/exponential-index.test.ts excludes.
  const precision = 212n;
  let step = 2n << precision;
  for (let i = 0; i < FINEST; i++) step = squareRoot(step << precision);
  const one = 1n << precision;
  let power = one;
  const bounds: number[] = [];
  for (let j = 0; j < STEPS; j++) {
    const bound = Number((power - one) >> (precision - 52n));
    bounds.push(bound);
    LOWER[j] = bound % 2 ** 32;
    power = (power * step) >> precision;
  }
  // So that the last cell has something to compare with.
  bounds.push(2 ** 52);
  let bucket = -1;
  for (let cell = 0; cell < CELLS; cell++) {
    const mantissa = cell * (2 ** 52 / CELLS);
    while (mantissa > (bounds[bucket + 1] as number)) bucket++;
    const bound = Math.floor(((bounds[bucket + 1] as number) - mantissa) / 2 ** 32);
    TABLE[cell] = (bucket << 8) | Math.min(bound, CELL_MASK + 1);
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
  double[0] = value;
  const high = halves[1] as number;
  if (high >= LOWEST_NORMAL) return indexOfNormal(high);
  // Subnormal: the value times 2^54 has the same mantissa bits, normalized, and is exact.
  double[0] = value * 2 ** 54;
  return indexOfNormal(halves[1] as number) - (54 << FINEST);
}

/** The same for the value that `DOUBLE` holds, which is no subnormal one: `high` is its upper half. */
export function indexOfNormal(high: number): number {
  const entry = TABLE[(high & 0xfffff) >>> CELL_SHIFT] as number;
  const bucket = ((((high >> 20) - 1023) << FINEST) + (entry >> 8)) | 0;
  const gap = (entry & 0xff) - (high & CELL_MASK);
  if (gap !== 0) return (bucket + (gap >>> 31)) | 0;
  // The upper halves of mantissa and bound are the same.
  const bound = LOWER[(entry >> 8) + 1] as number;
  return (halves[0] as number) >>> 0 > bound ? (bucket + 1) | 0 : bucket;
}
