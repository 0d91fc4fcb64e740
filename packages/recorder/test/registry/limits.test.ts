import type { Meta, RefusalReason } from '@ostinato/core';
import { type AtomicRecorder, createRecorder } from '../../src/recorder.ts';
import { runFixture } from '../support/run.ts';
import { catchWarnings, makeKey, type Read, readAll } from '../support/series.ts';

let caught: ReturnType<typeof catchWarnings>;
beforeEach(() => {
  caught = catchWarnings();
});
afterEach(() => caught.stop());

let names = 0;
/** Warnings are given once a name: each test has names of its own. */
const unique = (name: string) => `${name}${names++}`;

const increment = (
  recorder: AtomicRecorder,
  name: string,
  labels: Record<string, string | number | boolean>,
  by = 1,
) => recorder.counter(makeKey(name, labels), {}).sink.increment(by);
const refusals = (recorder: AtomicRecorder, reason: RefusalReason) => recorder.refusals()[reason] ?? 0;
const overflow = (read: Read) => 'otel.metric.overflow' in read.labels;
const sum = (reads: readonly Read[]) => reads.reduce((total, read) => total + read.value, 0);

test('a metric has its number of series, the overflow series among them', () => {
  const recorder = createRecorder({ cardinality: 5 });
  const name = unique('c');
  for (let round = 0; round < 3; round++) for (let i = 0; i < 100; i++) increment(recorder, name, { i }, i);
  const reads = readAll(recorder.reader().collect());
  expect(reads.map(({ labels }) => labels)).toEqual([
    { i: 0 },
    { i: 1 },
    { i: 2 },
    { i: 3 },
    { 'otel.metric.overflow': true },
  ]);
  expect(reads.map(({ value }) => value)).toEqual([0, 3, 6, 9, 3 * (4950 - 6)]);
});

test('who came first stays, whatever comes later', () => {
  const recorder = createRecorder({ cardinality: 3 });
  const name = unique('c');
  const reader = recorder.reader({ temporality: 'delta' });
  for (let round = 0; round < 5; round++) {
    for (let i = 9; i >= 0; i--) increment(recorder, name, { i });
    const reads = readAll(reader.collect());
    expect(reads.map(({ labels, value }) => [labels, value])).toEqual([
      [{ i: 9 }, 1],
      [{ i: 8 }, 1],
      [{ 'otel.metric.overflow': true }, 8],
    ]);
  }
});

test('a limit of one leaves the overflow series alone', () => {
  const recorder = createRecorder({ cardinality: 1 });
  for (let i = 0; i < 3; i++) increment(recorder, 'c', { i });
  expect(readAll(recorder.reader().collect())).toMatchObject([
    { labels: { 'otel.metric.overflow': true }, value: 3 },
  ]);
});

test('a series that is labelled as overflow is the overflow series', () => {
  const recorder = createRecorder({ cardinality: 2 });
  increment(recorder, 'c', { 'otel.metric.overflow': 'true' });
  for (let i = 0; i < 3; i++) increment(recorder, 'c', { i });
  expect(readAll(recorder.reader().collect()).map(({ value }) => value)).toEqual([3, 1]);
});

test('the total holds over all metrics, each with a place for its overflow series', () => {
  const recorder = createRecorder({ cardinality: { perMetric: 50, total: 100 } });
  let recorded = 0;
  for (let i = 0; i < 60; i++) {
    for (let metric = 0; metric < 10; metric++) {
      increment(recorder, `total.${metric}`, { i });
      recorded++;
    }
  }
  const reads = readAll(recorder.reader().collect());
  expect(reads.length).toBe(100);
  expect(reads.filter(overflow).length).toBe(10);
  expect(sum(reads)).toBe(recorded);
});

