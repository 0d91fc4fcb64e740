import fc from 'fast-check';
import { indexAtMaxScale, MAX_SCALE, MIN_SCALE, prepareIndex } from '../../src/cells/exponential-index.ts';
import { atMost, atMostWithAllDigits, isInBucket, neighbour } from '../support/exact-root.ts';

beforeAll(prepareIndex);

const SCALES = Array.from({ length: MAX_SCALE - MIN_SCALE + 1 }, (_, i) => MIN_SCALE + i);
const indexAt = (value: number, scale: number): number => indexAtMaxScale(value) >> (MAX_SCALE - scale);

/** Any positive finite double, by its bits, so that all exponents and subnormals are as likely. */
const anyPositive = fc
  .bigInt({ min: 1n, max: 0x7fefffffffffffffn })
  .map((bits) => new Float64Array(new BigInt64Array([bits]).buffer)[0]!);

test('every bound of an octave at the finest scale separates the two doubles around it', () => {
  for (let k = 1; k < 2 ** MAX_SCALE; k++) {
    let below = 2 ** (k / 2 ** MAX_SCALE);
    while (!atMost(below, k, MAX_SCALE)) below = neighbour(below, -1);
    while (atMost(neighbour(below, 1), k, MAX_SCALE)) below = neighbour(below, 1);
    expect([indexAtMaxScale(below), indexAtMaxScale(neighbour(below, 1))]).toEqual([k - 1, k]);
  }
});

test('the oracle agrees with itself when it computes with all digits', () => {
  for (const k of [1, 7, 1024, 2048, 4095]) {
    const near = 2 ** (k / 4096);
    for (const steps of [-1, 0, 1]) {
      const value = neighbour(near, steps);
      expect(atMost(value, k, 12)).toBe(atMostWithAllDigits(value, k, 12));
    }
  }
});

test('powers of two belong to the bucket that they are the upper bound of, subnormal ones too', () => {
  for (let exponent = -1074; exponent <= 1023; exponent++) {
    for (const scale of SCALES.filter((scale) => scale >= 0)) {
      expect(indexAt(2 ** exponent, scale)).toBe(exponent * 2 ** scale - 1);
    }
  }
});

test.each(SCALES)('any double belongs to its bucket at scale %i', (scale) => {
  fc.assert(
    fc.property(anyPositive, (value) => {
      expect(isInBucket(value, indexAt(value, scale), scale)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test.each(SCALES)('the doubles around any bound belong to its two buckets at scale %i', (scale) => {
  const lowest = Math.ceil(-1074 * 2 ** scale);
  const highest = Math.floor(1024 * 2 ** scale) - 1;
  fc.assert(
    fc.property(fc.integer({ min: lowest, max: highest }), (k) => {
      const near = 2 ** (k / 2 ** scale);
      for (let steps = -3; steps <= 3; steps++) {
        const value = neighbour(near, steps);
        if (value > 0 && value < Infinity) expect(isInBucket(value, indexAt(value, scale), scale)).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
});

test.each([
  ['the smallest double', Number.MIN_VALUE],
  ['the largest subnormal', neighbour(2 ** -1022, -1)],
  ['the smallest normal', 2 ** -1022],
  ['just below one', neighbour(1, -1)],
  ['one', 1],
  ['just above one', neighbour(1, 1)],
  ['the largest double', Number.MAX_VALUE],
])('%s belongs to its bucket at all scales', (_, value) => {
  for (const scale of SCALES) expect(isInBucket(value, indexAt(value, scale), scale)).toBe(true);
});

test('the lowest scale holds all doubles in 160 buckets', () => {
  const width = indexAt(Number.MAX_VALUE, MIN_SCALE) - indexAt(Number.MIN_VALUE, MIN_SCALE) + 1;
  expect(width).toBeLessThanOrEqual(160);
});
