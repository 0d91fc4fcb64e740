import { decodeRequest } from './decode.ts';
import type {
  AnyValue,
  Buckets,
  Exemplar,
  ExponentialHistogramDataPoint,
  HistogramDataPoint,
  KeyValue,
  Metric,
  NumberDataPoint,
  ResourceMetrics,
} from './messages.ts';
import {
  type AttributeMap,
  CUMULATIVE,
  DELTA,
  EXPONENTIAL_HISTOGRAM,
  type ExemplarBatch,
  type ExponentialHistogramValue,
  GAUGE,
  HISTOGRAM,
  type HistogramValue,
  type HrTime,
  INT,
  type MetricBatch,
  type MetricsBatch,
  type PointOf,
  SUM,
} from './sdk-types.ts';

const DOUBLE = 1;
/** No `AggregationTemporality`: it goes out as unspecified, which is what came in. */
const UNSPECIFIED = 2;
const NO_RECORDED_VALUE = 1;
const NANOS = 1_000_000_000n;

/**
 * A serialized unit as the SDK's `ResourceMetrics`, for exporters that take nothing else; the opposite of
 * `encodeBatch`. What the SDK has no form for is not in it: integers beyond 2^53 are rounded, points that only say that
 * no value was recorded are left out, `zeroThreshold` too. Exemplars are there in the shape of the SDK's upstream work,
 * which its own exporters do not read yet.
 */
export function toSdk(bytes: Uint8Array): MetricsBatch {
  const [{ resource, schemaUrl, scopeMetrics = [] } = {} as ResourceMetrics] =
    decodeRequest(bytes).resourceMetrics ?? [];
  return {
    resource: new PlainResource(attributesOf(resource?.attributes), schemaUrl),
    scopeMetrics: scopeMetrics
      .map(({ scope = {}, metrics = [], schemaUrl: ofScope }) => ({
        scope: {
          name: scope.name ?? '',
          version: scope.version,
          schemaUrl: ofScope,
          ...(scope.attributes && { attributes: attributesOf(scope.attributes) }),
          ...(scope.droppedAttributesCount && { droppedAttributesCount: scope.droppedAttributesCount }),
        },
        metrics: metrics.map(metricOf).filter((metric) => metric !== undefined),
      }))
      .filter(({ metrics }) => metrics.length > 0),
  };
}

/** The SDK's `Resource`, which is an interface there and made by functions of a package that need not be installed. */
class PlainResource {
  readonly attributes: AttributeMap;
  readonly schemaUrl: string | undefined;
  readonly asyncAttributesPending = false;

  constructor(attributes: AttributeMap, schemaUrl: string | undefined) {
    this.attributes = attributes;
    this.schemaUrl = schemaUrl;
  }

  getRawAttributes(): [string, unknown][] {
    return Object.entries(this.attributes);
  }

  merge(other: PlainResource | null): PlainResource {
    if (other === null) return this;
    return new PlainResource({ ...this.attributes, ...other.attributes }, other.schemaUrl ?? this.schemaUrl);
  }
}

