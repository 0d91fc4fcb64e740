import {
  counter,
  defineCounter,
  describeGauge,
  gauge,
  histogram,
  observeCounter,
  observeGauge,
  scope,
  setReporter,
  withLocalRecorder,
} from '@ostinato/core';
import { ManualClock } from '../../src/clock.ts';
import { DebuggingRecorder } from '../../src/debugging/recorder.ts';

let recorder: DebuggingRecorder;
const within = <T>(fn: () => T): T => withLocalRecorder(recorder, fn);

function failure(fn: () => void): string {
  try {
    fn();
  } catch (error) {
    expect(error).toMatchObject({ name: 'OstinatoError', code: 'OSTINATO_EXPECTATION' });
    return (error as Error).message;
  }
  throw new Error('it did not fail');
}

// Refused operations are reported; here they are wanted.
const reporter = setReporter(() => {});
afterAll(() => void setReporter(reporter));

beforeEach(() => {
  recorder = new DebuggingRecorder();
});

describe('what it keeps', () => {
  test('every operation, in order', () => {
    within(() => {
      counter('c').increment();
      counter('c').increment(4);
      counter('a').absolute(9);
      gauge('g').set(5);
      gauge('g').decrement(7);
      histogram('h').record(1.5);
      histogram('h').recordMany(2, 3);
    });
    const operations = recorder
      .series()
      .map(({ name, operations }) => [
        name,
        operations.map(({ operation, value, count }) => `${operation} ${value} x${count}`),
      ]);
    expect(operations).toEqual([
      ['c', ['increment 1 x1', 'increment 4 x1']],
      ['a', ['absolute 9 x1']],
      ['g', ['set 5 x1', 'add -7 x1']],
      ['h', ['record 1.5 x1', 'record 2 x3']],
    ]);
    expect(recorder.value('c')).toBe(5);
    expect(recorder.value('a')).toBe(9);
    expect(recorder.value('g')).toBe(-2);
    expect(recorder.value('h')).toBe(4);
    expect(recorder.values('h')).toEqual([1.5, 2, 2, 2]);
    expect(recorder.value('missing')).toBeUndefined();
    expect(recorder.values('missing')).toEqual([]);
  });

  test('units, descriptions and levels, from whichever side they come', () => {
    within(() => {
      defineCounter('debugged.defined', { unit: 'By', description: 'Defined.', level: 'debug' }).increment();
      gauge('debugged.described').set(1);
      describeGauge('debugged.described', { description: 'Described.' });
    });
    expect(recorder.series('debugged.defined')[0]?.meta).toEqual({
      unit: 'By',
      description: 'Defined.',
      level: 'debug',
    });
    expect(recorder.series('debugged.described')[0]?.meta).toEqual({ description: 'Described.' });
  });

  test('a series is found by its whole label set, in any order, absent labels left out', () => {
    within(() => counter('c', { b: 200, a: 'x' }).increment());
    expect(recorder.value('c', { a: 'x', b: '200', c: undefined, d: '' })).toBe(1);
    expect(recorder.value('c', { a: 'x' })).toBeUndefined();
    expect(recorder.value('c', { a: 'x', b: 200, c: 1 })).toBeUndefined();
    expect(recorder.value('c')).toBeUndefined();
  });

  test('a scope must be named only when the series exists in several', () => {
    within(() => {
      scope({ name: 'one' }).counter('c').increment(1);
      scope({ name: 'two' }).counter('c').increment(2);
      scope({ name: 'two' }).counter('d').increment(3);
    });
    expect(recorder.value('c', {}, 'two')).toBe(2);
    expect(recorder.value('d')).toBe(3);
    expect(() => recorder.value('c')).toThrow('c exists in the scopes one, two: name one');
  });

  test('timers go by its clock', () => {
    const clock = new ManualClock();
    recorder = new DebuggingRecorder({ clock });
    within(() => {
      const timer = histogram('duration').startTimer();
      clock.jump(1500);
      timer.stop();
    });
    recorder.expectHistogram('duration', [1.5]);
  });

  test('clear forgets what was recorded; handles that are held go on', () => {
    const held = counter('held');
    within(() => held.increment(5));
    within(() => counter('x').increment(-1));
    recorder.clear();
    recorder.expectNothing();
    recorder.expectRefused('negative', 0);
    within(() => held.increment(2));
    recorder.expectCounter('held', 2);
  });
});

describe('expectations that hold say nothing', () => {
  test('of all kinds', () => {
    within(() => {
      counter('orders', { status: 'ok' }).increment(3);
      gauge('in_flight').set(2);
      histogram('time').record(10);
      counter('orders').increment(Infinity);
    });
    recorder.expectCounter('orders', 3, { status: 'ok' });
    recorder.expectCounter('never', 0);
    recorder.expectGauge('in_flight', 2);
    recorder.expectHistogram('time', [10]);
    recorder.expectHistogram('time', 1);
    recorder.expectHistogram('never', []);
    recorder.expectNothing('never');
    recorder.expectRefused('not_finite', 1);
    recorder.expectRefused('negative', 0);
  });
});