test('metrics beyond the total are dropped and counted', () => {
  const recorder = createRecorder({ cardinality: { total: 10 } });
  for (let metric = 0; metric < 20; metric++) increment(recorder, `beyond.${metric}`, {}, 1);
  const reads = readAll(recorder.reader().collect());
  expect(reads.length).toBe(5);
  expect(refusals(recorder, 'limit')).toBe(15);
  for (const op of [
    () => recorder.gauge(makeKey('g'), {}).sink.set(1),
    () => recorder.gauge(makeKey('g'), {}).sink.add(1),
    () => recorder.histogram(makeKey('h'), {}).sink.record(1, 1),
    () => recorder.counter(makeKey('a'), {}).sink.absolute(1),
  ]) {
    op();
  }
  expect(refusals(recorder, 'limit')).toBe(19);
  expect(caught.warnings.filter(({ code }) => code === 'OSTINATO_LIMIT')).toHaveLength(1);
});

test('one warning a metric names the label with the most values', () => {
  const recorder = createRecorder({ cardinality: 10 });
  const name = unique('culprit');
  for (let i = 0; i < 30; i++)
    increment(recorder, name, { method: i % 2 ? 'GET' : 'PUT', status: 200, user: i });
  const reader = recorder.reader();
  for (let i = 0; i < 3; i++) readAll(reader.collect());
  expect(caught.warnings).toEqual([
    {
      code: 'OSTINATO_CARDINALITY',
      text: `counter "${name}" has more series than the limit of 10 per metric: the others are summed into the series otel.metric.overflow=true. Label 'user' has the most values: 9.`,
    },
  ]);
});

test('the label with the most values is looked for among a thousand series, however many there are', () => {
  const recorder = createRecorder({ cardinality: { perMetric: 1_500, total: 2_000 } });
  const name = unique('culprit');
  for (let i = 0; i < 2_000; i++) increment(recorder, name, { method: i % 2 ? 'GET' : 'PUT', user: i });
  readAll(recorder.reader().collect());
  expect(caught.warnings.map(({ text }) => text.slice(text.indexOf('Label')))).toEqual([
    "Label 'user' has the most values: 1000, among 1000 series.",
  ]);
});

test.each<[string, Meta]>([
  ['explicit', { buckets: [1, 10, 100] }],
  ['exponential', {}],
])('%s histograms overflow with exact counts and sums', (_, meta) => {
  const recorder = createRecorder({ cardinality: 4 });
  for (let i = 0; i < 50; i++) recorder.histogram(makeKey('h', { i }), meta).sink.record(i, 2);
  const reads = readAll(recorder.reader().collect());
  expect(reads.length).toBe(4);
  expect(reads.at(-1)).toMatchObject({ count: 94, sum: 2 * (1225 - 3), min: 3, max: 49 });
});

test('the overflow series of a gauge shows the last write', () => {
  const recorder = createRecorder({ cardinality: 2 });
  for (let i = 0; i < 5; i++) recorder.gauge(makeKey('g', { i }), {}).sink.set(i);
  expect(readAll(recorder.reader().collect()).map(({ value }) => value)).toEqual([0, 4]);
});

test('when memory is used up, new series overflow, totals stay exact, and there is a warning', () => {
  const recorder = createRecorder({ maxMemory: 1024 * 1024, cardinality: { perMetric: 1e6, total: 1e6 } });
  const series = 30_000;
  for (let i = 0; i < series; i++) increment(recorder, 'memory', { i });
  const reads = readAll(recorder.reader().collect());
  expect(reads.length).toBeLessThan(25_000);
  expect(reads.length).toBeGreaterThan(5_000);
  expect(reads.at(-1)!.labels).toEqual({ 'otel.metric.overflow': true });
  expect(sum(reads)).toBe(series);
  for (let i = 0; i < 100; i++) {
    increment(recorder, `memory.${i}`, { i });
    recorder.histogram(makeKey(`memory.h.${i}`), {}).sink.record(i + 1, 1);
  }
  const later = readAll(recorder.reader().collect());
  expect(sum(later)).toBe(series + 100);
  expect(later.reduce((count, read) => count + read.count, 0)).toBe(100);
  expect(caught.warnings.filter(({ code }) => code === 'OSTINATO_MEMORY')).toHaveLength(1);
});