/** Undefined for a metric without points, and for a summary: the SDK makes none, so no unit holds one. */
function metricOf(metric: Metric): MetricBatch | undefined {
  const { gauge, sum, histogram, exponentialHistogram } = metric;
  const described = (dataPoints: readonly unknown[], valueType: number, temporality = 0) =>
    dataPoints.length === 0
      ? undefined
      : {
          descriptor: {
            name: metric.name ?? '',
            description: metric.description ?? '',
            unit: metric.unit ?? '',
            valueType,
          },
          aggregationTemporality: temporality === 1 ? DELTA : temporality === 2 ? CUMULATIVE : UNSPECIFIED,
        };
  if (gauge !== undefined || sum !== undefined) {
    const wire = ((gauge ?? sum)?.dataPoints ?? []).filter(hasValue);
    const dataPoints = wire.map((point) => pointOf(point, numberOf(point)));
    const valueType = wire.every(({ asInt }) => asInt !== undefined) ? INT : DOUBLE;
    const common = described(wire, valueType, sum === undefined ? 2 : sum.aggregationTemporality);
    if (common === undefined) return undefined;
    return sum === undefined
      ? { ...common, dataPointType: GAUGE, dataPoints }
      : { ...common, dataPointType: SUM, isMonotonic: sum.isMonotonic ?? false, dataPoints };
  }
  if (histogram !== undefined) {
    const wire = (histogram.dataPoints ?? []).filter(hasValue);
    const common = described(wire, DOUBLE, histogram.aggregationTemporality);
    const dataPoints = wire.map((point) => pointOf(point, histogramOf(point)));
    return common && { ...common, dataPointType: HISTOGRAM, dataPoints };
  }
  if (exponentialHistogram !== undefined) {
    const wire = (exponentialHistogram.dataPoints ?? []).filter(hasValue);
    const common = described(wire, DOUBLE, exponentialHistogram.aggregationTemporality);
    const dataPoints = wire.map((point) => pointOf(point, exponentialOf(point)));
    return common && { ...common, dataPointType: EXPONENTIAL_HISTOGRAM, dataPoints };
  }
  return undefined;
}

function hasValue({ flags = 0 }: { readonly flags?: number }): boolean {
  return (flags & NO_RECORDED_VALUE) === 0;
}

type AnyPoint = NumberDataPoint | HistogramDataPoint | ExponentialHistogramDataPoint;

function pointOf<Value>(point: AnyPoint, value: Value): PointOf<Value> {
  return {
    startTime: hrTime(point.startTimeUnixNano),
    endTime: hrTime(point.timeUnixNano),
    attributes: attributesOf(point.attributes),
    value,
    ...(point.exemplars && { exemplars: point.exemplars.map(exemplarOf) }),
  };
}

function numberOf({ asInt, asDouble = 0 }: NumberDataPoint | Exemplar): number {
  return asInt === undefined ? asDouble : Number(asInt);
}

function histogramOf(point: HistogramDataPoint): HistogramValue {
  const { count, sum, min, max, explicitBounds = [], bucketCounts = [] } = point;
  const buckets = { boundaries: explicitBounds, counts: bucketCounts.map(Number) };
  return { buckets, count: Number(count ?? 0), sum, min, max };
}

function exponentialOf(point: ExponentialHistogramDataPoint): ExponentialHistogramValue {
  const { count, sum, min, max, scale = 0, zeroCount, positive, negative } = point;
  return {
    count: Number(count ?? 0),
    sum,
    scale,
    zeroCount: Number(zeroCount ?? 0),
    positive: bucketsOf(positive),
    negative: bucketsOf(negative),
    min,
    max,
  };
}

function bucketsOf({ offset = 0, bucketCounts = [] }: Buckets = {}) {
  return { offset, bucketCounts: bucketCounts.map(Number) };
}

function exemplarOf(exemplar: Exemplar): ExemplarBatch {
  const { timeUnixNano, filteredAttributes, spanId, traceId } = exemplar;
  return {
    filteredAttributes: attributesOf(filteredAttributes),
    value: numberOf(exemplar),
    timestamp: hrTime(timeUnixNano),
    spanId,
    traceId,
  };
}

function hrTime(nanos = '0'): HrTime {
  const time = BigInt(nanos);
  return [Number(time / NANOS), Number(time % NANOS)];
}

/** Own properties, whatever their names. */
function attributesOf(list: readonly KeyValue[] = []): AttributeMap {
  return Object.fromEntries(list.map(({ key = '', value = {} }) => [key, plainValue(value)]));
}

function plainValue(value: AnyValue): unknown {
  if (value.intValue !== undefined) return Number(value.intValue);
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(plainValue);
  if (value.kvlistValue !== undefined) return attributesOf(value.kvlistValue.values);
  if (value.bytesValue !== undefined) return Uint8Array.from(Buffer.from(value.bytesValue, 'base64'));
  return value.stringValue ?? value.boolValue ?? value.doubleValue;
}
