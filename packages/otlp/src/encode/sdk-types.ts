/**
 * What an exporter is given, as far as it is read here: a `ResourceMetrics` of the OpenTelemetry SDK 2.x or 3.x, or
 * anything of that shape.
 */
export interface MetricsBatch {
  readonly resource: {
    readonly attributes: AttributeMap;
    readonly schemaUrl?: string | undefined;
  };
  readonly scopeMetrics: readonly ScopeBatch[];
}

/** Values are `unknown` because callers put there what they like; what OTLP has no type for becomes the empty value. */
export type AttributeMap = { readonly [key: string]: unknown };

export interface ScopeBatch {
  readonly scope: {
    readonly name: string;
    readonly version?: string | undefined;
    readonly schemaUrl?: string | undefined;
    readonly attributes?: AttributeMap | undefined;
    readonly droppedAttributesCount?: number | undefined;
  };
  readonly metrics: readonly MetricBatch[];
}

/** `ValueType.INT` of the API. */
export const INT = 0;

/** `DataPointType` of the SDK. */
export const HISTOGRAM = 0;
export const EXPONENTIAL_HISTOGRAM = 1;
export const GAUGE = 2;
export const SUM = 3;

/** `AggregationTemporality` of the SDK. */
export const DELTA = 0;
export const CUMULATIVE = 1;

interface MetricOf<Type extends number, Value> {
  readonly descriptor: {
    readonly name: string;
    readonly description: string;
    readonly unit: string;
    readonly valueType: number;
  };
  readonly aggregationTemporality: number;
  readonly dataPointType: Type;
  readonly dataPoints: readonly PointOf<Value>[];
}

export type GaugeBatch = MetricOf<typeof GAUGE, number | bigint>;
export type SumBatch = MetricOf<typeof SUM, number | bigint> & { readonly isMonotonic: boolean };
export type HistogramBatch = MetricOf<typeof HISTOGRAM, HistogramValue>;
export type ExponentialHistogramBatch = MetricOf<typeof EXPONENTIAL_HISTOGRAM, ExponentialHistogramValue>;
export type MetricBatch = GaugeBatch | SumBatch | HistogramBatch | ExponentialHistogramBatch;

/** Seconds and nanoseconds since the epoch. */
export type HrTime = readonly [seconds: number, nanoseconds: number];

export interface PointOf<Value> {
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly attributes: AttributeMap;
  readonly value: Value;
  /** Not in the SDK yet; this is the shape that its upstream work has. */
  readonly exemplars?: readonly ExemplarBatch[] | undefined;
}

export interface ExemplarBatch {
  /** Attributes of the measurement that the point does not have. */
  readonly filteredAttributes?: AttributeMap | undefined;
  readonly value: number | bigint;
  /** A bigint is epoch nanoseconds. */
  readonly timestamp: HrTime | bigint;
  /** 16 hex digits. Anything else is left out, and so is zero. */
  readonly spanId?: string | undefined;
  /** 32 hex digits. Anything else is left out, and so is zero. */
  readonly traceId?: string | undefined;
}

export interface HistogramValue {
  readonly buckets: { readonly boundaries: readonly number[]; readonly counts: readonly number[] };
  readonly count: number;
  readonly sum?: number | undefined;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

export interface ExponentialHistogramValue {
  readonly count: number;
  readonly sum?: number | undefined;
  readonly scale: number;
  readonly zeroCount: number;
  readonly positive: { readonly offset: number; readonly bucketCounts: readonly number[] };
  readonly negative: { readonly offset: number; readonly bucketCounts: readonly number[] };
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}
