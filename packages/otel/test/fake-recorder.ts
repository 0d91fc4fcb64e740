import type {
  Key,
  MetricType,
  ScopeSnapshot,
  SeriesCursor,
  Snapshot,
  SnapshotMetric,
  Temporality,
} from '@ostinato/core';
import type { ReadableRecorder } from '../src/producer.ts';

export type FakeSeries = Partial<Omit<SeriesCursor, 'metric' | 'key' | 'counts'>> & {
  labels?: Record<string, string | number | boolean>;
  counts?: number[];
};

export interface FakeMetric {
  name: string;
  type: MetricType;
  unit?: string;
  description?: string;
  temporality?: Temporality;
  bounds?: number[];
  series: FakeSeries[];
}

export interface FakeScope {
  name: string;
  version?: string;
  metrics: FakeMetric[];
  /** Thrown after the last series. */
  failure?: unknown;
}

export interface FakeSnapshotOptions {
  temporality?: Temporality;
  time?: bigint;
}

/** Series are given once and with one reused cursor, as the seam demands. */
export function fakeScope(
  scope: FakeScope,
  { temporality = 'cumulative', time = 20n }: FakeSnapshotOptions = {},
) {
  const identity =
    scope.version === undefined ? { name: scope.name } : { name: scope.name, version: scope.version };
  const pending = scope.metrics.flatMap((metric) => {
    const shared: SnapshotMetric = {
      scope: identity,
      name: metric.name,
      type: metric.type,
      unit: metric.unit ?? '',
      description: metric.description ?? '',
      temporality: metric.temporality ?? temporality,
      bounds: metric.bounds ?? [],
    };
    return metric.series.map((series) => ({ metric: shared, series }));
  });
  const cursor = {} as { -readonly [K in keyof SeriesCursor]: SeriesCursor[K] };
  function* run(size: number): Generator<SeriesCursor> {
    for (let given = 0; given < size; given++) {
      const next = pending.shift();
      if (next === undefined) {
        return;
      }
      const { labels = {}, counts = [], ...fields } = next.series;
      Object.assign(cursor, EMPTY, fields, {
        metric: next.metric,
        key: keyOf(identity, next.metric.name, labels),
        counts: Float64Array.of(...counts, 99, 99),
        length: counts.length,
      });
      yield cursor;
    }
  }
  return {
    scope: identity,
    temporality,
    time,
    *chunks(size: number) {
      while (pending.length > 0) {
        yield run(size);
      }
      if (scope.failure !== undefined) {
        throw scope.failure;
      }
    },
  } satisfies ScopeSnapshot;
}

const EMPTY = {
  start: 0n,
  born: false,
  value: 0,
  count: 0,
  sum: 0,
  min: Number.NaN,
  max: Number.NaN,
  zeroCount: 0,
  scale: 0,
  offset: 0,
};

const keys = new Map<string, Key>();

function keyOf(scope: Key['scope'], name: string, labels: Record<string, string | number | boolean>): Key {
  const sorted = Object.entries(labels).sort();
  const id = JSON.stringify([scope, name, sorted]);
  const key = keys.get(id) ?? { scope, name, labels: sorted };
  keys.set(id, key);
  return key;
}

/** A recorder whose collections are given beforehand, the last one again and again. */
export function fakeRecorder(...collections: FakeScope[][]) {
  const asked: { temporality: string; collections: number } = { temporality: '', collections: 0 };
  const recorder: ReadableRecorder = {
    reader({ temporality }) {
      asked.temporality = temporality;
      return {
        collect(): Snapshot {
          const scopes = collections[Math.min(asked.collections++, collections.length - 1)] ?? [];
          const time = BigInt(20 * asked.collections);
          const options = {
            temporality: temporality === 'cumulative' ? 'cumulative' : 'delta',
            time,
          } as const;
          return {
            temporality: options.temporality,
            time,
            scopes: scopes.map((scope) => fakeScope(scope, options)),
            chunks: () => [],
          };
        },
      };
    },
  };
  return { recorder, asked };
}
