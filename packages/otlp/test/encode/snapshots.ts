import type {
  Exemplar,
  Key,
  MetricType,
  ScopeSnapshot,
  SeriesCursor,
  SeriesLabelValue,
  SeriesNotes,
  SeriesNumbers,
  SeriesRun,
  SnapshotMetric,
} from '@ostinato/core';
import { SNAPSHOT } from '@ostinato/core';
import fc from 'fast-check';
import type { AttributeMap, HrTime, MetricBatch, ScopeBatch } from '../../src/encode/sdk-types.ts';

/** What a cursor holds of one series. */
export type Series = Omit<SeriesCursor, 'metric'>;

export interface FakeMetric {
  readonly metric: SnapshotMetric;
  readonly series: readonly Series[];
}

/** A snapshot over given series that counts how many were read, and reuses its cursor as a recorder's does. */
export class FakeSnapshot implements ScopeSnapshot {
  readonly scope = { name: 'shop', version: '1.2.3' };
  readonly temporality = 'cumulative';
  readonly time: bigint;
  readonly metrics: readonly FakeMetric[];
  read = 0;
  longestRun = 0;
  onRead = (): void => {};
  /** Whether counters and gauges of which a value is all there is to say are given at once. */
  readonly #atOnce: boolean;

  constructor(time: bigint, metrics: readonly FakeMetric[], atOnce = false) {
    this.time = time;
    this.metrics = metrics;
    this.#atOnce = atOnce;
  }

  *chunks(size: number): Generator<SeriesRun> {
    const all = this.metrics.flatMap(({ metric, series }) => series.map((one) => ({ metric, ...one })));
    const cursor = {} as SeriesCursor;
    for (let from = 0; from < all.length; from += size) {
      const left = all.slice(from, from + size);
      this.longestRun = Math.max(this.longestRun, left.length);
      yield {
        ...(this.#atOnce && { numbers: () => this.#numbers(left) }),
        [Symbol.iterator]: () => this.#run(left, cursor),
      };
    }
  }

  #numbers(left: SeriesCursor[]): SeriesNumbers | undefined {
    const [first] = left;
    if (first === undefined) return undefined;
    const { metric } = first;
    const isNumber = (one: SeriesCursor) =>
      one.metric === metric && one.notes !== undefined && one.exemplars === undefined && !one.born;
    if (metric.type !== 'counter' && metric.type !== 'gauge') return undefined;
    const other = left.findIndex((one) => !isNumber(one));
    const all = left.splice(0, other < 0 ? left.length : other);
    if (all.length === 0) return undefined;
    this.read += all.length;
    this.onRead();
    return {
      metric,
      count: all.length,
      series: all.map(({ key, notes }) => Object.assign(notes as SeriesNotes, { key })),
      starts: all.map(({ start }) => start),
      values: Float64Array.from(all, ({ value }) => value),
    };
  }

  *#run(left: SeriesCursor[], cursor: SeriesCursor): Generator<SeriesCursor> {
    for (let one = left.shift(); one !== undefined; one = left.shift()) {
      this.read++;
      this.onRead();
      yield Object.assign(cursor, one);
    }
  }
}

/** A scope whose metrics are only to be had from its snapshot. */
export function branded(snapshot: ScopeSnapshot): ScopeBatch {
  const scopeMetrics = {
    scope: snapshot.scope,
    get metrics(): MetricBatch[] {
      throw new Error('the metrics were read');
    },
  };
  Object.defineProperty(scopeMetrics, SNAPSHOT, { value: snapshot, enumerable: false });
  return scopeMetrics as ScopeBatch;
}

const hrTime = (time: bigint): HrTime => [Number(time / 1_000_000_000n), Number(time % 1_000_000_000n)];

