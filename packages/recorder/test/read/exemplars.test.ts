import { counter, histogram, setGlobalRecorder } from '@ostinato/core';
import { ManualClock } from '@ostinato/testing';
import { recordHead } from '../../src/arena/dictionary.ts';
import {
  EXEMPLAR_ROUND,
  EXEMPLAR_SEQUENCE,
  EXEMPLAR_VALUE,
  EXEMPLARS_ADDRESS,
  EXEMPLARS_RECORD,
  MAX_EXEMPLARS,
  SLAB_BYTES,
} from '../../src/arena/layout.ts';
import { SampledCounter } from '../../src/cells/sampled.ts';
import { redact } from '../../src/layers/redact.ts';
import { createRecorder } from '../../src/recorder.ts';
import { catchWarnings, makeKey, type Read, readAll, readSome } from '../support/series.ts';
import { Threads } from '../support/threads.ts';
import { seededRandom, spanOf, Tracing } from '../support/tracing.ts';

let tracing: Tracing;
let caught: ReturnType<typeof catchWarnings>;
beforeEach(() => {
  tracing = new Tracing();
  caught = catchWarnings();
});
afterEach(() => {
  tracing[Symbol.dispose]();
  caught.stop();
});

const clock = new ManualClock();
const values = (read: Read | undefined) => read?.exemplars.map(({ value }) => value).sort((a, b) => a - b);

test('a sample in a span whose trace is kept is an exemplar, with its value, time and ids', async () => {
  const recorder = createRecorder({ clock });
  const { sink } = recorder.histogram(makeKey('h'), {});
  tracing.active = spanOf(0xabc);
  await clock.advance(5);
  sink.record(2.5, 1);
  const time = clock.epochNanos();
  await clock.advance(5);
  const [read] = readAll(recorder.reader().collect());
  expect(read?.exemplars).toEqual([
    {
      value: 2.5,
      time,
      traceId: '00000000000000000000000000000abc',
      spanId: '0000100000000abc',
      filteredLabels: [],
    },
  ]);
});

test('each reader gets what was recorded since it last read, and nothing twice', () => {
  const recorder = createRecorder({ clock });
  const { sink } = recorder.histogram(makeKey('h'), {});
  const [often, seldom] = [recorder.reader({ temporality: 'delta' }), recorder.reader()];
  tracing.active = spanOf(1);
  sink.record(1, 1);
  expect(values(readAll(often.collect())[0])).toEqual([1]);
  sink.record(2, 1);
  expect(values(readAll(often.collect())[0])).toEqual([2]);
  expect(values(readAll(seldom.collect())[0])).toEqual([1, 2]);
  expect(values(readAll(seldom.collect())[0])).toEqual([]);
  expect(readAll(often.collect())).toEqual([]);
});

test('what a delta reader did not walk is part of its next collection', () => {
  const recorder = createRecorder({ clock });
  tracing.active = spanOf(1);
  recorder.counter(makeKey('c', { series: 'a' }), {}).sink.increment(1);
  recorder.counter(makeKey('c', { series: 'b' }), {}).sink.increment(2);
  const reader = recorder.reader({ temporality: 'delta' });
  expect(readSome(reader.collect(), 1).map(values)).toEqual([[1]]);
  expect(readAll(reader.collect()).map(values)).toEqual([[2]]);
});

test('explicit buckets keep one each, and more than one round is merged by bucket', () => {
  const recorder = createRecorder({ clock });
  const { sink } = recorder.histogram(makeKey('h'), { buckets: [1, 10] });
  const [often, seldom] = [recorder.reader(), recorder.reader()];
  tracing.active = spanOf(1);
  for (const value of [0.5, 5, 50]) {
    sink.record(value, 1);
    readAll(often.collect());
  }
  sink.record(6, 1);
  expect(values(readAll(seldom.collect())[0])).toEqual([0.5, 6, 50]);
});

test('Prometheus had the exemplar of a quick sample in the bucket of a slow one that was there before it', () => {
  const recorder = createRecorder({ clock });
  tracing.active = spanOf(1);
  for (const [name, metric] of [
    ['explicit', { buckets: [1, 10] }],
    ['exponential', {}],
  ] as const) {
    const { sink } = recorder.histogram(makeKey(name), metric);
    for (const value of [50, 0.5, 5]) sink.record(value, 1);
  }
  const inOrder = readAll(recorder.reader().collect()).map((read) =>
    read.exemplars.map(({ value }) => value),
  );
  expect(inOrder).toEqual([
    [0.5, 5, 50],
    [0.5, 5, 50],
  ]);
});

