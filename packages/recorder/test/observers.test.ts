import {
  type Cell,
  counter,
  type GaugeSink,
  gauge,
  type Installation,
  type Key,
  type Meta,
  type Observation,
  observeCounter,
  observeGauge,
  REVOKED,
  type Recorder,
  rebind,
  setGlobalRecorder,
} from '@ostinato/core';
import { ManualClock } from '@ostinato/testing';
import { Observers } from '../src/observers.ts';
import type { RecorderOptions } from '../src/options.ts';
import { type AtomicRecorder, createRecorder } from '../src/recorder.ts';
import { catchWarnings, makeKey, readAll } from './support/series.ts';

const START = 1_767_225_600_000_000_000n;
const SECOND = 1_000_000_000n;

let caught: ReturnType<typeof catchWarnings>;
let clock: ManualClock;
let recorder: AtomicRecorder;
let installation: Installation | undefined;
const observations: Observation[] = [];
beforeEach(() => {
  caught = catchWarnings();
  setUp();
});
afterEach(() => {
  for (const observation of observations.splice(0)) observation.stop();
  installation?.uninstall();
  caught.stop();
});

function setUp(options: RecorderOptions = {}): void {
  installation?.uninstall();
  clock = new ManualClock();
  recorder = createRecorder({ clock, maxMemory: 8 * 1024 * 1024, ...options });
  installation = setGlobalRecorder(recorder);
}

function kept(observation: Observation): Observation {
  observations.push(observation);
  return observation;
}

/** What a reader finds, without its labels. */
const values = (reader: { collect(): Parameters<typeof readAll>[0] }) =>
  readAll(reader.collect()).map(({ name, value }) => [name, value]);

describe('a cumulative reader', () => {
  test('has observed values as they are at each collection, from when they were observed', async () => {
    const reader = recorder.reader();
    let total = 100;
    kept(observeCounter('total', { a: 1 }, () => total));
    await clock.advance(2000);
    kept(observeGauge('depth', () => -total));
    await clock.advance(1000);
    expect(readAll(reader.collect())).toMatchObject([
      { name: 'total', labels: { a: 1 }, value: 100, start: START, temporality: 'cumulative' },
      { name: 'depth', value: -100, start: START + 2n * SECOND },
    ]);
    total = 130;
    expect(values(reader)).toEqual([
      ['total', 130],
      ['depth', -130],
    ]);
  });

  test('keeps the highest total and the last value when there is none', () => {
    const reader = recorder.reader();
    let now = 0;
    kept(observeCounter('total', () => now));
    kept(observeGauge('depth', () => now));
    const seen = [5, 3, Number.NaN, -1, 7].map((value) => {
      now = value;
      const [[, total], [, depth]] = values(reader) as [string, number][] as [
        [string, number],
        [string, number],
      ];
      return [total, depth];
    });
    expect(seen).toEqual([
      [5, 5],
      [5, 3],
      [5, 3],
      [5, -1],
      [7, 7],
    ]);
    expect(recorder.refusals()).toEqual({ not_a_number: 2, negative: 1 });
  });

  test('keeps the series of one that was stopped', () => {
    const reader = recorder.reader();
    let calls = 0;
    const observation = kept(observeGauge('depth', () => ++calls));
    values(reader);
    observation.stop();
    expect([values(reader), values(reader)]).toEqual([[['depth', 1]], [['depth', 1]]]);
  });
});

test('a delta reader has what a total grew by, and the gauges that were read', () => {
  const reader = recorder.reader({ temporality: 'delta' });
  let value: number | undefined = 10;
  kept(observeCounter('total', () => value as number));
  kept(observeGauge('depth', () => value as number));
  const seen = [10, 10, 16, undefined, 20].map((next) => {
    value = next;
    return values(reader);
  });
  expect(seen).toEqual([
    [
      ['total', 10],
      ['depth', 10],
    ],
    [['depth', 10]],
    [
      ['total', 6],
      ['depth', 16],
    ],
    [],
    [
      ['total', 4],
      ['depth', 20],
    ],
  ]);
});

test('a lowmemory reader has observed totals cumulative', () => {
  const reader = recorder.reader({ temporality: 'lowmemory' });
  let total = 10;
  kept(observeCounter('total', () => total));
  values(reader);
  total = 15;
  expect(readAll(reader.collect())).toMatchObject([{ value: 15, temporality: 'cumulative' }]);
});

test('each collection of each reader reads each callback once, whatever is then walked', () => {
  const readers = [recorder.reader(), recorder.reader({ temporality: 'delta' })];
  let calls = 0;
  kept(observeCounter('calls', () => ++calls));
  for (const reader of readers) reader.collect();
  expect(calls).toBe(2);
  const [cumulative, delta] = readers.map((reader) => reader.collect());
  expect(calls).toBe(4);
  expect(readAll(delta!)).toMatchObject([{ value: 4 }]);
  expect(readAll(cumulative!)).toMatchObject([{ value: 4 }]);
});

test('limits hold: what is beyond them goes to the overflow series', () => {
  setUp({ cardinality: 3 });
  for (let i = 1; i <= 5; i++) kept(observeGauge('many', { i }, () => i));
  const all = readAll(recorder.reader().collect());
  expect(all).toHaveLength(3);
  expect(all.map(({ labels }) => labels)).toContainEqual({ 'otel.metric.overflow': true });
});

