import fc from 'fast-check';
import { SLAB_BYTES } from '../../src/arena/layout.ts';
import { catchWarnings, type Read, readAll } from '../support/series.ts';
import { Threads } from '../support/threads.ts';

const BUCKETS = [1, 10, 1000];
let caught: ReturnType<typeof catchWarnings>;
beforeEach(() => {
  caught = catchWarnings();
});
afterEach(() => caught.stop());

type Metric = 'sum' | 'highest' | 'gauge' | 'explicit' | 'exponential';

function record(threads: Threads, thread: number, metric: Metric, series: number, value: number): void {
  const labels = { series };
  if (metric === 'sum') threads.counter(thread, metric, labels).increment(value);
  else if (metric === 'highest') threads.counter(thread, metric, labels).absolute(value);
  else if (metric === 'gauge') threads.gauge(thread, metric, labels).sink.add(value);
  else if (metric === 'explicit') {
    threads.histogram(thread, metric, labels, { buckets: BUCKETS }).record(value, 1 + (value % 2));
  } else threads.histogram(thread, metric, labels).record(value, 1);
}

const step = fc.record({
  thread: fc.nat(2),
  metric: fc.constantFrom<Metric>('sum', 'highest', 'gauge', 'explicit', 'exponential'),
  series: fc.nat(3),
  value: fc.oneof(fc.nat(3), fc.nat(1000), fc.nat(2 ** 40)),
  after: fc.constantFrom('nothing', 'nothing', 'nothing', 'collect', 'end'),
});

test('the end of a thread changes nothing that any reader sees', () => {
  const steps = fc.array(step, { maxLength: 80 });
  fc.assert(
    fc.property(steps, fc.constantFrom(3, 100), (all, cardinality) => {
      const options = { cardinality, maxMemory: 2 ** 21 };
      const [threads, undisturbed] = [new Threads(3, options), new Threads(3, options)];
      const readers = [threads, undisturbed].map((t) => [
        t.reader(),
        t.reader('delta'),
        t.reader('lowmemory'),
      ]);
      const collect = () => {
        const [seen, expected] = readers.map((those) => {
          return those.map((reader) => totals(readAll(reader.collect()), cardinality === 3));
        });
        expect(seen).toEqual(expected);
      };
      for (const { thread, metric, series, value, after } of all) {
        for (const t of [threads, undisturbed]) record(t, thread, metric, series, value);
        if (after === 'nothing') continue;
        collect();
        if (after === 'collect') continue;
        const [cumulative, delta] = readers[0]!;
        const before = readAll(cumulative!.collect());
        threads.replace(thread);
        expect(readAll(cumulative!.collect()).filter(isOfOne)).toEqual(before.filter(isOfOne));
        expect(readAll(delta!.collect()).filter(isOfOne)).toEqual([]);
      }
      collect();
    }),
    { numRuns: 150 },
  );
});

/** An overflow series of gauges shows one gauge of many, and that of a living thread rather than of a dead one. */
function isOfOne({ name, labels }: Read): boolean {
  return name !== 'gauge' || !('otel.metric.overflow' in labels);
}

/**
 * Totals by series, or by metric where it depends on the order of arrival which series overflow. Of histograms with
 * their sums; the scale that a thread ends up with is its own, one that begins anew may need less.
 */
function totals(reads: readonly Read[], byMetric: boolean): object {
  const all: Record<string, [number, number, number]> = {};
  for (const { name, labels, value, count, sum } of reads) {
    if (byMetric && (name === 'gauge' || name === 'highest')) continue;
    const id = byMetric ? name : `${name} ${labels.series}`;
    const [values, counts, sums] = all[id] ?? [0, 0, 0];
    all[id] = [values + value, counts + count, sums + sum];
  }
  return all;
}

test('sums of fractions do not go back by what the order of additions makes of them', () => {
  const fraction = fc.double({ min: 1e-9, max: 1e9, noNaN: true });
  fc.assert(
    fc.property(fc.array(fraction, { minLength: 3, maxLength: 12 }), (values) => {
      const threads = new Threads(values.length, { maxMemory: 2 ** 21 });
      const readers = [threads.reader(), threads.reader('delta')];
      const totals: number[] = [];
      let added = 0;
      const collect = () => {
        const [all, deltas] = readers.map((reader) => readAll(reader.collect()));
        totals.push(...all!.map(({ name, value, sum }) => (name === 'c' ? value : sum)));
        for (const { value, sum } of deltas!) {
          expect(value + sum).toBeGreaterThan(0);
          added += value + sum;
        }
      };
      for (const [thread, value] of values.entries()) {
        threads.counter(thread, 'c').increment(value);
        threads.histogram(thread, 'e', {}, { buckets: BUCKETS }).record(value, 1);
        threads.histogram(thread, 'x').record(value, 1);
      }
      collect();
      // From the last one on: the additions of what is left come in another order.
      for (let thread = values.length - 1; thread >= 0; thread -= 2) {
        threads.replace(thread);
        collect();
      }
      for (let i = 3; i < totals.length; i++) expect(totals[i]).toBeGreaterThanOrEqual(totals[i - 3]!);
      expect(added).toBeCloseTo(
        totals.slice(-3).reduce((a, b) => a + b, 0),
        -3,
      );
    }),
  );
});

