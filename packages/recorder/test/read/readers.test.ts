import type { Meta } from '@ostinato/core';
import { ManualClock } from '@ostinato/testing';
import type { ReaderTemporality } from '../../src/options.ts';
import { createRecorder } from '../../src/recorder.ts';
import { catchWarnings, makeKey, readAll, readSome } from '../support/series.ts';

const START = 1_767_225_600_000_000_000n;
const SECOND = 1_000_000_000n;

function setUp(temporality?: ReaderTemporality) {
  const clock = new ManualClock();
  const recorder = createRecorder({ clock });
  const reader = recorder.reader(temporality === undefined ? {} : { temporality });
  const counter = (name: string, labels = {}) => recorder.counter(makeKey(name, labels), {}).sink;
  const gauge = (name: string) => recorder.gauge(makeKey(name), {}).sink;
  const histogram = (name: string, meta: Meta = {}) => recorder.histogram(makeKey(name), meta).sink;
  return { clock, recorder, reader, counter, gauge, histogram };
}

describe('a cumulative reader', () => {
  test('shows every series at each collection, from its beginning to now', async () => {
    const { clock, reader, counter } = setUp();
    counter('early').increment(1);
    await clock.advance(2000);
    counter('late').increment(5);
    await clock.advance(1000);
    for (const seconds of [3n, 13n]) {
      const snapshot = reader.collect();
      expect(snapshot.time).toBe(START + seconds * SECOND);
      expect(readAll(snapshot)).toMatchObject([
        { name: 'early', value: 1, start: START, temporality: 'cumulative' },
        { name: 'late', value: 5, start: START + 2n * SECOND },
      ]);
      await clock.advance(10_000);
    }
  });

  test('is the default', () => {
    const { recorder } = setUp();
    expect(recorder.reader().collect().temporality).toBe('cumulative');
  });

  test('shows lifetime minimum and maximum', () => {
    const { reader, histogram } = setUp();
    for (const value of [3, 1, 2]) histogram('h').record(value, 1);
    expect(readAll(reader.collect())).toMatchObject([{ min: 1, max: 3 }]);
    histogram('h').record(2, 1);
    expect(readAll(reader.collect())).toMatchObject([{ min: 1, max: 3 }]);
  });
});