test.each([
  ['trace_based', 'a kept trace', 1],
  ['trace_based', 'another trace', 0],
  ['trace_based', 'no span', 0],
  ['always_on', 'a kept trace', 1],
  ['always_on', 'another trace', 1],
  ['always_on', 'no span', 1],
  ['always_off', 'a kept trace', 0],
] as const)('%s: in %s', (exemplars, where, expected) => {
  const recorder = createRecorder({ clock, exemplars });
  const active = { 'a kept trace': spanOf(1), 'another trace': spanOf(1, false), 'no span': undefined }[
    where
  ];
  tracing.active = active;
  recorder.counter(makeKey('c'), {}).sink.increment(3);
  const [read] = readAll(recorder.reader().collect());
  expect(read?.exemplars).toHaveLength(expected);
  if (expected > 0)
    expect(read?.exemplars).toMatchObject([{ value: 3, traceId: active?.traceId, spanId: active?.spanId }]);
});

test.each([
  ['a short trace id', { ...spanOf(1), traceId: '1' }],
  ['a trace id that is no hex', { ...spanOf(1), traceId: 'x'.repeat(32) }],
  ['a trace id of zeros', { ...spanOf(1), traceId: '0'.repeat(32) }],
  ['a span id of zeros', { ...spanOf(1), spanId: '0'.repeat(16) }],
])('%s: the sample has no ids', (_, span) => {
  const recorder = createRecorder({ clock });
  tracing.active = span;
  recorder.counter(makeKey('c'), {}).sink.increment(3);
  expect(readAll(recorder.reader().collect())[0]?.exemplars).toMatchObject([
    { value: 3, traceId: undefined, spanId: undefined },
  ]);
});

test('gauges have none, and neither have counters that are set', () => {
  const recorder = createRecorder({ clock, exemplars: 'always_on' });
  tracing.active = spanOf(1);
  recorder.gauge(makeKey('g'), {}).sink.set(1);
  recorder.gauge(makeKey('g'), {}).sink.add(1);
  recorder.counter(makeKey('c'), {}).sink.absolute(7);
  expect(readAll(recorder.reader().collect()).map(values)).toEqual([[], []]);
});

test('an increment that is refused is no exemplar', () => {
  const recorder = createRecorder({ clock });
  tracing.active = spanOf(1);
  const { sink } = recorder.counter(makeKey('c'), {});
  sink.absolute(7);
  sink.increment(9);
  expect(readAll(recorder.reader().collect()).map(values)).toEqual([[]]);
  expect(recorder.refusals()).toEqual({ mode: 1 });
});

test('labels that redaction takes away do not come back with an exemplar', () => {
  const layers = [redact({ drop: ['email'], hash: { labels: ['user'], key: 'secret' } })];
  const recorder = createRecorder({ clock, layers, cardinality: 2 });
  tracing.active = spanOf(1);
  const key = (user: string) => makeKey('c', { email: `${user}@example.com`, user, route: `/${user}` });
  recorder.counter(key('ada'), {}).sink.increment(1);
  recorder.counter(key('bob'), {}).sink.increment(2);
  const text = JSON.stringify(
    readAll(recorder.reader().collect()).map(({ exemplars, labels }) => ({ exemplars, labels })),
    (_, v) => (typeof v === 'bigint' ? String(v) : v),
  );
  expect(text).toContain(spanOf(1).traceId);
  expect(text).not.toMatch(/example\.com|"ada"|"bob"/);
});

test('what was summed into the overflow series by the collector shows its labels', () => {
  const threads = new Threads(2, { cardinality: 2 });
  tracing.active = spanOf(1);
  threads.counter(0, 'c', { user: 'first' }).increment(1);
  threads.counter(1, 'c', { user: 'second' }).increment(2);
  const reads = readAll(threads.reader().collect());
  expect(
    reads.map(({ labels, exemplars }) => [labels, exemplars.map(({ filteredLabels }) => filteredLabels)]),
  ).toEqual([
    [{ user: 'first' }, [[]]],
    [{ 'otel.metric.overflow': true }, [[['user', 'second']]]],
  ]);
});

