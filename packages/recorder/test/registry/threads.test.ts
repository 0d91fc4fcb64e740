import fc from 'fast-check';
import {
  EXPLICIT_BUCKETS,
  GAUGE_BUCKETS,
  GAUGE_TABLE,
  HISTOGRAM_SUM,
  HISTOGRAM_WRITES,
} from '../../src/arena/layout.ts';
import { isInBucket } from '../support/exact-root.ts';
import { catchWarnings, makeKey, readAll } from '../support/series.ts';
import { Threads } from '../support/threads.ts';

let caught: ReturnType<typeof catchWarnings>;
beforeEach(() => {
  caught = catchWarnings();
});
afterEach(() => caught.stop());

test('what several threads record on a series is one series', () => {
  const threads = new Threads(3);
  for (const thread of [0, 1, 2]) {
    threads.counter(thread, 'sum', { a: 1 }).increment(thread + 1);
    threads.counter(thread, 'highest').absolute(10 - thread);
    for (const value of [1, 20])
      threads.histogram(thread, 'explicit', {}, { buckets: [10] }).record(value, 1);
  }
  const [sum, highest, explicit, ...others] = readAll(threads.reader().collect());
  expect(sum).toMatchObject({ name: 'sum', value: 6 });
  expect(highest).toMatchObject({ name: 'highest', value: 10 });
  expect(explicit).toMatchObject({ count: 6, sum: 63, counts: [3, 3], min: 1, max: 20 });
  expect(others).toEqual([]);
});

test('a unit that another thread defines differently is said once, and the first one stays', () => {
  const threads = new Threads(3);
  for (const [thread, unit] of ['s', 'ms', 'us'].entries()) {
    threads.histogram(thread, 'wait', {}, { unit }).record(1, 1);
  }
  expect(readAll(threads.reader().collect())).toMatchObject([{ name: 'wait', unit: 's', count: 3 }]);
  expect(caught.warnings.map(({ code }) => code)).toEqual(['OSTINATO_DEFINITION_DIFFERS']);
});

test('a gauge is one cell for all threads, in whatever order they find it', () => {
  const threads = new Threads(3);
  const [first, second] = [threads.gauge(1, 'g', { a: 1 }), threads.gauge(0, 'g', { a: '1' })];
  expect(second.index).toBe(first.index);
  first.sink.set(5);
  second.sink.add(2);
  threads.gauge(2, 'g', { a: 1 }).sink.add(-10);
  threads.gauge(2, 'g', { a: 2 }).sink.set(1);
  expect(readAll(threads.reader().collect()).map(({ labels, value }) => [labels.a, value])).toEqual([
    [1, -3],
    [2, 1],
  ]);
});

test('thousands of gauges are found again by each thread', () => {
  const threads = new Threads(2);
  const index = (thread: number, i: number) =>
    threads.gauge(thread, `g${i % 3}`, { i: i >> 2, j: i & 3 }).index;
  const indices = Array.from({ length: 5000 }, (_, i) => index(i % 2, i));
  for (const [i, expected] of indices.entries()) expect(index((i + 1) % 2, i)).toBe(expected);
  expect(new Set(indices).size).toBe(5000);
});

test('a thread that is overtaken while it defines a gauge takes the cell of the faster one', () => {
  const threads = new Threads(2);
  const { compareExchange } = Atomics;
  let faster: number | undefined;
  Atomics.compareExchange = ((...args: Parameters<typeof compareExchange>) => {
    const inTable = args[1] >= GAUGE_TABLE && args[1] < GAUGE_TABLE + GAUGE_BUCKETS;
    if (inTable && faster === undefined) {
      Atomics.compareExchange = compareExchange;
      faster = threads.gauge(1, 'g', { a: 1 }).index;
      threads.gauge(1, 'other').sink.set(1);
    }
    return compareExchange(...args);
  }) as typeof compareExchange;
  try {
    expect(threads.gauge(0, 'g', { a: 1 }).index).toBe(faster);
    expect(threads.gauge(1, 'g', { a: 1 }).index).toBe(faster);
  } finally {
    Atomics.compareExchange = compareExchange;
  }
});

test('a gauge that nobody wrote is not exported', () => {
  const threads = new Threads(2);
  threads.gauge(0, 'g');
  const other = threads.gauge(1, 'g');
  expect(readAll(threads.reader().collect())).toEqual([]);
  other.sink.add(0);
  expect(readAll(threads.reader().collect())).toMatchObject([{ value: 0 }]);
});

