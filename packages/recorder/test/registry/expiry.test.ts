import { counter, gauge, histogram, REVOKED, setGlobalRecorder } from '@ostinato/core';
import { ManualClock } from '@ostinato/testing';
import type { RecorderOptions } from '../../src/options.ts';
import { type AtomicRecorder, createRecorder } from '../../src/recorder.ts';
import { catchWarnings, makeKey, type Read, readAll } from '../support/series.ts';
import { Threads } from '../support/threads.ts';

let caught: ReturnType<typeof catchWarnings>;
beforeEach(() => {
  caught = catchWarnings();
});
afterEach(() => caught.stop());

const MINUTE = 60_000;

function setUp(options: RecorderOptions = { idleTimeout: MINUTE }) {
  const clock = new ManualClock();
  const recorder = createRecorder({ ...options, clock });
  return { clock, recorder };
}
const increment = (recorder: AtomicRecorder, name: string, i: number, by = 1) =>
  recorder.counter(makeKey(name, { i }), {}).sink.increment(by);
const values = (reads: readonly Read[]) =>
  reads.map(({ name, labels, value, count }) => [name, labels.i ?? 'overflow', value || count]);

test('a series that nobody records on leaves the export; one that is recorded on stays', () => {
  const { clock, recorder } = setUp();
  const reader = recorder.reader();
  increment(recorder, 'c', 1);
  increment(recorder, 'c', 2);
  expect(values(readAll(reader.collect()))).toEqual([
    ['c', 1, 1],
    ['c', 2, 1],
  ]);
  clock.jump(MINUTE - 1);
  increment(recorder, 'c', 2);
  expect(values(readAll(reader.collect()))).toEqual([
    ['c', 1, 1],
    ['c', 2, 2],
  ]);
  clock.jump(1);
  expect(values(readAll(reader.collect()))).toEqual([['c', 2, 2]]);
  clock.jump(MINUTE);
  expect(readAll(reader.collect())).toEqual([]);
});

test('each kind has its own timeout, and none by default', () => {
  const { clock, recorder } = setUp({ idleTimeout: { counter: MINUTE, histogram: 2 * MINUTE } });
  const reader = recorder.reader();
  increment(recorder, 'c', 0);
  recorder.gauge(makeKey('g', { i: 0 }), {}).sink.set(7);
  recorder.histogram(makeKey('explicit', { i: 0 }), { buckets: [1] }).sink.record(1, 1);
  recorder.histogram(makeKey('exponential', { i: 0 }), {}).sink.record(1, 1);
  const names = () => readAll(reader.collect()).map(({ name }) => name);
  expect(names()).toEqual(['c', 'g', 'explicit', 'exponential']);
  clock.jump(MINUTE);
  expect(names()).toEqual(['g', 'explicit', 'exponential']);
  clock.jump(MINUTE);
  expect(names()).toEqual(['g']);
  clock.jump(100 * MINUTE);
  expect(names()).toEqual(['g']);
});

test('a held handle revives its series, which begins anew', () => {
  const { clock, recorder } = setUp();
  const installation = setGlobalRecorder(recorder);
  const [cumulative, delta] = [recorder.reader(), recorder.reader({ temporality: 'delta' })];
  const requests = counter('requests', { i: 1 });
  const depth = gauge('depth', { i: 1 });
  const duration = histogram('duration', { i: 1 });
  const record = () => {
    requests.increment(5);
    depth.increment(2);
    duration.record(3);
    duration.record(0);
  };
  record();
  const first = readAll(cumulative.collect());
  expect(values(readAll(delta.collect()))).toEqual(values(first));
  clock.jump(MINUTE);
  expect(readAll(cumulative.collect())).toEqual([]);
  expect(readAll(delta.collect())).toEqual([]);
  clock.jump(1);
  record();
  const second = readAll(cumulative.collect());
  // A gauge goes on from its value.
  expect(values(second)).toEqual([
    ['requests', 1, 5],
    ['depth', 1, 4],
    ['duration', 1, 2],
  ]);
  for (const [i, read] of second.entries()) expect(read.start).toBeGreaterThan(first[i]!.start);
  expect(second[2]).toMatchObject({ sum: 3, min: 0, max: 3, zeroCount: 1 });
  expect(values(readAll(delta.collect()))).toEqual(values(second));
  installation.uninstall();
});