test('tracing that begins or ends later is followed by series that are there', () => {
  tracing[Symbol.dispose]();
  const recorder = createRecorder({ clock });
  const reader = recorder.reader();
  const installation = setGlobalRecorder(recorder);
  const [c, h] = [counter('late'), histogram('late.h')];
  const record = () => {
    c.increment(2);
    h.record(3);
    const reads = readAll(reader.collect());
    return reads.map((read) => [read.value + read.sum, ...values(read)!]);
  };
  expect(record()).toEqual([[2], [3]]);
  tracing = new Tracing();
  tracing.active = spanOf(1);
  expect(record()).toEqual([
    [4, 2],
    [6, 3],
  ]);
  expect(record()).toEqual([
    [6, 2],
    [9, 3],
  ]);
  tracing[Symbol.dispose]();
  expect(record()).toEqual([[8], [12]]);
  installation.uninstall();
});

test('while no span can be active none is looked for, and the next collection finds out that one can', () => {
  const recorder = createRecorder({ clock });
  const reader = recorder.reader({ temporality: 'delta' });
  const installation = setGlobalRecorder(recorder);
  const handles = [counter('c'), histogram('h')] as const;
  const round = () => {
    tracing.looks = 0;
    for (let i = 0; i < 1_000; i++) {
      handles[0].increment();
      handles[1].record(i);
    }
    const looks = tracing.looks;
    return [
      looks,
      ...readAll(reader.collect()).map((read) => [read.value || read.count, read.exemplars.length]),
    ];
  };
  tracing.active = spanOf(1);
  tracing.begun = false;
  expect(round()).toEqual([0, [1_000, 0], [1_000, 0]]);
  tracing.begun = true;
  expect(round()).toEqual([0, [1_000, 0], [1_000, 0]]);
  expect(round()).toEqual([expect.any(Number), [1_000, 1], [1_000, 20]]);
  expect(tracing.looks).toBeGreaterThan(20);
  expect(tracing.looks).toBeLessThan(200);
  tracing.begun = false;
  round();
  expect(round()).toEqual([0, [1_000, 0], [1_000, 0]]);
  installation.uninstall();
});

test('a counter is asked for the increments that are wanted, and for no others', () => {
  const recorder = createRecorder({ clock });
  const reader = recorder.reader({ temporality: 'delta' });
  const installation = setGlobalRecorder(recorder);
  const [c, { sink }] = [counter('c'), recorder.counter(makeKey('c', {}, { name: 'ostinato' }), {})];
  const increment = jest.spyOn(sink, 'increment');
  tracing.active = spanOf(1);
  for (const round of [1, 2, 3]) {
    c.increment(round);
    for (let i = 0; i < 10_000; i++) c.increment();
    expect(increment.mock.calls[0]).toEqual([round]);
    expect(increment.mock.calls.length).toBeLessThan(100);
    increment.mockClear();
    expect(readAll(reader.collect())).toMatchObject([{ value: 10_000 + round, exemplars: [{}] }]);
  }
  installation.uninstall();
});

test('the exemplars of a thread that has ended arrive, once', () => {
  const threads = new Threads(2);
  const reader = threads.reader('delta');
  tracing.active = spanOf(9);
  threads.counter(1, 'c').increment(4);
  threads.replace(1);
  expect(readAll(reader.collect()).map(({ value, exemplars }) => [value, exemplars[0]?.traceId])).toEqual([
    [4, spanOf(9).traceId],
  ]);
  threads.counter(1, 'c').increment(5);
  expect(values(readAll(reader.collect())[0])).toEqual([5]);
});

test('an exemplar of an earlier incarnation is not taken for one of the next', async () => {
  const threads = new Threads(1, { idleTimeout: 100 });
  const reader = threads.reader();
  const registry = threads.registries[0]!;
  tracing.active = spanOf(1);
  threads.counter(0, 'c', { series: 'a' }).increment(1);
  const late = threads.counter(0, 'c', { series: 'a' });
  readAll(reader.collect());
  await threads.clock.advance(200);
  for (let pass = 0; pass < 4; pass++) {
    readAll(reader.collect());
    registry.answer();
  }
  late.increment(1);
  threads.counter(0, 'c', { series: 'b' });
  const [read] = readAll(reader.collect());
  expect(read).toBeUndefined();
});

test('a revived series showed exemplars of its earlier incarnation, of buckets that were empty again', async () => {
  const threads = new Threads(1, { idleTimeout: 100, buckets: { h: [1] } });
  const [reader, other, delta] = [threads.reader(), threads.reader(), threads.reader('delta')];
  tracing.active = spanOf(1);
  await threads.clock.advance(1);
  threads.histogram(0, 'h').record(5, 1);
  for (let pass = 0; pass < 4; pass++) {
    readAll(other.collect());
    threads.registries[0]!.answer();
    await threads.clock.advance(200);
  }
  threads.histogram(0, 'h').record(0.5, 1);
  await threads.clock.advance(1);
  const [read] = readAll(reader.collect());
  expect([read?.counts, values(read)]).toEqual([[1, 0], [0.5]]);
  // Who sees both as one has both.
  const [sum] = readAll(delta.collect());
  expect([sum?.counts, values(sum)]).toEqual([
    [1, 1],
    [0.5, 5],
  ]);
});