test('a sum that is seen before its sample is part of the delta that has the sample', () => {
  const threads = new Threads(1);
  const sample = { buckets: [10] };
  threads.histogram(0, 'h', {}, sample).record(1, 1);
  const reader = threads.reader('delta');
  readAll(reader.collect());
  // What a collection sees that overtakes a record of 5.
  const { doubles } = threads.collector.arena;
  const cell = threads.registries[0]!.histogram(makeKey('h'), sample).index;
  doubles[cell + HISTOGRAM_SUM]! += 5;
  doubles[cell + HISTOGRAM_WRITES]! += 1;
  expect(readAll(reader.collect())).toEqual([]);
  doubles[cell + EXPLICIT_BUCKETS]! += 1;
  expect(readAll(reader.collect())).toMatchObject([{ count: 1, sum: 5 }]);
});

test('exponential histograms of different scales and windows add up at the lowest scale', () => {
  const threads = new Threads(3);
  threads.histogram(0, 'h').record(1.0001, 5);
  for (const value of [1e-3, 1, 1e3]) threads.histogram(1, 'h').record(value, 1);
  for (const value of [0, 1e9, 2e9]) threads.histogram(2, 'h').record(value, 2);
  const [read] = readAll(threads.reader().collect());
  expect(read).toMatchObject({ count: 14, zeroCount: 2, min: 0, max: 2e9 });
  expect(read!.counts.reduce((a, b) => a + b)).toBe(12);
  expect(read!.counts.length).toBeLessThanOrEqual(160);
  expect(read!.sum).toBeCloseTo(5 * 1.0001 + 1001.001 + 6e9);
});

test('however samples are spread over threads, each is in its bucket once they are added up', () => {
  const samples = fc.array(fc.tuple(fc.nat(2), fc.integer({ min: -2000, max: 2000 })), {
    minLength: 1,
    maxLength: 40,
  });
  fc.assert(
    fc.property(samples, fc.constantFrom(0.02, 0.04, 0.5), (samples, step) => {
      const threads = new Threads(3, { maxMemory: 1024 * 1024 });
      const values = samples.map(([, power]) => 2 ** ((power * step) % 1000));
      for (const [i, [thread]] of samples.entries()) threads.histogram(thread, 'h').record(values[i]!, 1);
      const { counts, offset, scale } = readAll(threads.reader().collect())[0]!;
      const expected = new Array<number>(counts.length).fill(0);
      for (const value of values)
        expected[counts.findIndex((_, i) => isInBucket(value, offset + i, scale))]! += 1;
      expect(counts).toEqual(expected);
      expect(counts.length).toBeLessThanOrEqual(160);
    }),
    { numRuns: 300 },
  );
});

test('windows that are together wider than 160 buckets are added up at a lower scale', () => {
  for (let width = 155; width <= 165; width++) {
    const threads = new Threads(2, { maxMemory: 1024 * 1024 });
    threads.histogram(0, 'h').record(2 ** (0.5 / 4096), 1);
    threads.histogram(1, 'h').record(2 ** ((width - 0.5) / 4096), 1);
    const [read] = readAll(threads.reader().collect());
    expect([width, read!.scale]).toEqual([width, width <= 160 ? 12 : 11]);
    expect(read!.counts.length).toBeLessThanOrEqual(160);
  }
});

test('the first mode that is seen is the series; cells of the other are left out', () => {
  const threads = new Threads(2);
  threads.counter(0, 'c').increment(3);
  threads.counter(1, 'c').absolute(100);
  threads.counter(1, 'd').absolute(100);
  threads.counter(0, 'd').increment(3);
  expect(readAll(threads.reader().collect()).map(({ name, value }) => [name, value])).toEqual([
    ['c', 3],
    ['d', 3],
  ]);
});

test('the collector alone decides admission: what it refuses is in the overflow series from the first sample on', () => {
  const threads = new Threads(2, { cardinality: 4 });
  const reader = threads.reader();
  for (const i of [1, 2, 3]) threads.counter(0, 'c', { i }).increment(1);
  for (const i of [3, 4, 5, 6, 7]) threads.counter(1, 'c', { i }).increment(10);
  const expected = [
    [{ i: 1 }, 1],
    [{ i: 2 }, 1],
    [{ i: 3 }, 11],
    [{ 'otel.metric.overflow': true }, 40],
  ];
  const read = () => readAll(reader.collect()).map(({ labels, value }) => [labels, value]);
  expect(read()).toEqual(expected);
  threads.counter(1, 'c', { i: 4 }).increment(100);
  expect(read()).toEqual([...expected.slice(0, 3), [{ 'otel.metric.overflow': true }, 140]]);
});

