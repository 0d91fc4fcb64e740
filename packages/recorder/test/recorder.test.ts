import { counter, defineHistogram, gauge, histogram, scope, setGlobalRecorder } from '@ostinato/core';
import { ManualClock } from '@ostinato/testing';
import { createRecorder } from '../src/recorder.ts';
import { catchWarnings, makeKey, readAll } from './support/series.ts';

let caught: ReturnType<typeof catchWarnings>;
beforeEach(() => {
  caught = catchWarnings();
});
afterEach(() => caught.stop());

describe('installed under the facade', () => {
  test('held handles record on the fast path, exactly', () => {
    const recorder = createRecorder();
    const installation = setGlobalRecorder(recorder);
    try {
      const [c, g, h] = [counter('fast.c'), gauge('fast.g'), histogram('fast.h')];
      const explicit = defineHistogram('fast.e', { unit: 'ms', buckets: [10, 100] });
      for (let i = 1; i <= 10_000; i++) {
        c.increment(i);
        g.set(i);
        h.record(i);
        explicit.record(i % 200);
      }
      g.decrement(0.5);
      expect(readAll(recorder.reader().collect())).toMatchObject([
        { name: 'fast.c', value: 50_005_000 },
        { name: 'fast.g', value: 9_999.5 },
        { name: 'fast.h', count: 10_000, sum: 50_005_000, min: 1, max: 10_000 },
        { name: 'fast.e', count: 10_000, counts: [550, 4_500, 4_950], unit: 'ms' },
      ]);
    } finally {
      installation.uninstall();
    }
  });

  test('a recorder that takes over gets what is recorded from then on', () => {
    const c = counter('replaced');
    const totals = [5, 7].map((times) => {
      const recorder = createRecorder();
      const installation = setGlobalRecorder(recorder);
      for (let i = 0; i < times; i++) c.increment();
      installation.uninstall();
      c.increment(1000);
      return readAll(recorder.reader().collect()).map(({ value }) => value);
    });
    expect(totals).toEqual([[5], [7]]);
  });

  test('a scope is the scope of its series', () => {
    const recorder = createRecorder();
    const installation = setGlobalRecorder(recorder);
    scope({ name: 'orders/db', version: '3' }).counter('queries', { table: 'orders' }).increment(2);
    installation.uninstall();
    const [series] = readAll(recorder.reader().collect());
    expect(series).toMatchObject({
      scope: 'orders/db',
      name: 'queries',
      labels: { table: 'orders' },
      value: 2,
    });
    expect(series!.key.scope).toEqual({ name: 'orders/db', version: '3' });
  });

  test('timers go by its clock', () => {
    const clock = new ManualClock();
    const recorder = createRecorder({ clock });
    const installation = setGlobalRecorder(recorder);
    const timer = histogram('timed').startTimer();
    clock.jump(1500);
    timer.stop();
    installation.uninstall();
    expect(readAll(recorder.reader().collect())).toMatchObject([{ count: 1, sum: 1.5 }]);
  });
});

