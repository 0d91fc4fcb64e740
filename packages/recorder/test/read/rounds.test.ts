import { recordCount } from '../../src/read/merge.ts';
import { Pace, Rounds } from '../../src/read/rounds.ts';
import { readAll } from '../support/series.ts';
import { Threads } from '../support/threads.ts';

const SERIES = 5_000;
/** What one step may do to series: some of a hundredth. */
const MOST = SERIES / 20;
const MINUTE = 60_000;
const LARGE = { cardinality: { perMetric: 2 * SERIES, total: 2 * SERIES } };

function fill(threads: Threads, thread = 0): void {
  for (let i = 0; i < SERIES; i++) threads.counter(thread, 'c', { i }).increment(1);
}

/** By how much `measure` changes in each run of a collection, and in `collect()` itself. */
function changes(threads: Threads, measure: () => number): number[] {
  const all: number[] = [];
  let last = measure();
  const note = () => {
    all.push(Math.abs(measure() - last));
    last = measure();
  };
  const snapshot = threads.reader().collect();
  note();
  for (const run of snapshot.chunks(64)) {
    for (const _ of run) {
      // Reads it.
    }
    note();
  }
  return all;
}

test('a burst of new series is taken in step by step', () => {
  const threads = new Threads(1, LARGE);
  fill(threads);
  const taken = changes(threads, () => threads.collector.seriesCount);
  expect(taken.reduce((a, b) => a + b)).toBe(SERIES);
  expect(Math.max(...taken)).toBeLessThan(MOST);
});

test('what the dead left is taken over step by step', () => {
  const threads = new Threads(2, LARGE);
  fill(threads, 1);
  readAll(threads.reader().collect());
  const { series } = threads.collector.scopes[0]!.metrics[0]!;
  threads.replace(1);
  const retired = changes(threads, () => series.filter(({ records }) => recordCount(records) === 0).length);
  expect(retired.reduce((a, b) => a + b)).toBe(SERIES);
  expect(Math.max(...retired)).toBeLessThan(MOST);
  expect(readAll(threads.reader().collect()).length).toBe(SERIES);
});

test('series that become idle at once leave step by step', () => {
  const threads = new Threads(1, { ...LARGE, idleTimeout: MINUTE });
  fill(threads);
  readAll(threads.reader().collect());
  threads.clock.jump(MINUTE);
  const { metrics } = threads.collector.scopes[0]!;
  const asked = changes(threads, () => metrics[0]!.places);
  expect(Math.max(...asked)).toBeLessThan(MOST);
  // Their owner answers when it next turns its loop.
  while (!threads.registries[0]!.answer()) {}
  const left = changes(threads, () => metrics[0]!.places);
  expect(left.reduce((a, b) => a + b)).toBe(SERIES);
  expect(Math.max(...left)).toBeLessThan(MOST);
});

test('two readers that take turns step by step each see all that there was when they collected', () => {
  const threads = new Threads(1, LARGE);
  const readers = [threads.reader(), threads.reader('delta')];
  fill(threads);
  const first = readers[0]!.collect();
  const steps = first.chunks(64)[Symbol.iterator]();
  [...(steps.next().value ?? [])];
  for (let i = 0; i < 100; i++) threads.counter(0, 'later', { i }).increment(1);
  expect(readAll(readers[1]!.collect()).length).toBe(SERIES + 100);
  let seen = 0;
  for (let step = steps.next(); !step.done; step = steps.next()) for (const _ of step.value) seen++;
  expect(seen).toBe(SERIES);
  expect(readAll(readers[0]!.collect()).length).toBe(SERIES + 100);
});

test('a collection that nobody reads leaves what is to be done to the next one', () => {
  const threads = new Threads(1, LARGE);
  fill(threads);
  const reader = threads.reader('delta');
  reader.collect();
  reader.collect();
  expect(readAll(reader.collect()).length).toBe(SERIES);
  expect(readAll(reader.collect()).length).toBe(0);
});

test('who asks while a round is under way waits for the next one', () => {
  const begun: string[] = [];
  const rounds = new Rounds(function* () {
    begun.push('round');
    yield;
  });
  const first = rounds.ask();
  expect(rounds.step(first)).toBe(false);
  const second = rounds.ask();
  expect(rounds.step(first)).toBe(true);
  expect(begun).toEqual(['round']);
  expect(rounds.step(second)).toBe(false);
  expect(rounds.step(second)).toBe(true);
  expect(rounds.step(first)).toBe(true);
  expect(begun).toEqual(['round', 'round']);
});

test('a step from within a step sees what there is so far', () => {
  const inner: boolean[] = [];
  const rounds: Rounds = new Rounds(function* () {
    inner.push(rounds.step(rounds.ask()));
    yield;
  });
  const round = rounds.ask();
  while (!rounds.step(round)) {}
  expect(inner).toEqual([true]);
});

test('a round that fails is over, and the next one begins anew', () => {
  let fails = true;
  const rounds = new Rounds(function* () {
    yield;
    if (fails) throw new Error('fails');
  });
  const failing = rounds.ask();
  rounds.step(failing);
  expect(() => rounds.step(failing)).toThrow('fails');
  fails = false;
  const round = rounds.ask();
  while (!rounds.step(round)) {}
  expect(rounds.step(failing)).toBe(true);
});

test('a pace tells when a step is over, and begins the next one', () => {
  const pace = new Pace();
  const overs = Array.from({ length: 100 }, () => pace.spent(64)).flatMap((over, i) => (over ? [i] : []));
  expect(overs).toEqual([31, 63, 95]);
});
