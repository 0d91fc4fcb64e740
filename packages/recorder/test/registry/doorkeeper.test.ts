import { counter, histogram, setGlobalRecorder } from '@ostinato/core';
import { ManualClock } from '@ostinato/testing';
import { createRecorder } from '../../src/recorder.ts';
import { Doorkeeper } from '../../src/registry/doorkeeper.ts';
import { catchWarnings, makeKey, type Read, readAll } from '../support/series.ts';

let caught: ReturnType<typeof catchWarnings>;
beforeEach(() => {
  caught = catchWarnings();
});
afterEach(() => caught.stop());

const MINUTE = 60_000;
const sum = (reads: readonly Read[]) => reads.reduce((total, read) => total + read.value, 0);

test('what was seen is known, what was not is hardly ever taken for known', () => {
  const doorkeeper = new Doorkeeper(() => 0);
  const keys = Array.from({ length: 30_000 }, (_, i) => makeKey('c', { user: `u${i}`, shop: i % 7 }));
  const mistaken = keys.filter((key) => doorkeeper.knows(key)).length;
  expect(mistaken).toBeLessThan(60);
  expect(keys.every((key) => doorkeeper.knows(key))).toBe(true);
});

test('series that differ in one place only are told apart', () => {
  const doorkeeper = new Doorkeeper(() => 0);
  const keys = [
    makeKey('c', { a: 'bc' }),
    makeKey('c', { ab: 'c' }),
    makeKey('ca', { a: 'bc' }),
    makeKey('c', { a: 'bc' }, { name: 'other' }),
    makeKey('c', { a: 'b', b: 'c' }),
    makeKey('c', { a: 'c', b: 'b' }),
  ];
  expect(keys.map((key) => doorkeeper.knows(key))).toEqual(keys.map(() => false));
  expect(doorkeeper.knows(makeKey('n', { status: 200 }))).toBe(false);
  expect(doorkeeper.knows(makeKey('n', { status: '200' }))).toBe(true);
});

test('a label set is remembered for one to two periods', () => {
  const clock = new ManualClock();
  const doorkeeper = new Doorkeeper(clock.now);
  const key = makeKey('c', { a: 1 });
  clock.jump(9 * MINUTE);
  expect(doorkeeper.knows(key)).toBe(false);
  clock.jump(9 * MINUTE);
  expect(doorkeeper.knows(key)).toBe(true);
  clock.jump(25 * MINUTE);
  expect(doorkeeper.knows(key)).toBe(false);
});

test('label sets without end do not fill it up', () => {
  const doorkeeper = new Doorkeeper(() => 0);
  let mistaken = 0;
  for (let i = 0; i < 300_000; i++) if (doorkeeper.knows(makeKey('c', { i }))) mistaken++;
  expect(mistaken).toBeLessThan(1_500);
});

test('label sets that come once take no series, and totals are exact', () => {
  const recorder = createRecorder({ cardinality: { perMetric: 10, doorkeeper: true } });
  for (let i = 0; i < 1_000; i++) recorder.counter(makeKey('once', { i }), {}).sink.increment(1);
  const reads = readAll(recorder.reader().collect());
  expect(reads.find(({ labels }) => labels['otel.metric.overflow'] === true)!.value).toBeGreaterThan(980);
  expect(sum(reads)).toBe(1_000);
});

test.each([false, true])('a held handle has its series from the second sample on (twin: %s)', (twin) => {
  const recorder = createRecorder({ cardinality: { doorkeeper: true } });
  const installation = setGlobalRecorder(recorder);
  const held = counter('held', { a: 1 });
  held.increment(1);
  if (twin) counter('held', { a: '1' }).increment(10);
  else held.increment(10);
  held.increment(100);
  const request = histogram('held.h', { a: 1 });
  for (const value of [1, 2, 3]) request.record(value);
  installation.uninstall();
  const reads = readAll(recorder.reader().collect());
  expect(
    reads.map(({ name, labels, value, count }) => [name, Object.keys(labels)[0], value || count]),
  ).toEqual([
    ['held', 'otel.metric.overflow', 1],
    ['held', 'a', 110],
    ['held.h', 'otel.metric.overflow', 1],
    ['held.h', 'a', 2],
  ]);
});

test('gauges and absolute counters pass their first value on too', () => {
  const recorder = createRecorder({ cardinality: { doorkeeper: true } });
  for (const value of [5, 7]) recorder.gauge(makeKey('g', { a: 1 }), {}).sink.set(value);
  recorder.gauge(makeKey('up', { a: 1 }), {}).sink.add(3);
  for (const value of [5, 7]) recorder.counter(makeKey('abs', { a: 1 }), {}).sink.absolute(value);
  const reads = readAll(recorder.reader().collect());
  expect(reads.map(({ name, value }) => [name, value])).toEqual([
    ['g', 5],
    ['g', 7],
    ['up', 3],
    ['abs', 5],
    ['abs', 7],
  ]);
});

test('a metric without labels needs no second look', () => {
  const recorder = createRecorder({ cardinality: { doorkeeper: true } });
  recorder.counter(makeKey('plain'), {}).sink.increment(1);
  expect(readAll(recorder.reader().collect())).toMatchObject([{ labels: {}, value: 1 }]);
});

test('the overflow series of a doorkeeper is no reason to warn; a limit that is reached is', () => {
  const recorder = createRecorder({ cardinality: { perMetric: 4, doorkeeper: true } });
  const reader = recorder.reader();
  const twice = (i: number) => {
    for (let n = 0; n < 2; n++) recorder.counter(makeKey('warned', { i }), {}).sink.increment(1);
  };
  twice(0);
  readAll(reader.collect());
  expect(caught.warnings).toEqual([]);
  for (let i = 1; i < 9; i++) twice(i);
  expect(sum(readAll(reader.collect()))).toBe(18);
  expect(caught.warnings.map(({ code }) => code)).toEqual(['OSTINATO_CARDINALITY']);
});