describe('cells', () => {
  test('equal keys have one cell', () => {
    const recorder = createRecorder();
    const cells = [
      { a: 1, b: true },
      { b: 'true', a: '1' },
    ].map((labels) => recorder.counter(makeKey('c', labels), {}));
    expect(cells[0]).toBe(cells[1]);
  });

  test('a counter permits the fast path once it is a sum, and never when it is set', () => {
    const recorder = createRecorder();
    const [sum, highest] = [recorder.counter(makeKey('sum'), {}), recorder.counter(makeKey('highest'), {})];
    expect(sum.slots).toBeUndefined();
    sum.sink.increment(0);
    highest.sink.absolute(4);
    expect(sum.slots).toBeDefined();
    expect(highest.slots).toBeUndefined();
    sum.sink.absolute(100);
    highest.sink.increment(1);
    expect(highest.slots).toBeUndefined();
    expect(recorder.refusals()).toEqual({ mode: 2 });
    expect(caught.warnings.map(({ code }) => code)).toEqual(['OSTINATO_MODE', 'OSTINATO_MODE']);
  });

  test('a name of another kind gets a cell that drops, counts, and permits no fast path', () => {
    const recorder = createRecorder();
    recorder.counter(makeKey('taken'), {}).sink.increment(1);
    const wrong = recorder.gauge(makeKey('taken'), {});
    expect(wrong.slots).toBeUndefined();
    wrong.sink.set(1);
    wrong.sink.add(1);
    recorder.histogram(makeKey('taken'), {}).sink.record(1, 1);
    expect(recorder.refusals()).toEqual({ kind: 3 });
    expect(caught.warnings).toEqual([
      {
        code: 'OSTINATO_KIND',
        text: 'counter "taken" is used as a gauge too; the first definition stays, and what is recorded on the gauge is dropped.',
      },
    ]);
  });

  test('a description counts as the first definition of a name', () => {
    const recorder = createRecorder();
    recorder.describe('counter', { name: 'test' }, 'described', {});
    recorder.gauge(makeKey('described'), {}).sink.set(1);
    recorder.describe('gauge', { name: 'test' }, 'described', { unit: 's' });
    expect(recorder.refusals()).toEqual({ kind: 1 });
    expect(readAll(recorder.reader().collect())).toEqual([]);
  });
});

describe('buckets', () => {
  const typeOf = (recorder: ReturnType<typeof createRecorder>, name: string, buckets?: readonly number[]) => {
    recorder.histogram(makeKey(name), buckets === undefined ? {} : { buckets }).sink.record(1, 1);
    const { type, bounds } = readAll(recorder.reader().collect()).find((series) => series.name === name)!;
    return type === 'histogram' ? bounds : type;
  };

  test("the recorder's beat the definition's, which beat the default", () => {
    const recorder = createRecorder({ buckets: { own: [7], exponential: 'exponential' } });
    expect(typeOf(recorder, 'own', [1, 2])).toEqual([7]);
    expect(typeOf(recorder, 'exponential', [1, 2])).toBe('exponentialHistogram');
    expect(typeOf(recorder, 'defined', [1, 2])).toEqual([1, 2]);
    expect(typeOf(recorder, 'other')).toBe('exponentialHistogram');
  });

  test('an empty list is one bucket', () => {
    const recorder = createRecorder();
    for (const value of [0, 1e300]) recorder.histogram(makeKey('h'), { buckets: [] }).sink.record(value, 1);
    expect(readAll(recorder.reader().collect())).toMatchObject([
      { type: 'histogram', counts: [2], bounds: [] },
    ]);
  });

  test('buckets that are described before the first sample count, those after it are too late, which is said', () => {
    const recorder = createRecorder();
    recorder.describe('histogram', { name: 'test' }, 'early', { buckets: [3] });
    expect(typeOf(recorder, 'early')).toEqual([3]);
    expect(typeOf(recorder, 'late')).toBe('exponentialHistogram');
    recorder.describe('histogram', { name: 'test' }, 'late', { buckets: [3] });
    expect(typeOf(recorder, 'late')).toBe('exponentialHistogram');
    expect(caught.warnings.map(({ code }) => code)).toEqual(['OSTINATO_BUCKETS_TOO_LATE']);
  });
});

test('metrics that are only described are remembered up to a bound', () => {
  const recorder = createRecorder({ maxMemory: 8 * 1024 * 1024 });
  for (let i = 0; i < 20_000; i++) recorder.describe('counter', { name: 'test' }, `d${i}`, { unit: 'By' });
  const memory = recorder.memory;
  for (let i = 20_000; i < 40_000; i++)
    recorder.describe('counter', { name: 'test' }, `d${i}`, { unit: 'By' });
  expect(recorder.memory).toBe(memory);
  recorder.counter(makeKey('d39999'), { unit: 's' }).sink.increment(1);
  expect(readAll(recorder.reader().collect())).toMatchObject([{ name: 'd39999', unit: 's' }]);
});

test('what the facade refuses is counted by reason', () => {
  const recorder = createRecorder();
  recorder.refused('counter', 'negative');
  recorder.refused('gauge', 'negative');
  recorder.refused('gauge', 'not_finite');
  expect(recorder.refusals()).toEqual({ negative: 2, not_finite: 1 });
});