test('a gauge that is set to the same value is not idle', () => {
  const { clock, recorder } = setUp();
  const reader = recorder.reader();
  for (let i = 0; i < 5; i++) {
    recorder.gauge(makeKey('g'), {}).sink.set(5);
    clock.jump(MINUTE / 2);
    expect(readAll(reader.collect())).toMatchObject([{ value: 5 }]);
  }
});

test('a counter that is set by absolute stays: its total is kept elsewhere', () => {
  const { clock, recorder } = setUp();
  const reader = recorder.reader({ temporality: 'delta' });
  const set = (value: number) => recorder.counter(makeKey('c'), {}).sink.absolute(value);
  set(5);
  expect(readAll(reader.collect())).toMatchObject([{ value: 5 }]);
  clock.jump(10 * MINUTE);
  expect(readAll(reader.collect())).toEqual([]);
  expect(readAll(recorder.reader().collect())).toMatchObject([{ value: 5 }]);
  set(7);
  expect(readAll(reader.collect())).toMatchObject([{ value: 2 }]);
});

test('an expired series gives its place to another, again and again, in the memory it had', () => {
  const { clock, recorder } = setUp({ idleTimeout: MINUTE, cardinality: { perMetric: 11, total: 44 } });
  const reader = recorder.reader();
  let memory = 0;
  for (let round = 0; round < 300; round++) {
    for (let i = 0; i < 10; i++) {
      increment(recorder, 'c', round * 10 + i, round + 1);
      recorder.histogram(makeKey('h', { i: round * 10 + i }), {}).sink.record(2 ** (i * (round % 7)), 1);
      recorder
        .histogram(makeKey('b', { i: `${round * 10 + i}`.padEnd(round % 50) }), { buckets: [5] })
        .sink.record(round, 1);
    }
    const reads = readAll(reader.collect());
    expect(reads.map(({ value, count }) => value || count)).toEqual([
      ...Array.from({ length: 10 }, () => round + 1),
      ...Array.from({ length: 20 }, () => 1),
    ]);
    if (round === 10) memory = recorder.memory;
    clock.jump(MINUTE);
    expect(readAll(reader.collect())).toEqual([]);
  }
  expect(recorder.memory).toBe(memory);
  expect(caught.warnings).toEqual([]);
});

test('handles in the overflow series ask again when places become free', () => {
  const { clock, recorder } = setUp({ idleTimeout: MINUTE, cardinality: 3 });
  const installation = setGlobalRecorder(recorder);
  const reader = recorder.reader();
  const handles = [0, 1, 2].map((i) => counter('crowded', { i }));
  for (const handle of handles) handle.increment();
  expect(values(readAll(reader.collect()))).toEqual([
    ['crowded', 0, 1],
    ['crowded', 1, 1],
    ['crowded', 'overflow', 1],
  ]);
  for (let i = 0; i < 2; i++) {
    clock.jump(MINUTE / 2);
    handles[1]!.increment();
    handles[2]!.increment();
    readAll(reader.collect());
  }
  handles[2]!.increment(10);
  expect(values(readAll(reader.collect()))).toEqual([
    ['crowded', 1, 3],
    ['crowded', 'overflow', 3],
    ['crowded', 2, 10],
  ]);
  installation.uninstall();
});

test('the last of a series is read by each delta reader, however late', () => {
  const { clock, recorder } = setUp();
  const [quick, slow] = [
    recorder.reader({ temporality: 'delta' }),
    recorder.reader({ temporality: 'delta' }),
  ];
  for (let i = 0; i < 3; i++) {
    increment(recorder, 'c', i, 10 + i);
    recorder.histogram(makeKey('h', { i }), {}).sink.record(i, 1);
  }
  expect(readAll(quick.collect())).toHaveLength(6);
  clock.jump(MINUTE);
  expect(readAll(quick.collect())).toEqual([]);
  increment(recorder, 'c', 1, 100);
  expect(values(readAll(quick.collect()))).toEqual([['c', 1, 100]]);
  expect(values(readAll(slow.collect()))).toEqual([
    ['c', 0, 10],
    ['c', 1, 111],
    ['c', 2, 12],
    ['h', 0, 1],
    ['h', 1, 1],
    ['h', 2, 1],
  ]);
  for (let i = 0; i < 3; i++) expect(readAll(slow.collect())).toEqual([]);
});