describe('a delta reader', () => {
  test('shows what is new, from its previous collection to now, and nothing of what did not change', async () => {
    const { clock, reader, counter, histogram } = setUp('delta');
    counter('a').increment(3);
    counter('b').increment(1);
    for (const value of [1, 5]) histogram('h').record(value, 1);
    await clock.advance(1000);
    expect(readAll(reader.collect())).toMatchObject([
      { name: 'a', value: 3, start: START, temporality: 'delta' },
      { name: 'b', value: 1, start: START },
      { name: 'h', count: 2, sum: 6, start: START, min: Number.NaN, max: Number.NaN },
    ]);
    await clock.advance(1000);
    counter('b').increment(7);
    expect(readAll(reader.collect())).toMatchObject([{ name: 'b', value: 7, start: START + SECOND }]);
    await clock.advance(1000);
    counter('a').increment(2);
    histogram('h').record(100, 1);
    expect(readAll(reader.collect())).toMatchObject([
      { name: 'a', value: 2, start: START + 2n * SECOND },
      { name: 'h', count: 1, sum: 100, start: START + 2n * SECOND },
    ]);
    expect(readAll(reader.collect())).toEqual([]);
  });

  test('shows a gauge when it was written, even if its value is the same', () => {
    const { reader, gauge } = setUp('delta');
    gauge('g').set(5);
    expect(readAll(reader.collect())).toMatchObject([{ value: 5 }]);
    expect(readAll(reader.collect())).toEqual([]);
    gauge('g').set(5);
    expect(readAll(reader.collect())).toMatchObject([{ value: 5 }]);
    gauge('g').add(0);
    expect(readAll(reader.collect())).toMatchObject([{ value: 5 }]);
  });

  test('shows a new histogram at a lower scale and in a larger window as what was added', () => {
    const { reader, histogram } = setUp('delta');
    const sink = histogram('h');
    for (const value of [1, 1.001, 1.01]) sink.record(value, 1);
    expect(readAll(reader.collect())).toMatchObject([{ count: 3, scale: 12 }]);
    for (const value of [0, 1e-5, 1, 1e7]) sink.record(value, 2);
    const [delta] = readAll(reader.collect());
    expect(delta).toMatchObject({ count: 8, zeroCount: 2, sum: 2 * (1e-5 + 1 + 1e7) });
    expect(delta!.counts.filter((count) => count !== 0)).toEqual([2, 2, 2]);
    expect([delta!.counts[0], delta!.counts.at(-1)]).toEqual([2, 2]);
    sink.record(1, 1);
    expect(readAll(reader.collect())).toMatchObject([{ count: 1, counts: [1], zeroCount: 0, sum: 1 }]);
    sink.record(0, 1);
    expect(readAll(reader.collect())).toMatchObject([{ count: 1, counts: [], zeroCount: 1, sum: 0 }]);
  });

  test('shows the highest value of an absolute counter as what it grew', () => {
    const { reader, counter } = setUp('delta');
    counter('c').absolute(10);
    expect(readAll(reader.collect())).toMatchObject([{ value: 10 }]);
    counter('c').absolute(15);
    counter('c').absolute(12);
    expect(readAll(reader.collect())).toMatchObject([{ value: 5, temporality: 'delta' }]);
  });

  test('reads a histogram once more after its writes were seen: a bucket may become visible later than the count of writes', () => {
    const { recorder, reader } = setUp('delta');
    const cell = recorder.histogram(makeKey('h'), { buckets: [1] });
    const slots = cell.slots!;
    cell.sink.record(0.5, 1);
    readAll(reader.collect());
    // Another thread's record, of which the write counter is seen first.
    slots[cell.index] = slots[cell.index]! + 1;
    expect(readAll(reader.collect())).toEqual([]);
    slots[cell.index + 4] = slots[cell.index + 4]! + 1;
    expect(readAll(reader.collect())).toMatchObject([{ count: 1 }]);
    expect(readAll(reader.collect())).toEqual([]);
  });

  test('never gives two points of a series the same time, nor one that ends where it starts', () => {
    const { reader, counter } = setUp('delta');
    let previous = START;
    for (let i = 0; i < 3; i++) {
      counter('c').increment(1);
      const snapshot = reader.collect();
      const [point] = readAll(snapshot);
      expect(point!.start).toBe(previous);
      expect(snapshot.time).toBeGreaterThan(previous);
      previous = snapshot.time;
    }
  });
});

describe('a lowmemory reader', () => {
  test('is delta, but for counters that are set, which are shown after those that are incremented', () => {
    const { reader, counter, histogram } = setUp('lowmemory');
    counter('c', { i: 1 }).absolute(10);
    counter('c', { i: 2 }).increment(1);
    counter('c', { i: 3 }).absolute(30);
    counter('c', { i: 4 }).increment(2);
    histogram('h').record(1, 1);
    const shown = () =>
      readAll(reader.collect()).map(({ labels, value, temporality }) => [labels.i, value, temporality]);
    expect(shown()).toEqual([
      [2, 1, 'delta'],
      [4, 2, 'delta'],
      [1, 10, 'cumulative'],
      [3, 30, 'cumulative'],
      [undefined, 0, 'delta'],
    ]);
    counter('c', { i: 4 }).increment(5);
    expect(shown()).toEqual([
      [4, 5, 'delta'],
      [1, 10, 'cumulative'],
      [3, 30, 'cumulative'],
    ]);
  });
});

