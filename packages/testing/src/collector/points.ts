import {
  type AnyValue,
  decodeRequest,
  type Exemplar,
  type ExponentialHistogramDataPoint,
  type HistogramDataPoint,
  type KeyValue,
  type Metric,
  type NumberDataPoint,
  type SummaryDataPoint,
} from '@ostinato/otlp';

/** An OTLP attribute value; integers beyond 2^53 are bigints, bytes are base64 text. */
export type AttributeValue =
  | string
  | number
  | bigint
  | boolean
  | undefined
  | readonly AttributeValue[]
  | { readonly [name: string]: AttributeValue };

export type Attributes = Readonly<Record<string, AttributeValue>>;

/** Buckets of an exponential histogram: `counts[i]` is that of `(base^(offset+i), base^(offset+i+1)]`. */
export interface ExponentialBuckets {
  readonly offset: number;
  readonly counts: readonly number[];
}

/** One of the samples of a point, with the span in which it was recorded. */
export interface PointExemplar {
  /** Hex; empty if there was no span. */
  readonly traceId: string;
  readonly spanId: string;
  readonly value: number;
  /** Epoch nanoseconds. */
  readonly time: bigint;
  /** Those of the sample that the point does not have. */
  readonly attributes: Attributes;
}

/**
 * One data point with everything around it. Numbers that its type does not have are 0, lists are empty.
 * 64-bit integers are rounded beyond 2^53; `decodeRequest` of `@ostinato/otlp` gives them exactly.
 */
export interface Point {
  /** Equal for points of one series: resource, scope, metric, type, temporality and attributes. */
  readonly series: string;
  readonly resource: Attributes;
  readonly scope: { readonly name: string; readonly version: string };
  readonly metric: string;
  readonly unit: string;
  readonly description: string;
  readonly type: 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram' | 'summary';
  /** `undefined` for gauges and summaries. */
  readonly temporality: 'delta' | 'cumulative' | undefined;
  readonly monotonic: boolean;
  readonly attributes: Attributes;
  /** Epoch nanoseconds; 0 if absent. */
  readonly start: bigint;
  readonly time: bigint;
  /** Bit 0: no value was recorded. */
  readonly flags: number;
  /** Gauges and sums; NaN if there is none. */
  readonly value: number;
  readonly count: number;
  readonly sum: number;
  /** NaN if absent. */
  readonly min: number;
  readonly max: number;
  readonly bounds: readonly number[];
  /** Explicit histograms: one more than `bounds`. */
  readonly bucketCounts: readonly number[];
  readonly scale: number;
  readonly zeroCount: number;
  readonly positive: ExponentialBuckets;
  readonly negative: ExponentialBuckets;
  readonly exemplars: readonly PointExemplar[];
}

type AnyDataPoint = NumberDataPoint & HistogramDataPoint & ExponentialHistogramDataPoint & SummaryDataPoint;

interface Kind {
  readonly type: Point['type'];
  readonly data: {
    readonly dataPoints?: readonly AnyDataPoint[];
    readonly aggregationTemporality?: number;
    readonly isMonotonic?: boolean;
  };
}

/** All data points of an `ExportMetricsServiceRequest`, in order. Throws if the bytes are not one. */
export function decodePoints(request: Uint8Array): Point[] {
  const points: Point[] = [];
  for (const { resource, scopeMetrics = [] } of decodeRequest(request).resourceMetrics ?? []) {
    const ofResource = attributes(resource?.attributes);
    for (const { scope, metrics = [] } of scopeMetrics) {
      const ofScope = { name: scope?.name ?? '', version: scope?.version ?? '' };
      for (const metric of metrics) {
        const kind = kindOf(metric);
        for (const data of kind?.data.dataPoints ?? []) {
          points.push(point(ofResource, ofScope, metric, kind as Kind, data));
        }
      }
    }
  }
  return points;
}

function kindOf(metric: Metric): Kind | undefined {
  for (const type of ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const) {
    const data = metric[type];
    if (data !== undefined) return { type, data: data as Kind['data'] };
  }
  return undefined;
}

function point(
  resource: Attributes,
  scope: Point['scope'],
  { name = '', unit = '', description = '' }: Metric,
  { type, data: { aggregationTemporality, isMonotonic = false } }: Kind,
  data: AnyDataPoint,
): Point {
  const ofPoint = attributes(data.attributes);
  const temporality = ([undefined, 'delta', 'cumulative'] as const)[aggregationTemporality ?? 0];
  return {
    series: identity([resource, scope, name, type, temporality, ofPoint]),
    resource,
    scope,
    metric: name,
    unit,
    description,
    type,
    temporality,
    monotonic: isMonotonic,
    attributes: ofPoint,
    start: BigInt(data.startTimeUnixNano ?? 0),
    time: BigInt(data.timeUnixNano ?? 0),
    flags: data.flags ?? 0,
    value: data.asDouble ?? (data.asInt === undefined ? Number.NaN : Number(data.asInt)),
    count: Number(data.count ?? 0),
    sum: data.sum ?? 0,
    min: data.min ?? Number.NaN,
    max: data.max ?? Number.NaN,
    bounds: data.explicitBounds ?? [],
    bucketCounts: (data.bucketCounts ?? []).map(Number),
    scale: data.scale ?? 0,
    zeroCount: Number(data.zeroCount ?? 0),
    positive: buckets(data.positive),
    negative: buckets(data.negative),
    exemplars: (data.exemplars ?? []).map(exemplar),
  };
}

function exemplar({
  traceId = '',
  spanId = '',
  timeUnixNano = '0',
  asDouble,
  asInt,
  filteredAttributes,
}: Exemplar): PointExemplar {
  const value = asDouble ?? Number(asInt ?? Number.NaN);
  return { traceId, spanId, value, time: BigInt(timeUnixNano), attributes: attributes(filteredAttributes) };
}

function buckets({
  offset = 0,
  bucketCounts = [],
}: ExponentialHistogramDataPoint['positive'] = {}): ExponentialBuckets {
  return { offset, counts: bucketCounts.map(Number) };
}

function attributes(list: readonly KeyValue[] = []): Attributes {
  return Object.fromEntries(list.map(({ key = '', value = {} }) => [key, attributeValue(value)]));
}

function attributeValue(value: AnyValue): AttributeValue {
  if (value.intValue !== undefined) {
    const number = Number(value.intValue);
    return Number.isSafeInteger(number) ? number : BigInt(value.intValue);
  }
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(attributeValue);
  if (value.kvlistValue !== undefined) return attributes(value.kvlistValue.values);
  return value.stringValue ?? value.boolValue ?? value.doubleValue ?? value.bytesValue;
}

/** A text that is equal for equal values, whatever the order of their keys. */
function identity(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === 'bigint') return `${part}n`;
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