test('an exemplar showed the labels of the series that had its memory next', async () => {
  const threads = new Threads(2, { cardinality: 2, idleTimeout: 100 });
  const reader = threads.reader();
  tracing.active = spanOf(1);
  threads.counter(0, 'c', { user: 'first' }).increment(1);
  const second = threads.counter(1, 'c', { user: 'second' });
  second.increment(2);
  readAll(reader.collect());
  await threads.clock.advance(200);
  readAll(reader.collect());
  // After the verdict, and after the exemplars of the round that takes the slot over.
  const round = threads.collector.scan();
  const { arena } = threads.collector;
  const load = jest.spyOn(Atomics, 'add').mockImplementationOnce((words, at, value) => {
    load.mockRestore();
    expect(at).toBe(EXEMPLAR_ROUND);
    const before = Atomics.add(arena.words, at, Number(value));
    second.increment(3);
    threads.registries[1]!.answer();
    void words;
    return before as never;
  });
  while (!threads.collector.step(round)) {}
  // Its memory is another's before the next collection has found that out.
  const next = threads.collector.scan();
  threads.counter(1, 'c', { user: 'other' });
  while (!threads.collector.step(next)) {}
  const seen = readAll(reader.collect()).flatMap(({ exemplars }) => exemplars);
  expect(seen.flatMap(({ filteredLabels }) => filteredLabels)).not.toContainEqual(['user', 'other']);
});

test('few busy series do not take the room of the others', () => {
  const series = 900;
  const recorder = createRecorder({ clock, random: seededRandom(1) });
  tracing.active = spanOf(1);
  for (let i = 0; i < series; i++) {
    const { sink } = recorder.histogram(makeKey('h', { i }), {});
    for (let n = 0; n < 50; n++) sink.record(n + 1, 1);
  }
  const counts = readAll(recorder.reader().collect()).map(({ exemplars }) => exemplars.length);
  expect(Math.max(...counts)).toBe(20);
  expect(counts.filter((count) => count > 0).length).toBeGreaterThan(MAX_EXEMPLARS / 2);
  expect(counts.reduce((a, b) => a + b)).toBe(MAX_EXEMPLARS);
});

test('a round begins when exemplars were taken: the slots are given out anew', () => {
  const recorder = createRecorder({ clock });
  const reader = recorder.reader();
  tracing.active = spanOf(1);
  const sinks = Array.from({ length: 100 }, (_, i) => recorder.histogram(makeKey('h', { i }), {}).sink);
  let memory = 0;
  for (let round = 0; round < 5; round++) {
    for (const sink of sinks) for (let n = 0; n < 50; n++) sink.record(n, 1);
    const total = readAll(reader.collect()).reduce((sum, { exemplars }) => sum + exemplars.length, 0);
    expect(total).toBe(MAX_EXEMPLARS / 2 + 100 - Math.ceil(MAX_EXEMPLARS / 2 / 20));
    if (round === 0) memory = recorder.memory;
  }
  expect(recorder.memory).toBe(memory);
});

test('many series begin a round step by step, each once', () => {
  const series = 20_000;
  const recorder = createRecorder({ clock, cardinality: { perMetric: 2 * series, total: 2 * series } });
  const reader = recorder.reader();
  tracing.active = spanOf(1);
  const sinks = Array.from({ length: series }, (_, i) => recorder.counter(makeKey('c', { i }), {}).sink);
  for (const sink of sinks) sink.increment(1);
  const rearm = jest.spyOn(SampledCounter.prototype, 'rearm');
  const armed: number[] = [];
  for (const run of reader.collect().chunks(64)) {
    for (const _ of run);
    armed.push(rearm.mock.calls.length);
    rearm.mockClear();
  }
  rearm.mockRestore();
  expect(armed.reduce((a, b) => a + b)).toBe(series);
  expect(Math.max(...armed)).toBeLessThan(series / 4);
  for (const sink of sinks) sink.increment(1);
  const next = readAll(reader.collect()).map(({ exemplars }) => exemplars.length);
  expect(next.reduce((a, b) => a + b)).toBe(MAX_EXEMPLARS);
});