describe('a snapshot', () => {
  test('is grouped by scope and metric, in order of arrival, with one metric object for all its series', () => {
    const { recorder, reader } = setUp();
    const scopes = [{ name: 'b', version: '1' }, { name: 'a' }, { name: 'b', version: '2' }];
    for (const i of [1, 2]) {
      for (const scope of scopes) {
        recorder.counter(makeKey('y', { i }, scope), {}).sink.increment(1);
        recorder.gauge(makeKey('x', { i }, scope), {}).sink.set(1);
      }
    }
    const snapshot = reader.collect();
    expect(snapshot.scopes.map(({ scope }) => scope)).toEqual(scopes);
    const metrics = [];
    for (const run of snapshot.chunks(100)) for (const { metric } of run) metrics.push(metric);
    expect(metrics.map(({ scope, name }) => scope.name + name)).toEqual([
      'by',
      'by',
      'bx',
      'bx',
      'ay',
      'ay',
      'ax',
      'ax',
      'by',
      'by',
      'bx',
      'bx',
    ]);
    for (let i = 0; i < metrics.length; i += 2) expect(metrics[i]).toBe(metrics[i + 1]);
    expect(metrics[0]!.scope).toBe(snapshot.scopes[0]!.scope);
  });

  test('is read in runs of at most the size that was asked for', () => {
    const { reader, counter } = setUp();
    for (let i = 0; i < 10; i++) counter('c', { i }).increment(i);
    const runs: number[][] = [];
    for (const run of reader.collect().chunks(4)) {
      const values: number[] = [];
      for (const { value } of run) values.push(value);
      runs.push(values);
    }
    expect(runs).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ]);
  });

  test('ends a run early when many series in a row have nothing to say', () => {
    const { reader, counter } = setUp('delta');
    for (let i = 0; i < 1000; i++) counter('c', { i }).increment(1);
    readAll(reader.collect());
    counter('c', { i: 999 }).increment(1);
    let runs = 0;
    let series = 0;
    for (const run of reader.collect().chunks(1)) {
      runs++;
      for (const _ of run) series++;
    }
    expect(series).toBe(1);
    expect(runs).toBeGreaterThan(10);
  });

  test.each([0, -1, Number.NaN])('takes a run size of %p as one', (size) => {
    const { reader, counter } = setUp();
    for (let i = 0; i < 3; i++) counter('c', { i }).increment(1);
    const lengths: number[] = [];
    for (const run of reader.collect().chunks(size)) lengths.push([...run].length);
    expect(lengths).toEqual([1, 1, 1]);
  });

  test('ends when a run is passed over: it can only be read in order', () => {
    const { reader, counter } = setUp();
    for (let i = 0; i < 3; i++) counter('c', { i }).increment(1);
    expect([...reader.collect().chunks(1)].length).toBe(1);
    expect(readAll(reader.collect()).length).toBe(3);
  });

  test('is walked once: another walk goes on where the last one stopped, by scope or altogether', () => {
    const { recorder, reader } = setUp();
    for (const name of ['a', 'b']) {
      for (const i of [1, 2, 3]) recorder.counter(makeKey('c', { i }, { name }), {}).sink.increment(i);
    }
    const snapshot = reader.collect();
    const ids = (reads: ReturnType<typeof readAll>) => reads.map(({ scope, value }) => scope + value);
    expect(ids(readSome(snapshot, 2))).toEqual(['a1', 'a2']);
    expect(ids(readSome(snapshot.scopes[1]!, 1))).toEqual(['b1']);
    expect(ids(readAll(snapshot.scopes[0]!))).toEqual(['a3']);
    expect(ids(readAll(snapshot))).toEqual(['b2', 'b3']);
    expect(ids(readAll(snapshot))).toEqual([]);
  });

  test('leaves out series that came after the collection', () => {
    const { recorder, reader, counter } = setUp();
    counter('c', { i: 1 }).increment(1);
    const snapshot = reader.collect();
    counter('c', { i: 2 }).increment(1);
    counter('d').increment(1);
    recorder.reader().collect();
    expect(readAll(snapshot).length).toBe(1);
    expect(readAll(reader.collect()).length).toBe(3);
  });

  test('gives the same key object for a series each time, and one start object for equal starts', () => {
    const { recorder, reader, counter } = setUp();
    counter('c', { i: 1 }).increment(1);
    counter('c', { i: 2 }).increment(1);
    const [first, second] = readAll(reader.collect());
    expect(readAll(recorder.reader({ temporality: 'delta' }).collect())[0]!.key).toBe(first!.key);
    expect(Object.is(first!.start, second!.start)).toBe(true);
    expect(Object.isFrozen(first!.key.labels[0])).toBe(true);
  });

  test('what was not read is part of the next one, from the start that it had', async () => {
    const { clock, reader, counter } = setUp('delta');
    const record = () => {
      for (const i of [1, 2, 3]) counter('c', { i }).increment(i);
    };
    record();
    await clock.advance(1000);
    const half = readSome(reader.collect(), 2);
    expect(half.map(({ value, start }) => [value, start])).toEqual([
      [1, START],
      [2, START],
    ]);
    record();
    await clock.advance(1000);
    expect(readAll(reader.collect()).map(({ value, start }) => [value, start])).toEqual([
      [1, START + SECOND],
      [2, START + SECOND],
      [6, START],
    ]);
  });

  test('ends when its reader collects again', () => {
    const { recorder, counter } = setUp();
    const delta = recorder.reader({ temporality: 'delta' });
    for (const i of [1, 2, 3]) counter('c', { i }).increment(1);
    const first = delta.collect();
    const runs = first.chunks(2)[Symbol.iterator]();
    const run = runs.next().value[Symbol.iterator]();
    expect(run.next().value.value).toBe(1);
    const second = delta.collect();
    expect(run.next().done).toBe(true);
    expect(runs.next().done).toBe(true);
    expect(readAll(first)).toEqual([]);
    expect(readAll(second).length).toBe(2);
  });

  test('learns what is said of a metric later', () => {
    const { recorder, reader, counter } = setUp();
    counter('c').increment(1);
    expect(readAll(reader.collect())).toMatchObject([{ unit: '', description: '' }]);
    recorder.describe('counter', { name: 'test' }, 'c', { unit: 'By' });
    recorder.describe('counter', { name: 'test' }, 'c', { unit: 's', description: 'Sent.' });
    expect(readAll(reader.collect())).toMatchObject([{ unit: 'By', description: 'Sent.' }]);
  });

  test('leaves out what was only asked for', () => {
    const { recorder, reader } = setUp();
    recorder.counter(makeKey('c'), {});
    recorder.gauge(makeKey('g'), {});
    recorder.histogram(makeKey('e'), { buckets: [1] });
    recorder.histogram(makeKey('h'), {});
    expect(readAll(reader.collect())).toEqual([]);
  });
});