test('a reader that never reads has the last of very many series in the overflow series', () => {
  const { clock, recorder } = setUp({ idleTimeout: MINUTE, cardinality: { total: 20 } });
  const late = recorder.reader({ temporality: 'delta' });
  const cumulative = recorder.reader();
  let samples = 0;
  for (let round = 0; round < 200; round++) {
    for (let i = 0; i < 5; i++) {
      increment(recorder, 'c', round * 5 + i);
      recorder.histogram(makeKey('h', { i: round * 5 + i }), {}).sink.record(round, 2);
      recorder.histogram(makeKey('b', { i: round * 5 + i }), { buckets: [9, 99] }).sink.record(round, 2);
      samples++;
    }
    expect(readAll(cumulative.collect())).toHaveLength(15);
    clock.jump(MINUTE);
    expect(readAll(cumulative.collect())).toEqual([]);
  }
  const reads = readAll(late.collect());
  expect(reads.length).toBeLessThan(45);
  const of = (name: string) => reads.filter((read) => read.name === name);
  const sum = (name: string, field: 'value' | 'count' | 'sum') =>
    of(name).reduce((all, read) => all + read[field], 0);
  expect(sum('c', 'value')).toBe(samples);
  for (const name of ['h', 'b']) {
    expect(sum(name, 'count')).toBe(2 * samples);
    expect(sum(name, 'sum')).toBe(199 * 200 * 5);
    for (const read of of(name)) expect(read.counts.reduce((a, b) => a + b, read.zeroCount)).toBe(read.count);
  }
  expect(of('b').reduce((all, { counts }) => all.map((n, i) => n + counts[i]!), [0, 0, 0])).toEqual([
    100, 900, 1000,
  ]);
  expect(readAll(late.collect())).toEqual([]);
});

test('a thread that does not answer keeps its slots, and its samples are counted', () => {
  const threads = new Threads(2, { idleTimeout: MINUTE });
  const reader = threads.reader();
  const busy = threads.counter(0, 'c', { i: 1 });
  busy.increment(1);
  threads.counter(1, 'c', { i: 1 }).increment(1);
  expect(readAll(reader.collect())).toMatchObject([{ value: 2 }]);
  threads.clock.jump(MINUTE);
  threads.registries[1]!.answer();
  expect(readAll(reader.collect())).toMatchObject([{ value: 2 }]);
  threads.registries[1]!.answer();
  busy.increment(5);
  const [read] = readAll(reader.collect());
  expect(read).toMatchObject({ value: 7 });
  threads.registries[0]!.answer();
  // Late: it is in the series, which now is not idle.
  expect(readAll(reader.collect())).toMatchObject([{ value: 7, start: read!.start }]);
  threads.clock.jump(MINUTE);
  expect(readAll(reader.collect())).toEqual([]);
});

test('an exponential histogram that grew is taken over as it is, and its cell is clean for the next', () => {
  const threads = new Threads(1, { idleTimeout: MINUTE });
  const reader = threads.reader();
  for (let round = 0; round < 20; round++) {
    const sink = threads.histogram(0, 'h', { round });
    for (let i = 0; i <= round; i++) sink.record(2 ** (3 * i), 1);
    const [read, ...others] = readAll(reader.collect());
    expect(others).toEqual([]);
    expect(read).toMatchObject({ count: round + 1, labels: { round }, min: 1, max: 2 ** (3 * round) });
    threads.clock.jump(MINUTE);
    readAll(reader.collect());
    threads.registries[0]!.answer();
    expect(readAll(reader.collect())).toEqual([]);
    threads.registries[0]!.answer();
  }
});

