import type { EndedSeries, SeriesCursor, SnapshotMetric } from '@ostinato/core';
import { decodePoints } from '@ostinato/testing';
import { encodeBatch } from '../../src/encode/batch.ts';
import { branded, FakeSnapshot, type Series } from './snapshots.ts';

const MILLI = 1_000_000n;
const MINUTE = 60_000n * MILLI;
const TIME = 1_795_400_000_000n * MILLI;
const scope = { name: 'shop' };

const metric = (name: string, type: SnapshotMetric['type'], bounds: readonly number[] = []) =>
  ({ scope, name, type, unit: '1', description: '', temporality: 'cumulative', bounds }) as const;
const METRICS = [
  metric('counter', 'counter'),
  metric('explicit', 'histogram', [1, 2]),
  metric('exponential', 'exponentialHistogram'),
];

const seriesOf = (name: string, fields: Partial<Series> = {}): Series => ({
  key: Object.freeze({ scope, name, labels: [['id', 7] as const] }),
  start: TIME - MINUTE,
  born: true,
  value: 5,
  count: 5,
  sum: 4,
  min: 0.5,
  max: 1,
  zeroCount: 0,
  scale: 3,
  offset: -8,
  counts: Float64Array.of(2, 3, 0),
  length: 3,
  ...fields,
});

function snapshotOf(metrics: readonly SnapshotMetric[], fields?: Partial<Series>): FakeSnapshot {
  return new FakeSnapshot(
    TIME,
    metrics.map((one) => ({ metric: one, series: [seriesOf(one.name, fields)] })),
  );
}

/** The units that a snapshot becomes, as points. */
function pointsOf(snapshot: FakeSnapshot & { ended?(): EndedSeries[] }, zeroPoints = true) {
  const batch = { resource: { attributes: {} }, scopeMetrics: [branded(snapshot)] };
  const { lazy } = encodeBatch(batch, { maxBytes: 1e6, zeroPoints });
  const units = [];
  for (let step = lazy!.next(); step.done !== true; step = lazy!.next()) {
    if (step.value !== undefined) units.push(decodePoints(step.value.bytes));
  }
  return units;
}

test('a series that is born begins with a point of zero at its start, of the same series', () => {
  const [points, ...others] = pointsOf(snapshotOf(METRICS));
  expect(others).toEqual([]);
  expect(points.map(({ metric, time, count, value }) => [metric, time - TIME, value || count])).toEqual([
    ['counter', -MINUTE, 0],
    ['counter', 0n, 5],
    ['explicit', -MINUTE, 0],
    ['explicit', 0n, 5],
    ['exponential', -MINUTE, 0],
    ['exponential', 0n, 5],
  ]);
  for (const at of [0, 2, 4]) {
    expect(points[at].series).toBe(points[at + 1].series);
    expect(points[at].start).toBe(points[at + 1].start);
  }
  expect(points[2]).toMatchObject({ sum: 0, bounds: [1, 2], bucketCounts: [0, 0, 0], min: NaN, max: NaN });
  expect(points[4]).toMatchObject({ sum: 0, scale: 3, zeroCount: 0, positive: { offset: 0, counts: [] } });
});

test.each([
  ['is not born', TIME - MINUTE, false],
  ['began in the millisecond of the collection', TIME, true],
  ['began long before its first export', TIME - 11n * MINUTE, true],
])('not for a series that %s', (_, start, born) => {
  const { metrics } = snapshotOf(METRICS, { start, born });
  const time = TIME + MILLI - 1n;
  expect(
    pointsOf(new FakeSnapshot(time, metrics))
      .flat()
      .map((point) => point.time),
  ).toEqual([time, time, time]);
});

test('not where the exporter is not asked for it, neither ends', () => {
  const snapshot = Object.assign(snapshotOf(METRICS), {
    ended: () => [{ metric: METRICS[0], key: seriesOf('counter').key, start: TIME - MINUTE }],
  });
  expect(pointsOf(snapshot, false).flat()).toHaveLength(3);
});

test('series that ended have a point without a value, in a unit of their own', () => {
  const gauge = metric('gauge', 'gauge');
  const snapshot = Object.assign(snapshotOf(METRICS, { born: false }), {
    ended: () =>
      [...METRICS, gauge].map((one) => ({
        metric: one,
        key: seriesOf(one.name).key,
        start: TIME - MINUTE,
      })),
  });
  const [shown, ended, ...others] = pointsOf(snapshot);
  expect(others).toEqual([]);
  expect(shown.map(({ flags }) => flags)).toEqual([0, 0, 0]);
  expect(ended.map(({ metric, flags, start, time }) => [metric, flags, start, time])).toEqual(
    ['counter', 'explicit', 'exponential', 'gauge'].map((name) => [name, 1, TIME - MINUTE, TIME]),
  );
  expect(ended.slice(0, 3).map(({ series }) => series)).toEqual(shown.map(({ series }) => series));
  expect(ended[0].value).toBeNaN();
  expect(ended[1]).toMatchObject({ count: 0, bounds: [1, 2], bucketCounts: [0, 0, 0] });
});

test('exemplars stand on the point of the samples, not on its zero, nor where a series ends', () => {
  const exemplars = [
    { value: 0.5, time: TIME, traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), filteredLabels: [] },
  ];
  const given = snapshotOf(METRICS, { exemplars });
  const ended = METRICS.map((one) => ({ metric: one, key: seriesOf(one.name).key, start: TIME - MINUTE }));
  const points = pointsOf(Object.assign(given, { ended: () => ended })).flat();
  expect(
    points.map(({ metric, flags, time, exemplars }) => [metric, flags, time - TIME, exemplars.length]),
  ).toEqual([
    ...METRICS.flatMap(({ name }) => [
      [name, 0, -MINUTE, 0],
      [name, 0, 0n, 1],
    ]),
    ...METRICS.map(({ name }) => [name, 1, 0n, 0]),
  ]);
});

test('a snapshot of which nothing is left but ends gives these, 64 in a step', () => {
  const snapshot = Object.assign(new FakeSnapshot(TIME, []), {
    ended: () =>
      Array.from({ length: 200 }, (_, id) => ({
        metric: METRICS[0],
        key: { scope, name: 'counter', labels: [['id', id] as const] },
        start: TIME - MINUTE,
      })),
  });
  const { lazy } = encodeBatch(
    { resource: { attributes: {} }, scopeMetrics: [branded(snapshot)] },
    { maxBytes: 1e6, zeroPoints: true },
  );
  let steps = 0;
  let points = 0;
  for (let step = lazy!.next(); step.done !== true; step = lazy!.next()) {
    steps++;
    points += step.value?.points ?? 0;
  }
  expect(points).toBe(200);
  expect(steps).toBeGreaterThanOrEqual(4);
});

test('a cursor is read once: the point of zero takes nothing from it', () => {
  const given = seriesOf('counter');
  const reads = jest.fn(() => 5);
  const series = Object.defineProperty({ ...given }, 'value', { get: reads, enumerable: true });
  const snapshot = new FakeSnapshot(TIME, [{ metric: METRICS[0], series: [series as Series] }]);
  snapshot.chunks = function* () {
    yield [
      Object.defineProperties({ metric: METRICS[0] }, Object.getOwnPropertyDescriptors(series)),
    ] as SeriesCursor[];
  };
  expect(
    pointsOf(snapshot)
      .flat()
      .map(({ value }) => value),
  ).toEqual([0, 5]);
  expect(reads).toHaveBeenCalledTimes(1);
});