test('readers are independent of each other', () => {
  const { recorder, counter } = setUp();
  const readers = (['delta', 'delta', 'cumulative', 'lowmemory'] as const).map((temporality) => {
    return recorder.reader({ temporality });
  });
  const values = () => readers.map((reader) => readAll(reader.collect()).map(({ value }) => value));
  counter('c').increment(1);
  readAll(readers[0]!.collect());
  counter('c').increment(2);
  expect(values()).toEqual([[2], [3], [3], [3]]);
});

test("a reader's first collection has all that was recorded before it was made", () => {
  const { recorder, counter } = setUp();
  counter('c').increment(4);
  expect(readAll(recorder.reader({ temporality: 'delta' }).collect())).toMatchObject([
    { value: 4, start: START },
  ]);
});

test('times do not go back when the clock does', () => {
  let now = 5000n;
  const recorder = createRecorder({ clock: { now: () => 0, epochNanos: () => now } });
  const reader = recorder.reader();
  const { sink } = recorder.counter(makeKey('c'), {});
  sink.increment(1);
  const first = reader.collect().time;
  now = 1n;
  recorder.counter(makeKey('d'), {}).sink.increment(1);
  const second = reader.collect();
  expect(second.time).toBeGreaterThan(first);
  expect(readAll(second).map(({ start }) => start)).toEqual([5000n, first]);
});

test('a sum that leaves the doubles is shown as the largest one, and deltas stay numbers', () => {
  const { warnings, stop } = catchWarnings();
  const { recorder, counter, gauge, histogram } = setUp();
  const delta = recorder.reader({ temporality: 'delta' });
  for (let i = 0; i < 2; i++) {
    for (let j = 0; j < 2; j++) {
      counter('c').increment(Number.MAX_VALUE);
      gauge('g').add(-Number.MAX_VALUE);
      histogram('h').record(Number.MAX_VALUE, 3);
    }
    for (const read of [...readAll(delta.collect()), ...readAll(recorder.reader().collect())]) {
      expect([read.value, read.sum].every(Number.isFinite)).toBe(true);
    }
  }
  expect(warnings).toEqual([]);
  stop();
});