describe('expectations that fail say what was recorded instead', () => {
  beforeEach(() => {
    within(() => {
      counter('orders', { status: 'ok' }).increment(2);
      counter('orders', { status: 'failed', reason: 'card' }).increment();
      gauge('in_flight').set(4);
      histogram('order.process_time').record(12);
      histogram('order.process_time').recordMany(15, 2);
      counter('orders').increment(-1);
    });
  });

  test('another value, with everything else', () => {
    expect(failure(() => recorder.expectCounter('orders', 3, { status: 'ok' }))).toBe(
      [
        'expected the counter orders{status="ok"} to be 3, but it is 2',
        'recorded:',
        '  counter    orders{status="ok"}                     2',
        '  counter    orders{reason="card", status="failed"}  1',
        '  gauge      in_flight                               4',
        '  histogram  order.process_time                      3 samples: 12, 15 (2 times)',
        'refused:',
        '  counter negative: 1',
      ].join('\n'),
    );
  });

  test.each<[string, (r: DebuggingRecorder) => void, string]>([
    [
      'the nearest labels',
      (r) => r.expectCounter('orders', 1, { status: 'OK' }),
      'only recorded with other labels: status is "ok"',
    ],
    [
      'a missing label',
      (r) => r.expectCounter('orders', 1, { status: 'ok', tenant: 'a' }),
      'tenant is absent',
    ],
    ['a label too many', (r) => r.expectCounter('orders', 1), 'status is "ok"'],
    ['another kind', (r) => r.expectGauge('orders', 2, { status: 'ok' }), 'orders is a counter'],
    ['a misspelt name', (r) => r.expectGauge('inflight', 4), 'there is no inflight; did you mean in_flight?'],
    ['a name with two letters wrong', (r) => r.expectCounter('odrers', 1), 'did you mean orders?'],
    ['nothing like it', (r) => r.expectGauge('temperature', 4), 'nothing was recorded there'],
    [
      'other samples',
      (r) => r.expectHistogram('order.process_time', [12, 15]),
      'to be [12, 15], but they are [12, 15, 15]',
    ],
    [
      'another number of samples',
      (r) => r.expectHistogram('order.process_time', 2),
      'to be 2 samples, but they are [12, 15, 15]',
    ],
    [
      'samples in another order',
      (r) => r.expectHistogram('order.process_time', [15, 15, 12]),
      'but they are [12, 15, 15]',
    ],
    ['anything at all', (r) => r.expectNothing(), 'expected nothing at all to be recorded'],
    [
      'anything in a metric',
      (r) => r.expectNothing('in_flight'),
      'expected nothing in in_flight to be recorded',
    ],
    [
      'other refusals',
      (r) => r.expectRefused('negative', 2),
      '2 operations to be refused as negative, but there were 1',
    ],
  ])('%s', (_, fn, text) => {
    expect(failure(() => fn(recorder))).toContain(text);
  });

  test('an empty recorder says so', () => {
    recorder.clear();
    expect(failure(() => recorder.expectCounter('c', 1))).toMatch(
      /nothing was recorded there\nnothing was recorded$/,
    );
  });

  test('long lists are cut', () => {
    within(() => {
      for (let i = 0; i < 30; i++) counter('many', { i }).increment();
      for (let i = 0; i < 30; i++) histogram('samples').record(i);
    });
    const text = failure(() => recorder.expectCounter('many', 2, { i: 0 }));
    expect(text).toContain('… and 15 more series');
  });
});

describe('observed values', () => {
  test('are read whenever something is asked', () => {
    let depth = 3;
    const observation = within(() => observeGauge('depth', { queue: 'mail' }, () => depth));
    within(() => observeCounter('total', () => 10 * depth));
    recorder.expectGauge('depth', 3, { queue: 'mail' });
    depth = 4;
    expect(recorder.value('depth', { queue: 'mail' })).toBe(4);
    recorder.expectCounter('total', 40);
    observation.stop();
    depth = 5;
    expect(recorder.value('depth', { queue: 'mail' })).toBe(4);
    expect(recorder.series('total')).toMatchObject([{ kind: 'counter', labels: {}, value: 50 }]);
  });

  test('are operations when they change, not when somebody looks', () => {
    let depth = 3;
    within(() => observeGauge('depth', () => depth));
    for (depth of [3, 3, 4, 4, 3]) recorder.series();
    expect(recorder.values('depth')).toEqual([3, 4, 3]);
    within(() => gauge('depth').set(9));
    recorder.expectGauge('depth', 3);
  });

  test('are read anew after clear', () => {
    within(() => observeGauge('depth', () => 3));
    recorder.series();
    recorder.clear();
    recorder.expectGauge('depth', 3);
  });

  test('may be asked for by a callback', () => {
    within(() => observeGauge('one', () => 1));
    within(() => observeGauge('two', () => 2 * (recorder.value('one') ?? Number.NaN)));
    recorder.expectGauge('two', 2);
  });

  test('that there are none is no value, and counted', () => {
    within(() =>
      observeGauge('bad', () => {
        throw new Error('closed');
      }),
    );
    recorder.expectNothing('bad');
    recorder.expectRefused('callback', 1);
  });
});
