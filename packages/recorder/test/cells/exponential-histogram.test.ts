import { DDSketch } from '@datadog/sketches-js';
import fc from 'fast-check';
import { MAX_SCALE, MIN_SCALE } from '../../src/cells/exponential-index.ts';
import { isInBucket } from '../support/exact-root.ts';
import { type Read, readAll } from '../support/series.ts';
import { Threads } from '../support/threads.ts';

/** What the histogram holds once these were recorded. */
function recorded(values: Iterable<number>): Read {
  const threads = new Threads(1);
  const sink = threads.histogram(0, 'h');
  for (const value of values) sink.record(value, 1);
  return readAll(threads.reader().collect())[0]!;
}

const width = (scale: number) => 2 ** (2 ** -scale);

/** The value at a rank, as a consumer estimates it: the middle, as factors go, of the bucket that holds the rank. */
function atRank(read: Read, rank: number): number {
  let below = read.zeroCount;
  if (rank < below) return 0;
  for (const [i, count] of read.counts.entries()) {
    below += count;
    if (rank < below) return 2 ** ((read.offset + i + 0.5) / 2 ** read.scale);
  }
  throw new Error(`no sample has rank ${rank}`);
}

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const QUANTILES = [0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1];

test.each([
  ['nine decades, evenly', (r: () => number) => 10 ** (r() * 9 - 6)],
  ['twelve decades, evenly', (r: () => number) => 10 ** (r() * 12 - 3)],
  ['six hundred decades, evenly', (r: () => number) => 10 ** (r() * 600 - 300)],
  ['response times', (r: () => number) => Math.exp(r() + r() + r() + r() - 2) * 40],
  ['a narrow band', (r: () => number) => 1000 + r()],
  ['subnormals', (r: () => number) => Math.ceil(r() * 1e6) * Number.MIN_VALUE],
])("quantiles of %s are within the bucket's relative error of the sorted samples'", (_, distribution) => {
  const next = random(7);
  const samples = Float64Array.from({ length: 20_000 }, () => distribution(next));
  const read = recorded(samples);
  samples.sort();
  expect(read.count).toBe(samples.length);
  const error = Math.sqrt(width(read.scale)) - 1 + 1e-12;
  for (const quantile of QUANTILES) {
    const rank = Math.round(quantile * (samples.length - 1));
    const exact = samples[rank]!;
    if (exact < 2 ** -1022) continue;
    expect(Math.abs(atRank(read, rank) / exact - 1)).toBeLessThanOrEqual(error);
  }
});

test('over nine decades it agrees with DDSketch as far as the accuracies of both allow', () => {
  const next = random(11);
  const samples = Float64Array.from({ length: 50_000 }, () => 10 ** (next() * 9 - 6));
  const read = recorded(samples);
  const accuracy = Math.sqrt(width(read.scale)) - 1;
  const sketch = new DDSketch({ relativeAccuracy: accuracy });
  for (const sample of samples) sketch.accept(sample);
  samples.sort();
  for (const quantile of QUANTILES) {
    const rank = Math.floor(quantile * (samples.length - 1));
    expect(Math.abs(sketch.getValueAtQuantile(quantile) / samples[rank]! - 1)).toBeLessThanOrEqual(
      accuracy + 1e-9,
    );
    expect(Math.abs(atRank(read, rank) / sketch.getValueAtQuantile(quantile) - 1)).toBeLessThanOrEqual(
      2.1 * accuracy,
    );
  }
});

const anyValue = fc.oneof(
  fc.double({ min: 0, max: Number.MAX_VALUE, noNaN: true }),
  fc.double({ min: 0, max: 10, noNaN: true }),
  fc.constantFrom(0, Number.MIN_VALUE, Number.MAX_VALUE, 1, 2 ** -1022),
);

test('whatever is recorded, each sample is in the bucket that its value belongs to', () => {
  fc.assert(
    fc.property(fc.array(anyValue, { minLength: 1, maxLength: 60 }), (values) => {
      const read = recorded(values);
      expect(read.scale).toBeGreaterThanOrEqual(MIN_SCALE);
      expect(read.scale).toBeLessThanOrEqual(MAX_SCALE);
      expect(read.counts.length).toBeLessThanOrEqual(160);
      expect(read.zeroCount).toBe(values.filter((value) => value === 0).length);
      const buckets = new Array<number>(read.counts.length).fill(0);
      for (const value of values) {
        if (value === 0) continue;
        const i = buckets.findIndex((_, i) => isInBucket(value, read.offset + i, read.scale));
        buckets[i]! += 1;
      }
      expect(read.counts).toEqual(buckets);
      expect(read.count).toBe(values.length);
      expect(read.min).toBe(Math.min(...values));
      expect(read.max).toBe(Math.max(...values));
    }),
    { numRuns: 400 },
  );
});

test('the scale is at most one coarser than what the samples need', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 1e-9, max: 1e9, noNaN: true }), { minLength: 2, maxLength: 40 }),
      (values) => {
        const { scale } = recorded(values);
        const octaves = Math.log2(Math.max(...values) / Math.min(...values));
        const buckets = octaves * 2 ** (scale + 2);
        if (scale < MAX_SCALE) expect(buckets).toBeGreaterThan(158);
      },
    ),
  );
});

test('one value, however often, stays at the finest scale', () => {
  const read = recorded(new Array(1000).fill(0.125));
  expect(read).toMatchObject({ scale: MAX_SCALE, offset: -3 * 4096 - 1, counts: [1000], sum: 125 });
});

test('zeros alone have a count and no buckets', () => {
  expect(recorded([0, 0, 0])).toMatchObject({ count: 3, zeroCount: 3, counts: [], sum: 0, min: 0, max: 0 });
});

test('the first value after zeros keeps them', () => {
  expect(recorded([0, 0, 8])).toMatchObject({
    count: 3,
    zeroCount: 2,
    counts: [1],
    sum: 8,
    scale: MAX_SCALE,
  });
});

test('the whole range of doubles fits, with a finite sum', () => {
  const values = Array.from({ length: 2098 }, (_, i) => 2 ** (i - 1074));
  const read = recorded([...values, Number.MAX_VALUE, Number.MAX_VALUE]);
  expect(read.count).toBe(2100);
  expect(read.scale).toBe(MIN_SCALE);
  expect(read.sum).toBe(Number.MAX_VALUE);
});

test('memory follows the window: a series of one value takes a small cell', () => {
  const bytesOf = (values: readonly number[]) => {
    const threads = new Threads(1);
    for (let i = 0; i < 1000; i++) {
      const sink = threads.histogram(0, 'h', { i });
      for (const value of values) sink.record(value, 1);
    }
    return threads.collector.arena.claimed / 1000;
  };
  expect(bytesOf([1])).toBeLessThan(600);
  expect(bytesOf([1, 10, 100])).toBeLessThan(1500);
});