test('an arena without room for exemplars records on', () => {
  const recorder = createRecorder({
    clock,
    maxMemory: 2 ** 20,
    cardinality: { perMetric: 100_000, total: 100_000 },
  });
  const reader = recorder.reader();
  tracing.active = undefined;
  let made = 0;
  while (!caught.warnings.some(({ code }) => code === 'OSTINATO_MEMORY')) {
    recorder.counter(makeKey('c', { i: made++ }), {}).sink.increment(1);
  }
  tracing.active = spanOf(1);
  for (let i = 0; i < 10; i++) recorder.counter(makeKey('c', { i }), {}).sink.increment(1);
  const reads = readAll(reader.collect());
  expect(reads.reduce((sum, { value }) => sum + value, 0)).toBe(made + 10);
  expect(reads.every(({ exemplars }) => exemplars.length === 0)).toBe(true);
});

/** The first word of the first slot of a thread's exemplars. */
function firstSlot({ arena }: Threads['collector']): number {
  let slot = 0;
  for (let slab = arena.firstSlab; slab < arena.slabs; slab++) {
    for (let at = 0; at < arena.published(slab); ) {
      const record = (slab * SLAB_BYTES + at) / 8;
      const { tag, size } = recordHead(arena, record);
      if (tag === EXEMPLARS_RECORD) slot = arena.words[record * 2 + EXEMPLARS_ADDRESS]! * 2;
      at += size;
    }
  }
  return slot;
}

test('an exemplar that is half written is left for the next time', () => {
  const threads = new Threads(1);
  const reader = threads.reader();
  const { words } = threads.collector.arena;
  tracing.active = spanOf(1);
  threads.counter(0, 'c').increment(1);
  const sequence = firstSlot(threads.collector) + EXEMPLAR_SEQUENCE;
  words[sequence]! -= 1;
  expect(values(readAll(reader.collect())[0])).toEqual([]);
  words[sequence]! += 1;
  expect(values(readAll(reader.collect())[0])).toEqual([1]);
});

test('an exemplar that is replaced while it is read is left for the next time', () => {
  const threads = new Threads(1, { random: () => 0.5 });
  const reader = threads.reader();
  const sink = threads.counter(0, 'c');
  tracing.active = spanOf(1);
  sink.increment(1);
  const value = firstSlot(threads.collector) + EXEMPLAR_VALUE;
  const { load } = Atomics;
  const spy = jest.spyOn(Atomics, 'load').mockImplementation(((words: Int32Array, at: number) => {
    const word = load(words, at);
    if (at === value) {
      spy.mockRestore();
      tracing.active = spanOf(2);
      for (let i = 0; i < 10_000; i++) sink.increment(2);
    }
    return word;
  }) as typeof Atomics.load);
  expect(values(readAll(reader.collect())[0])).toEqual([]);
  expect(spy.mock.calls).toEqual([]);
  expect(readAll(reader.collect())[0]?.exemplars).toMatchObject([{ value: 2, traceId: spanOf(2).traceId }]);
});

test('a reader that does not read keeps no more than 10,000, the newest', () => {
  const recorder = createRecorder({ clock, cardinality: { perMetric: 20_000, total: 20_000 } });
  const [idle, busy] = [recorder.reader(), recorder.reader()];
  tracing.active = spanOf(1);
  const rounds = 15;
  for (let i = 0; i < rounds * 1_000; i++) {
    recorder.counter(makeKey('c', { i }), {}).sink.increment(1);
    if (i % 1_000 === 999) readAll(busy.collect());
  }
  const reads = readAll(idle.collect());
  expect(reads.filter(({ exemplars }) => exemplars.length > 0).map(({ labels }) => labels.i)).toEqual(
    Array.from({ length: 10_000 }, (_, i) => i + rounds * 1_000 - 10_000),
  );
});

test('a trace context that throws is reported once, and all is recorded', () => {
  tracing[Symbol.dispose]();
  tracing = new Tracing();
  Object.defineProperty(tracing, 'active', {
    get() {
      throw new Error('no tracer');
    },
  });
  const recorder = createRecorder({ clock });
  const { sink } = recorder.counter(makeKey('c'), {});
  sink.increment(1);
  sink.increment(1);
  expect(readAll(recorder.reader().collect())).toMatchObject([{ value: 2, exemplars: [] }]);
  expect(caught.warnings).toMatchObject([
    { code: 'OSTINATO_TRACE_CONTEXT', text: expect.stringContaining('no tracer') },
  ]);
});
