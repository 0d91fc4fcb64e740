import type { Attributes, HrTime } from '@opentelemetry/api';
import type {
  DataPoint,
  ExponentialHistogram,
  ExponentialHistogramMetricData,
  GaugeMetricData,
  Histogram,
  HistogramMetricData,
  MetricData,
  SumMetricData,
} from '@opentelemetry/sdk-metrics';
import type { Exemplar, Key, ScopeSnapshot, SeriesCursor, SnapshotMetric } from '@ostinato/core';

// The values of the SDK's enums, equal in 2.x and 3.x: importing them would tie a producer to one copy of the SDK.
const DATA_POINT_HISTOGRAM: HistogramMetricData['dataPointType'] = 0;
const DATA_POINT_EXPONENTIAL_HISTOGRAM: ExponentialHistogramMetricData['dataPointType'] = 1;
const DATA_POINT_GAUGE: GaugeMetricData['dataPointType'] = 2;
const DATA_POINT_SUM: SumMetricData['dataPointType'] = 3;
const TEMPORALITY_DELTA: MetricData['aggregationTemporality'] = 0;
const TEMPORALITY_CUMULATIVE: MetricData['aggregationTemporality'] = 1;
const VALUE_TYPE_DOUBLE: MetricData['descriptor']['valueType'] = 1;

/** As the SDK has it in its own sources (`exemplar/Exemplar.ts`); its data points have none yet. */
interface SdkExemplar {
  readonly filteredAttributes: Attributes;
  readonly value: number;
  readonly timestamp: HrTime;
  readonly spanId?: string;
  readonly traceId?: string;
}

type PointWithExemplars<T> = DataPoint<T> & { readonly exemplars?: readonly SdkExemplar[] };

/** Series read between two looks at the clock do not matter here: a materialised snapshot is read in one go. */
const RUN = 1024;

/** What a scope's snapshot came to, and the error that cut it short, if one did. */
export interface Materialised {
  readonly metrics: MetricData[];
  readonly error?: unknown;
}

/** Reads a scope's snapshot to its end, into the objects that the SDK's own instruments would have given. */
export function materialise(snapshot: ScopeSnapshot): Materialised {
  const metrics: MetricData[] = [];
  const endTime = hrTime(snapshot.time);
  let metric: SnapshotMetric | undefined;
  let add: ((cursor: SeriesCursor, startTime: HrTime) => void) | undefined;
  let start: bigint | undefined;
  let startTime: HrTime = endTime;
  try {
    for (const run of snapshot.chunks(RUN)) {
      for (const cursor of run) {
        if (add === undefined || cursor.metric !== metric) {
          metric = cursor.metric;
          add = openMetric(metric, endTime, metrics);
        }
        if (cursor.start !== start) {
          start = cursor.start;
          startTime = hrTime(start);
        }
        add(cursor, startTime);
      }
    }
  } catch (error) {
    return { metrics, error };
  }
  return { metrics };
}

/** Appends an empty MetricData to `metrics` and returns what adds a series to it. */
function openMetric(
  metric: SnapshotMetric,
  endTime: HrTime,
  metrics: MetricData[],
): (cursor: SeriesCursor, startTime: HrTime) => void {
  const common = {
    descriptor: {
      name: metric.name,
      description: metric.description,
      unit: metric.unit,
      valueType: VALUE_TYPE_DOUBLE,
    },
    aggregationTemporality: metric.temporality === 'delta' ? TEMPORALITY_DELTA : TEMPORALITY_CUMULATIVE,
  };
  const point = <T>(cursor: SeriesCursor, startTime: HrTime, value: T): PointWithExemplars<T> => ({
    startTime,
    endTime,
    attributes: attributesOf(cursor.key),
    value,
    ...(cursor.exemplars === undefined ? {} : { exemplars: cursor.exemplars.map(exemplarOf) }),
  });
  switch (metric.type) {
    case 'counter': {
      const dataPoints: DataPoint<number>[] = [];
      metrics.push({ ...common, dataPointType: DATA_POINT_SUM, dataPoints, isMonotonic: true });
      return (cursor, startTime) => dataPoints.push(point(cursor, startTime, cursor.value));
    }
    case 'gauge': {
      const dataPoints: DataPoint<number>[] = [];
      metrics.push({ ...common, dataPointType: DATA_POINT_GAUGE, dataPoints });
      return (cursor, startTime) => dataPoints.push(point(cursor, startTime, cursor.value));
    }
    case 'histogram': {
      const dataPoints: DataPoint<Histogram>[] = [];
      metrics.push({ ...common, dataPointType: DATA_POINT_HISTOGRAM, dataPoints });
      const boundaries = [...metric.bounds];
      return (cursor, startTime) => dataPoints.push(point(cursor, startTime, histogram(cursor, boundaries)));
    }
    case 'exponentialHistogram': {
      const dataPoints: DataPoint<ExponentialHistogram>[] = [];
      metrics.push({ ...common, dataPointType: DATA_POINT_EXPONENTIAL_HISTOGRAM, dataPoints });
      return (cursor, startTime) => dataPoints.push(point(cursor, startTime, exponentialHistogram(cursor)));
    }
    default:
      return unknownType(metric.type);
  }
}

function unknownType(type: never): never {
  throw new TypeError(`a snapshot has a metric of an unknown type: ${String(type)}`);
}

function histogram(cursor: SeriesCursor, boundaries: number[]): Histogram {
  return {
    buckets: { boundaries, counts: counts(cursor) },
    count: cursor.count,
    sum: cursor.sum,
    ...extremes(cursor),
  };
}

function exponentialHistogram(cursor: SeriesCursor): ExponentialHistogram {
  return {
    count: cursor.count,
    sum: cursor.sum,
    scale: cursor.scale,
    zeroCount: cursor.zeroCount,
    positive: { offset: cursor.offset, bucketCounts: counts(cursor) },
    negative: { offset: 0, bucketCounts: [] },
    ...extremes(cursor),
  };
}

/** The cursor is reused, so its counts are copied. */
function counts(cursor: SeriesCursor): number[] {
  return Array.from(cursor.counts.subarray(0, cursor.length));
}

function exemplarOf({ value, time, traceId, spanId, filteredLabels }: Exemplar): SdkExemplar {
  return {
    filteredAttributes: Object.fromEntries(filteredLabels),
    value,
    timestamp: hrTime(time),
    ...(spanId === undefined ? {} : { spanId }),
    ...(traceId === undefined ? {} : { traceId }),
  };
}

function extremes({ min, max }: SeriesCursor): { min?: number; max?: number } {
  return Number.isNaN(min) ? {} : { min, max };
}

const attributesByKey = new WeakMap<Key, Attributes>();

/** One frozen object per series: the SDK and exporters pass attributes on by reference. */
export function attributesOf(key: Key): Attributes {
  let attributes = attributesByKey.get(key);
  if (attributes === undefined) {
    attributes = Object.freeze(Object.fromEntries(key.labels));
    attributesByKey.set(key, attributes);
  }
  return attributes;
}

const NANOS_PER_SECOND = 1_000_000_000n;

function hrTime(epochNanoseconds: bigint): HrTime {
  return [Number(epochNanoseconds / NANOS_PER_SECOND), Number(epochNanoseconds % NANOS_PER_SECOND)];
}