test('refused histograms and gauges are in the overflow series too', () => {
  const threads = new Threads(2, { cardinality: 2 });
  for (const thread of [0, 1]) {
    for (const i of [1, 2]) {
      threads.histogram(thread, 'h', { i: thread * 10 + i }).record(i, 1);
      threads.gauge(thread, 'g', { i: thread * 10 + i }).sink.set(thread * 10 + i);
    }
  }
  const [h, hOverflow, g, gOverflow] = readAll(threads.reader().collect());
  expect([h!.count, hOverflow!.count, hOverflow!.sum]).toEqual([1, 3, 5]);
  expect(g!.value).toBe(1);
  expect([2, 11, 12]).toContain(gOverflow!.value);
});

test.each([
  ['another kind', (t: Threads) => t.gauge(1, 'm').sink.set(7)],
  ['other buckets', (t: Threads) => t.histogram(1, 'h', {}, { buckets: [1, 3] }).record(7, 1)],
  ['one bucket more', (t: Threads) => t.histogram(1, 'h', {}, { buckets: [1, 2, 3] }).record(7, 1)],
  ['one bucket less', (t: Threads) => t.histogram(1, 'h', {}, { buckets: [1] }).record(7, 1)],
  ['exponential buckets', (t: Threads) => t.histogram(1, 'h').record(7, 1)],
])('a thread that uses a name for %s is left out, with a warning', (_, record) => {
  const threads = new Threads(2);
  threads.counter(0, 'm').increment(1);
  threads.histogram(0, 'h', {}, { buckets: [1, 2] }).record(1, 1);
  record(threads);
  expect(readAll(threads.reader().collect()).map(({ value, count }) => value + count)).toEqual([1, 1]);
});

test('a thread that sets what another one increments is left out, with a warning', () => {
  const threads = new Threads(2);
  threads.counter(0, 'conflict').increment(3);
  threads.counter(1, 'conflict').absolute(100);
  const reader = threads.reader();
  expect(readAll(reader.collect())).toMatchObject([{ value: 3 }]);
  threads.replace(1);
  expect(readAll(reader.collect())).toMatchObject([{ value: 3 }]);
  expect(caught.warnings).toMatchObject([
    { code: 'OSTINATO_MODE', text: expect.stringContaining('threads') },
  ]);
});

test('metrics without series, of however many threads, are remembered up to a bound', () => {
  const threads = new Threads(2, { cardinality: { perMetric: 2, total: 4 } });
  for (let round = 0; round < 12; round++) {
    for (let i = 0; i < 1000; i++) {
      threads.registries[1]!.describe('counter', { name: 'test' }, `m${round}.${i}`, { unit: 's' });
    }
    threads.replace(1);
    threads.takeIn();
  }
  threads.counter(0, 'late').increment(1);
  expect(readAll(threads.reader().collect())).toEqual([]);
  expect(caught.warnings.map(({ code }) => code)).toEqual(['OSTINATO_LIMIT']);
});

test('a unit that one thread knows is the unit', () => {
  const threads = new Threads(2);
  threads.counter(0, 'c').increment(1);
  threads.registries[1]!.describe('counter', { name: 'test' }, 'c', { unit: 'By', description: 'Bytes.' });
  threads.registries[1]!.describe('histogram', { name: 'test' }, 'h', { unit: 's' });
  threads.histogram(0, 'h').record(1, 1);
  expect(readAll(threads.reader().collect())).toMatchObject([
    { name: 'c', unit: 'By', description: 'Bytes.' },
    { name: 'h', unit: 's', type: 'exponentialHistogram' },
  ]);
});

test('a series that another thread defined in a slab not read yet finds its metric', () => {
  const threads = new Threads(1);
  // The metric's record is in the first slab, the series' in later ones.
  for (let i = 0; i < 1500; i++) threads.counter(0, 'c', { i, padding: 'x'.repeat(100) }).increment(1);
  expect(threads.collector.arena.owner(2)).not.toBe(0);
  expect(readAll(threads.reader().collect()).length).toBe(1500);
});
