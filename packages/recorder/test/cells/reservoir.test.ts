import type { Cell, CounterSink, HistogramSink } from '@ostinato/core';
import { createRecorder } from '../../src/recorder.ts';
import { makeKey, readAll } from '../support/series.ts';
import { Threads } from '../support/threads.ts';
import { seededRandom, spanOf, Tracing } from '../support/tracing.ts';

let tracing: Tracing;
beforeEach(() => {
  tracing = new Tracing();
  tracing.active = spanOf(1);
});
afterEach(() => tracing[Symbol.dispose]());

/** Values of the exemplars of one metric after each of `rounds` in which `record` records. */
function* rounds(
  count: number,
  kind: 'counter' | 'histogram',
  buckets: readonly number[] | undefined,
  record: (sink: CounterSink & HistogramSink) => void,
): Generator<readonly number[]> {
  const recorder = createRecorder({ random: seededRandom(7), maxMemory: 2 ** 20 });
  const reader = recorder.reader({ temporality: 'delta' });
  const meta = buckets === undefined ? {} : { buckets };
  const { sink } = recorder[kind](makeKey('m'), meta) as Cell<CounterSink & HistogramSink>;
  for (let round = 0; round < count; round++) {
    record(sink);
    yield readAll(reader.collect())[0]!.exemplars.map(({ value }) => value);
  }
}

/** How far `hits` may be from what is expected of `trials` with this probability: six standard deviations. */
function expectHits(hits: number, trials: number, probability: number): void {
  const deviation = Math.sqrt(trials * probability * (1 - probability));
  expect(Math.abs(hits - trials * probability)).toBeLessThan(6 * deviation);
}

test('of a counter one increment is kept, each with the same probability', () => {
  const samples = 40;
  const hits = new Array<number>(samples).fill(0);
  const trials = 4_000;
  for (const values of rounds(trials, 'counter', undefined, (sink) => {
    for (let i = 0; i < samples; i++) sink.increment(i + 1);
  })) {
    expect(values).toHaveLength(1);
    hits[values[0]! - 1]! += 1;
  }
  for (const hit of hits) expectHits(hit, trials, 1 / samples);
});

test('of an exponential histogram 20 samples are kept, each with the same probability', () => {
  const samples = 60;
  const hits = new Array<number>(samples).fill(0);
  const trials = 1_000;
  for (const values of rounds(trials, 'histogram', undefined, (sink) => {
    for (let i = 0; i < samples; i++) sink.record(i, 1);
  })) {
    expect(values).toHaveLength(20);
    for (const value of values) hits[value]! += 1;
  }
  for (const hit of hits) expectHits(hit, trials, 20 / samples);
});

test('of explicit buckets each keeps one of its samples, each with the same probability', () => {
  const trials = 2_000;
  const hits = new Map<number, number>();
  for (const values of rounds(trials, 'histogram', [10, 20], (sink) => {
    for (let value = 1; value <= 25; value++) sink.record(value, 1);
  })) {
    expect(values.map((value) => (value <= 10 ? 0 : value <= 20 ? 1 : 2)).sort()).toEqual([0, 1, 2]);
    for (const value of values) hits.set(value, (hits.get(value) ?? 0) + 1);
  }
  for (let value = 1; value <= 25; value++)
    expectHits(hits.get(value)!, trials, value <= 20 ? 1 / 10 : 1 / 5);
});

test('many samples of one value count as many', () => {
  const trials = 500;
  let hits = 0;
  for (const values of rounds(trials, 'histogram', [], (sink) => {
    sink.record(1, 1);
    sink.record(2, 9);
    sink.record(3, 10);
  })) {
    if (values[0] === 3) hits++;
  }
  // The batch of ten is tried for once, not ten times: at least as a single sample would be, at most as ten.
  expect(hits / trials).toBeGreaterThan(1 / 3);
  expect(hits / trials).toBeLessThan(1);
});

test('so many samples at once that no countdown is as long', () => {
  for (const values of rounds(3, 'histogram', undefined, (sink) => {
    for (let i = 0; i < 30; i++) sink.record(i, i < 20 ? 1 : 2 ** 40);
  })) {
    expect(values).toHaveLength(20);
    expect(values.some((value) => value >= 20)).toBe(true);
  }
});

test('fewer samples than there is room for are all kept', () => {
  for (const values of rounds(3, 'histogram', undefined, (sink) => {
    for (let i = 0; i < 19; i++) sink.record(i, 1);
  })) {
    expect([...values].sort((a, b) => a - b)).toEqual(Array.from({ length: 19 }, (_, i) => i));
  }
});

test('the span is looked for at few samples, whether there is one or not', () => {
  const count = () => {
    tracing.looks = 0;
    for (const _ of rounds(1, 'counter', undefined, (sink) => {
      for (let i = 0; i < 100_000; i++) sink.increment(1);
    }))
      break;
    return tracing.looks;
  };
  const withSpan = count();
  tracing.active = undefined;
  const recorder = createRecorder();
  tracing.looks = 0;
  const { sink } = recorder.counter(makeKey('c'), {});
  for (let i = 0; i < 100_000; i++) sink.increment(1);
  expect(withSpan).toBeLessThan(100);
  expect(tracing.looks).toBeLessThan(100_000 / 15);
});

test('a sample in a span is found among others without one', () => {
  const recorder = createRecorder();
  const reader = recorder.reader();
  const { sink } = recorder.counter(makeKey('c'), {});
  tracing.active = undefined;
  for (let i = 0; i < 1_000; i++) sink.increment(1);
  tracing.active = spanOf(5);
  for (let i = 0; i < 16; i++) sink.increment(2);
  tracing.active = undefined;
  for (let i = 0; i < 1_000; i++) sink.increment(1);
  const [read] = readAll(reader.collect());
  expect(read?.exemplars).toMatchObject([{ value: 2, traceId: spanOf(5).traceId }]);
});

test('a thread that is too busy to be told of a round finds out, all its series at once', () => {
  const threads = new Threads(1, { maxMemory: 2 ** 20, random: seededRandom(3) });
  const reader = threads.reader('delta');
  const [busy, quiet] = [threads.histogram(0, 'busy'), threads.counter(0, 'quiet')];
  // Nothing is ever answered: only records tell.
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 10_000; i++) busy.record(1, 1);
    quiet.increment(1);
    const found = readAll(reader.collect()).map(({ name, exemplars }) => [name, exemplars.length]);
    expect(found).toEqual([
      ['busy', 20],
      ['quiet', 1],
    ]);
  }
});