/** The same as data of the SDK. */
export function materialised({ scope, time, metrics }: FakeSnapshot): ScopeBatch {
  const point = <T>(series: Series, value: T) => ({
    startTime: hrTime(series.start),
    endTime: hrTime(time),
    attributes: Object.fromEntries(series.key.labels) as AttributeMap,
    value,
    exemplars: series.exemplars?.map(({ filteredLabels, time, ...exemplar }) => ({
      ...exemplar,
      timestamp: hrTime(time),
      filteredAttributes: Object.fromEntries(filteredLabels) as AttributeMap,
    })),
  });
  const extremes = ({ min, max }: Series) => ({
    ...(Number.isNaN(min) ? {} : { min }),
    ...(Number.isNaN(max) ? {} : { max }),
  });
  const counts = ({ counts, length }: Series): number[] => [...counts.subarray(0, length)];
  const histogram = (one: Series) => ({ count: one.count, sum: one.sum, ...extremes(one) });
  const data = ({ type, bounds }: SnapshotMetric, series: readonly Series[]) =>
    ({
      counter: () => ({
        dataPointType: 3,
        isMonotonic: true,
        dataPoints: series.map((one) => point(one, one.value)),
      }),
      gauge: () => ({ dataPointType: 2, dataPoints: series.map((one) => point(one, one.value)) }),
      histogram: () => ({
        dataPointType: 0,
        dataPoints: series.map((one) =>
          point(one, { ...histogram(one), buckets: { boundaries: bounds, counts: counts(one) } }),
        ),
      }),
      exponentialHistogram: () => ({
        dataPointType: 1,
        dataPoints: series.map((one) =>
          point(one, {
            ...histogram(one),
            scale: one.scale,
            zeroCount: one.zeroCount,
            positive: { offset: one.offset, bucketCounts: counts(one) },
            negative: { offset: 0, bucketCounts: [] },
          }),
        ),
      }),
    })[type]();
  return {
    scope,
    metrics: metrics.map(
      ({ metric, series }) =>
        ({
          descriptor: {
            name: metric.name,
            description: metric.description,
            unit: metric.unit,
            valueType: 1,
          },
          aggregationTemporality: metric.temporality === 'delta' ? 0 : 1,
          ...data(metric, series),
        }) as MetricBatch,
    ),
  };
}

const name = fc.stringMatching(/^[a-z][a-z_.]{0,12}$/);
const labelValue: fc.Arbitrary<SeriesLabelValue> = fc.oneof(
  fc.string({ minLength: 1, maxLength: 80 }),
  fc.integer(),
  fc.double({ noNaN: true }),
  fc.boolean(),
);
const key: fc.Arbitrary<Key> = fc.dictionary(name, labelValue, { maxKeys: 4 }).map((labels) =>
  Object.freeze({
    scope: { name: 'shop' },
    name: 'n',
    labels: Object.freeze(
      Object.keys(labels)
        .sort()
        .map((label) => Object.freeze([label, labels[label]] as const)),
    ),
  }),
);
const count = fc.oneof(fc.nat(), fc.constantFrom(0, 1, 2 ** 32, Number.MAX_SAFE_INTEGER));
const extreme = fc.oneof(fc.constant(Number.NaN), fc.double());
const time = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

const id = (bytes: number): fc.Arbitrary<string | undefined> =>
  fc.option(
    fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((id) => Buffer.from(id).toString('hex')),
    { nil: undefined },
  );
const exemplar: fc.Arbitrary<Exemplar> = fc.record({
  value: fc.double({ noNaN: true }),
  time,
  traceId: id(16),
  spanId: id(8),
  filteredLabels: key.map(({ labels }) => labels),
});

const series = (length: number): fc.Arbitrary<Series> =>
  fc.record({
    key,
    start: fc.oneof(fc.constant(1_795_400_000_123_456_789n), time),
    born: fc.boolean(),
    value: fc.double({ noNaN: true }),
    count,
    sum: fc.double(),
    min: extreme,
    max: extreme,
    zeroCount: count,
    scale: fc.integer({ min: -4, max: 12 }),
    offset: fc.integer({ min: -2000, max: 2000 }),
    counts: fc
      .array(count, { minLength: length + 2, maxLength: length + 2 })
      .map((counts) => Float64Array.from(counts)),
    length: fc.constant(length),
    exemplars: fc.option(fc.array(exemplar, { maxLength: 3 }), { nil: undefined }),
    notes: fc.option(fc.constant(undefined).map(notes), { nil: undefined }),
  });