test('the least recently updated series makes room, where this is chosen', () => {
  const { clock, recorder } = setUp({ cardinality: { perMetric: 4, evict: 'leastRecentlyUpdated' } });
  const [reader, delta] = [recorder.reader(), recorder.reader({ temporality: 'delta' })];
  let deltas = 0;
  const collect = () => {
    clock.jump(1);
    deltas += readAll(delta.collect()).reduce((sum, { value }) => sum + value, 0);
    return values(readAll(reader.collect())).map(([, i]) => i);
  };
  for (const i of [0, 1, 2]) increment(recorder, 'lru', i);
  collect();
  increment(recorder, 'lru', 1);
  collect();
  for (const i of [0, 2, 3]) increment(recorder, 'lru', i);
  expect(collect()).toEqual([0, 2, 'overflow']);
  increment(recorder, 'lru', 3);
  expect(collect()).toEqual([0, 2, 'overflow', 3]);
  expect(deltas).toBe(8);
});

test('a stray operation on a revoked cell harms no other series', () => {
  const { clock, recorder } = setUp();
  const reader = recorder.reader();
  const counterSink = recorder.counter(makeKey('c', { i: 0 }), {}).sink;
  const sinks = [{ buckets: [1] }, {}].map(
    (meta, i) => recorder.histogram(makeKey(`h${i}`, { i: 0 }), meta).sink,
  );
  counterSink.increment(1);
  for (const sink of sinks) sink.record(1, 1);
  readAll(reader.collect());
  clock.jump(MINUTE);
  readAll(reader.collect());
  increment(recorder, 'c', 1);
  for (const [i, meta] of [{ buckets: [1] }, {}].entries())
    recorder.histogram(makeKey(`h${i}`, { i: 1 }), meta).sink.record(1, 1);
  counterSink.increment(100);
  for (const sink of sinks) for (const value of [0, 1, 1e9]) sink.record(value, 100);
  expect(values(readAll(reader.collect()))).toEqual([
    ['c', 1, 1],
    ['h0', 1, 1],
    ['h1', 1, 1],
  ]);
});

test('a thread that ends counts as having answered, and what it recorded last is kept', () => {
  const threads = new Threads(2, { idleTimeout: MINUTE });
  const [reader, delta] = [threads.reader(), threads.reader('delta')];
  const sink = threads.counter(0, 'c', { i: 1 });
  sink.increment(1);
  expect(readAll(reader.collect())).toMatchObject([{ value: 1 }]);
  threads.clock.jump(MINUTE);
  // The slot is asked for, and its owner does not look.
  expect(readAll(reader.collect())).toMatchObject([{ value: 1 }]);
  sink.increment(5);
  threads.replace(0);
  expect(readAll(reader.collect())).toMatchObject([{ value: 6 }]);
  expect(readAll(delta.collect())).toMatchObject([{ value: 6 }]);
  threads.clock.jump(MINUTE);
  expect(readAll(reader.collect())).toEqual([]);
  threads.counter(0, 'c', { i: 1 }).increment(2);
  expect(readAll(reader.collect())).toMatchObject([{ value: 2 }]);
  expect(readAll(delta.collect())).toMatchObject([{ value: 2 }]);
});

test('many crowded metrics at once: eviction goes through the slots once, not once for each metric', () => {
  const METRICS = 200;
  const { clock, recorder } = setUp({
    cardinality: { total: 4 * METRICS, evict: 'leastRecentlyUpdated' },
  });
  const record = (metric: number, i: number) =>
    recorder.histogram(makeKey(`h${metric}`, { i }), {}).sink.record(1, 1);
  const reader = recorder.reader();
  for (let metric = 0; metric < METRICS; metric++) for (let i = 0; i < 3; i++) record(metric, i);
  readAll(reader.collect());
  clock.jump(1);
  for (let metric = 0; metric < METRICS; metric++) for (let i = 3; i < 6; i++) record(metric, i);
  const load = jest.spyOn(Atomics, 'load');
  try {
    readAll(reader.collect());
    expect(load.mock.calls.length).toBeGreaterThan(METRICS);
    expect(load.mock.calls.length).toBeLessThan(100 * METRICS);
  } finally {
    load.mockRestore();
  }
  clock.jump(1);
  for (let metric = 0; metric < METRICS; metric++) record(metric, 6);
  const series = readAll(reader.collect());
  expect(series.filter(({ labels }) => labels.i === 6).length).toBeGreaterThan(METRICS / 2);
  expect(series.length).toBeLessThanOrEqual(4 * METRICS);
});