test('labels that nothing can hold are summed into the overflow series, and disturb no others', () => {
  const recorder = createRecorder({ maxMemory: 1024 * 1024, cardinality: { total: 100 } });
  const name = unique('giant');
  for (let i = 0; i < 200; i++) increment(recorder, name, { giant: `${i}${'x'.repeat(1024 * 1024)}` });
  for (let i = 0; i < 3; i++) increment(recorder, name, { i });
  expect(readAll(recorder.reader().collect()).map(({ labels, value }) => [labels, value])).toEqual([
    [{ 'otel.metric.overflow': true }, 200],
    [{ i: 0 }, 1],
    [{ i: 1 }, 1],
    [{ i: 2 }, 1],
  ]);
  expect(caught.warnings.map(({ code }) => code)).toEqual(['OSTINATO_MEMORY', 'OSTINATO_CARDINALITY']);
});

test('series that cannot be defined take no memory', () => {
  const recorder = createRecorder({ maxMemory: 1024 * 1024 });
  const giant = 'x'.repeat(1024 * 1024);
  for (let i = 0; i < 500; i++) {
    recorder.histogram(makeKey('giants', { giant: i + giant }), {}).sink.record(1, 1);
  }
  expect(recorder.memory).toBe(2 * 64 * 1024);
});

test('a histogram that cannot grow any more keeps count and sum exact', () => {
  const recorder = createRecorder({ maxMemory: 1024 * 1024, cardinality: { perMetric: 1e6, total: 1e6 } });
  const sinks = Array.from({ length: 5000 }, (_, i) => recorder.histogram(makeKey('h', { i }), {}).sink);
  let [count, total] = [0, 0];
  for (let round = 0; round < 6; round++) {
    for (const sink of sinks) {
      sink.record(4 ** round, 1);
      count += 1;
      total += 4 ** round;
    }
  }
  const reads = readAll(recorder.reader().collect());
  expect(reads.reduce((sum, read) => sum + read.count, 0)).toBe(count);
  expect(reads.reduce((sum, read) => sum + read.sum, 0)).toBe(total);
  expect(recorder.memory).toBe(1024 * 1024);
});

test('a histogram with more buckets than a slab holds is a histogram like others', () => {
  const recorder = createRecorder();
  const buckets = Array.from({ length: 20_000 }, (_, i) => i);
  const { sink } = recorder.histogram(makeKey('h'), { buckets });
  for (const value of [0, 12_345, 1e6]) sink.record(value, 1);
  const [read] = readAll(recorder.reader().collect());
  expect(read!.counts.flatMap((n, i) => (n > 0 ? [[i, n]] : []))).toEqual([
    [0, 1],
    [12_345, 1],
    [20_000, 1],
  ]);
});

test.each([
  ['on one metric', 1, 2_000],
  ['spread over a thousand metrics', 1_000, 10_000],
])('a million label sets %s: series at the limit, totals exact, memory flat', (_, metrics, limit) => {
  const { rounds, deltas } = runFixture('million-label-sets.mjs', ['--expose-gc'], [`${metrics}`]) as Attack;
  expect(rounds.map(({ series, total }) => [series, total])).toEqual(
    [200_000, 400_000, 600_000, 800_000, 1_000_000].map((recorded) => [limit, recorded]),
  );
  expect(deltas).toBe(1_000_000);
  expect(new Set(rounds.map(({ memory }) => memory)).size).toBe(1);
  expect(rounds.at(-1)!.heap - rounds[0]!.heap).toBeLessThan(1_000_000);
});

interface Attack {
  readonly rounds: readonly Readonly<Record<'series' | 'total' | 'memory' | 'heap', number>>[];
  readonly deltas: number;
}