const notes = (): SeriesNotes => ({ store: undefined, attributes: 0, end: 0 });

const fakeMetric: fc.Arbitrary<FakeMetric> = fc
  .record({
    type: fc.constantFrom<MetricType[]>('counter', 'gauge', 'histogram', 'exponentialHistogram'),
    bounds: fc.array(fc.double({ noNaN: true }), { maxLength: 6 }),
    buckets: fc.nat({ max: 6 }),
    name,
    unit: fc.constantFrom('', 's', 'By'),
    description: fc.string(),
    temporality: fc.constantFrom<('cumulative' | 'delta')[]>('cumulative', 'delta'),
  })
  .chain(({ buckets, bounds, ...metric }) =>
    fc.record({
      metric: fc.constant({
        ...metric,
        scope: { name: 'shop' },
        bounds: metric.type === 'histogram' ? bounds : [],
      }),
      series: fc.array(series(metric.type === 'histogram' ? bounds.length + 1 : buckets), {
        minLength: 1,
        maxLength: 90,
      }),
    }),
  );

export const snapshot: fc.Arbitrary<FakeSnapshot> = fc
  .tuple(time, fc.array(fakeMetric, { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([at, metrics, atOnce]) => new FakeSnapshot(at, metrics, atOnce));

/** Snapshots of the same series, one after the other: some of them each time, in any order, with other values. */
export const snapshots: fc.Arbitrary<FakeSnapshot[]> = snapshot.chain(({ metrics }) => {
  const later = metrics.map(({ metric, series: all }) => {
    const kept = all.map((one) => ({ ...one, notes: notes() }));
    const values = series(kept[0]?.length ?? 0);
    return fc
      .tuple(fc.shuffledSubarray(kept, { minLength: 1 }), fc.infiniteStream(values), fc.boolean())
      .map(([some, stream, inOrder]) => {
        const order = inOrder ? kept.filter((one) => some.includes(one)) : some;
        const shown = order.map(({ key, notes }) => ({ ...(stream.next().value as Series), key, notes }));
        return { metric, series: shown };
      });
  });
  return fc
    .array(fc.tuple(time, fc.tuple(...later), fc.boolean()), { minLength: 2, maxLength: 4 })
    .map((all) => all.map(([at, shown, atOnce]) => new FakeSnapshot(at, shown, atOnce)));
});

/** A counter of so many series with one label. */
export function counterSnapshot(size: number): FakeSnapshot {
  const scope = { name: 'shop' };
  return new FakeSnapshot(1_795_400_060_000_000_000n, [
    {
      metric: {
        scope,
        name: 'requests',
        type: 'counter',
        unit: '1',
        description: '',
        temporality: 'cumulative',
        bounds: [],
      },
      series: Array.from({ length: size }, (_, i) => ({
        key: Object.freeze({ scope, name: 'requests', labels: [['id', i] as const] }),
        start: 1_795_400_000_000_000_000n,
        born: false,
        value: i,
        count: 0,
        sum: 0,
        min: 0,
        max: 0,
        zeroCount: 0,
        scale: 0,
        offset: 0,
        counts: new Float64Array(0),
        length: 0,
      })),
    },
  ]);
}

/** One series of this type, with exemplars. */
export function withExemplars(type: MetricType, exemplars: readonly Exemplar[]): FakeSnapshot {
  const { time, metrics } = counterSnapshot(1);
  const withThem = metrics.map(({ metric, series }) => ({
    metric: { ...metric, type },
    series: series.map((one) => ({ ...one, exemplars })),
  }));
  return new FakeSnapshot(time, withThem);
}