test('a handle and an observer of one gauge write to one series; a counter keeps the mode it got first', () => {
  const reader = recorder.reader();
  const incremented = counter('both');
  incremented.increment(3);
  kept(observeCounter('both', () => 100));
  kept(observeGauge('depth', () => 5));
  gauge('depth').set(1);
  expect(values(reader)).toEqual([
    ['both', 3],
    ['depth', 5],
  ]);
  expect(recorder.refusals()).toEqual({ mode: 1 });
});

test('one metric of two kinds: the observer of the second is refused, the rest is read', () => {
  counter('taken').increment();
  kept(observeGauge('taken', () => 1));
  kept(observeGauge('free', () => 2));
  expect(values(recorder.reader())).toEqual([
    ['taken', 1],
    ['free', 2],
  ]);
  expect(recorder.refusals()).toEqual({ kind: 1 });
});

test('thousands are all read, in one go', () => {
  setUp({ cardinality: 10_000 });
  for (let i = 0; i < 5000; i++) kept(observeGauge('many', { i }, () => i));
  const all = readAll(recorder.reader().collect());
  expect(all).toHaveLength(5000);
  for (const { labels, value } of all) expect(value).toBe(labels.i);
});

describe('a callback may', () => {
  test('collect, with this reader or another, which reads no callback again', () => {
    const [reader, other] = [recorder.reader(), recorder.reader()];
    let calls = 0;
    const inner: unknown[] = [];
    kept(observeGauge('before', () => 1));
    kept(
      observeGauge('collecting', () => {
        inner.push(values(reader), values(other));
        return ++calls;
      }),
    );
    kept(observeGauge('after', () => 3));
    expect(values(reader)).toEqual([
      ['before', 1],
      ['collecting', 1],
      ['after', 3],
    ]);
    expect(inner).toEqual([[['before', 1]], [['before', 1]]]);
    expect(calls).toBe(1);
  });

  test('end itself and others, which then are not called', () => {
    let calls = 0;
    kept(
      observeGauge('first', () => {
        for (const observation of observations) observation.stop();
        return 1;
      }),
    );
    kept(observeGauge('second', () => ++calls));
    const reader = recorder.reader();
    expect([values(reader), values(reader)]).toEqual([[['first', 1]], [['first', 1]]]);
    expect(calls).toBe(0);
  });

  test('observe the same again at each call: one is added a collection', () => {
    let calls = 0;
    const read = () => {
      kept(observeGauge('endless', read));
      return ++calls;
    };
    kept(observeGauge('endless', read));
    const reader = recorder.reader();
    const seen = [1, 2, 3].map(() => {
      values(reader);
      return calls;
    });
    expect(seen).toEqual([1, 3, 7]);
  });

  test('take out the recorder', () => {
    kept(
      observeGauge('last', () => {
        installation?.uninstall();
        return 1;
      }),
    );
    const reader = recorder.reader();
    expect([values(reader), values(reader)]).toEqual([[['last', 1]], [['last', 1]]]);
  });

  test('record', () => {
    const reader = recorder.reader();
    kept(
      observeGauge('depth', () => {
        counter('reads').increment();
        return 1;
      }),
    );
    values(reader);
    expect(values(reader)).toContainEqual(['reads', 2]);
  });
});

test('a slow callback is found out by the clock of the recorder, and rests', () => {
  const reader = recorder.reader();
  let calls = 0;
  kept(
    observeGauge('slow', () => {
      clock.jump(101);
      return ++calls;
    }),
  );
  values(reader);
  expect(values(reader)).toEqual([['slow', 1]]);
  clock.jump(1010);
  expect(values(reader)).toEqual([['slow', 2]]);
  expect(caught.warnings.map(({ code }) => code)).toEqual(['OSTINATO_SLOW_CALLBACK']);
});

test('a callback that throws past the facade does not keep the next collection from reading', () => {
  let calls = 0;
  recorder.observe('gauge', makeKey('raw'), {}, () => {
    if (calls++ === 0) throw new Error('raw');
    return calls;
  });
  const reader = recorder.reader();
  expect(() => reader.collect()).toThrow('raw');
  expect(values(reader)).toEqual([['raw', 2]]);
});

test('observers that were stopped leave nothing behind', () => {
  const reader = recorder.reader();
  const memory = () => {
    for (let i = 0; i < 1000; i++) observeGauge('again', { i: i % 10 }, () => i).stop();
    values(reader);
    return recorder.memory;
  };
  const first = memory();
  for (let round = 0; round < 20; round++) expect(memory()).toBe(first);
});

describe('the cell of a series', () => {
  test('is asked for anew when handles have to ask again, and when it was revoked', () => {
    const asked: Cell<GaugeSink>[] = [];
    const fake = {
      gauge(key: Key, meta: Meta) {
        const cell = { ...recorder.gauge(key, meta) };
        asked.push(cell);
        return cell;
      },
    };
    const observers = new Observers(fake as unknown as Recorder);
    observers.add('gauge', makeKey('g'), {}, () => 1);
    const asks = () => {
      observers.read();
      return asked.length;
    };
    expect([asks(), asks()]).toEqual([1, 1]);
    rebind();
    expect([asks(), asks()]).toEqual([2, 2]);
    asked[1]!.gate = REVOKED;
    expect([asks(), asks()]).toEqual([3, 3]);
  });
});