test('those that came last expire too while a metric is crowded at every collection', () => {
  const { clock, recorder } = setUp({
    idleTimeout: MINUTE,
    cardinality: { perMetric: 100_000, total: 100_000, evict: 'leastRecentlyUpdated' },
  });
  const reader = recorder.reader();
  const crowd = () => recorder.counter(makeKey('b', { 'otel.metric.overflow': true }), {}).sink.increment(1);
  for (let pass = 0; pass < 8; pass++) {
    crowd();
    for (let i = 0; i < 5_000; i++) increment(recorder, 'busy', i);
    if (pass === 0) for (let i = 0; i < 50; i++) increment(recorder, 'idle', i);
    readAll(reader.collect());
    clock.jump(MINUTE);
  }
  const names = readAll(reader.collect()).map(({ name }) => name);
  expect(names.filter((name) => name === 'idle')).toEqual([]);
});

test('what a reader is owed keeps an overflow series that it has read', () => {
  const threads = new Threads(1, { idleTimeout: MINUTE, cardinality: { perMetric: 3, total: 3 } });
  const [behind, reader, witness] = [threads.reader('delta'), threads.reader('delta'), threads.reader()];
  const record = (...all: number[]) => {
    for (const i of all) threads.counter(0, 'c', { i }).increment(1);
    readAll(witness.collect());
  };
  const expire = () => {
    threads.clock.jump(MINUTE);
    for (let i = 0; i < 3; i++) {
      readAll(witness.collect());
      threads.registries[0]!.answer();
    }
  };
  const sum = (reads: readonly Read[]) => reads.reduce((total, { value }) => total + value, 0);
  record(0, 1, 2, 3);
  let total = sum(readAll(reader.collect()));
  expire();
  record(4, 5);
  expire();
  record(6, 7);
  expire();
  expect(sum(readAll(behind.collect()))).toBe(8);
  readAll(witness.collect());
  total += sum(readAll(reader.collect()));
  expect(total).toBe(8);
});

test('the last value of a gauge that a reader did not read is no value of the overflow series', () => {
  const threads = new Threads(1, { idleTimeout: MINUTE, cardinality: { perMetric: 3, total: 3 } });
  const [reader, witness] = [threads.reader('delta'), threads.reader()];
  for (let i = 0; i < 8; i++) {
    threads.gauge(0, 'g', { i }).sink.set(7);
    for (const _ of [1, 2, 3]) {
      readAll(witness.collect());
      threads.registries[0]!.answer();
      threads.clock.jump(MINUTE);
    }
  }
  expect(new Set(readAll(reader.collect()).map(({ value }) => value))).toEqual(new Set([7]));
});

test('an owner of many slots gives back some at a time, and all however often it is asked', () => {
  const many = 1_000;
  const threads = new Threads(1, { idleTimeout: MINUTE, cardinality: 2 * many });
  const cells = Array.from({ length: many }, (_, i) => threads.gauge(0, 'g', { i }));
  const witness = threads.reader();
  readAll(witness.collect());
  threads.clock.jump(MINUTE);
  readAll(witness.collect());
  const given = () => cells.filter(({ gate }) => gate === REVOKED).length;
  expect(threads.registries[0]!.answer()).toBe(false);
  const first = given();
  expect(first).toBeGreaterThan(0);
  expect(first).toBeLessThan(many / 4);
  // Each collection takes over what was given back, and says so, which has the owner look at all of its slots again.
  for (let round = 0; round < 4 * (many / first); round++) {
    readAll(witness.collect());
    threads.registries[0]!.answer();
  }
  expect(given()).toBe(many);
  expect(readAll(witness.collect())).toEqual([]);
});