test('what the dead leave is used again: memory does not grow with the number of threads', () => {
  const threads = new Threads(2, { maxMemory: 2 ** 20 });
  const reader = threads.reader();
  let most = 0;
  for (let round = 0; round < 200; round++) {
    for (let series = 0; series < 100; series++) {
      record(threads, 1, 'sum', series, 1);
      record(threads, 1, 'exponential', series, series);
      record(threads, 1, 'gauge', series, 1);
    }
    threads.replace(1);
    readAll(reader.collect());
    most = Math.max(most, threads.collector.arena.claimed);
  }
  expect(most).toBeLessThanOrEqual(4 * SLAB_BYTES);
  const reads = readAll(reader.collect());
  expect(reads.length).toBe(300);
  for (const { name, value, count, labels, sum } of reads) {
    expect(value + count).toBe(200);
    if (name === 'exponential') expect(sum).toBe(200 * (labels.series as number));
  }
  expect(caught.warnings).toEqual([]);
});

test('a gauge outlives the thread that was first to use it, and others that found it', () => {
  const threads = new Threads(3);
  const reader = threads.reader();
  threads.gauge(1, 'g').sink.set(5);
  const survivor = threads.gauge(0, 'g').sink;
  threads.replace(1);
  reader.collect();
  // Slabs of the dead are zero, and others write there now.
  for (let i = 0; i < 500; i++) threads.counter(1, 'c', { i }).increment(i);
  survivor.add(2);
  threads.gauge(2, 'g').sink.add(1);
  threads.replace(2);
  expect(readAll(reader.collect())[0]).toMatchObject({ name: 'g', value: 8 });
  threads.gauge(1, 'g').sink.add(1);
  expect(readAll(reader.collect())[0]).toMatchObject({ name: 'g', value: 9 });
});

test('an overflow series of gauges goes on with the gauge of a living thread', () => {
  const threads = new Threads(2, { cardinality: 2 });
  const readers = [threads.reader(), threads.reader('delta')];
  threads.gauge(0, 'gauge', { series: 'kept' }).sink.set(1);
  threads.gauge(0, 'gauge', { series: 'dead' }).sink.set(2);
  threads.gauge(1, 'gauge', { series: 'alive' }).sink.set(3);
  const overflow = () =>
    readers.map((reader) => readAll(reader.collect()).find((read) => !isOfOne(read))?.value);
  expect(overflow()).toEqual([2, 2]);
  threads.replace(0);
  expect(overflow()[0]).toBe(3);
  threads.gauge(1, 'gauge', { series: 'alive' }).sink.set(4);
  expect(overflow()).toEqual([4, 4]);
});

test('gauges of all threads together are no more than the limit: the others share the overflow series', () => {
  const threads = new Threads(2, { cardinality: { perMetric: 10, total: 12 } });
  const reader = threads.reader();
  for (let round = 0; round < 300; round++) {
    for (let series = 0; series < 5; series++)
      threads.gauge(1, 'g', { id: round * 5 + series }).sink.set(round);
    threads.replace(1);
    readAll(reader.collect());
  }
  const reads = readAll(reader.collect());
  expect(reads.length).toBe(10);
  expect(reads.at(-1)).toMatchObject({ labels: { 'otel.metric.overflow': true }, value: 299 });
  expect(threads.collector.arena.claimed).toBeLessThanOrEqual(4 * SLAB_BYTES);
  expect(caught.warnings.map(({ code }) => code)).toEqual(['OSTINATO_CARDINALITY']);
});

test('a thread that found memory used up has series of its own again when another one left', () => {
  const threads = new Threads(2, { maxMemory: 2 ** 20, cardinality: { perMetric: 100_000, total: 200_000 } });
  for (let i = 0; i < 20_000; i++) threads.counter(1, 'theirs', { i }).increment(1);
  for (let i = 0; i < 100; i++) threads.counter(0, 'mine', { i }).increment(1);
  const reader = threads.reader();
  const own = () => readAll(reader.collect()).filter(({ name }) => name === 'mine').length;
  const before = own();
  expect(before).toBeLessThan(100);
  threads.replace(1);
  own();
  for (let i = 100; i < 120; i++) threads.counter(0, 'mine', { i }).increment(1);
  expect(own()).toBe(before + 20);
});

test('a thread that ends with nothing recorded leaves nothing', () => {
  const threads = new Threads(2);
  threads.counter(1, 'c');
  threads.histogram(1, 'h');
  threads.histogram(1, 'e', {}, { buckets: BUCKETS });
  threads.gauge(1, 'g');
  threads.replace(1);
  expect(readAll(threads.reader().collect())).toEqual([]);
  threads.counter(0, 'c').absolute(4);
  expect(readAll(threads.reader().collect())).toMatchObject([{ name: 'c', value: 4 }]);
});
