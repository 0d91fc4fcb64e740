/** What the two encoders of points, of SDK objects and of snapshots, have in common: headers, trailers and tags. */
import { writeAttributes } from './attributes.ts';
import {
  exponentialHistogram,
  exponentialHistogramDataPoint,
  gauge,
  histogram,
  histogramDataPoint,
  instrumentationScope,
  type Message,
  metric as metricMessage,
  numberDataPoint,
  scopeMetrics,
  sum,
  tag,
} from './schema.ts';
import type { ScopeBatch } from './sdk-types.ts';
import type { EncodedMetric, EncodedScope } from './unit-builder.ts';
import { Writer } from './writer.ts';

const SCOPE = tag(scopeMetrics, 'scope');
const SCHEMA_URL = tag(scopeMetrics, 'schemaUrl');
const SCOPE_NAME = tag(instrumentationScope, 'name');
const SCOPE_VERSION = tag(instrumentationScope, 'version');
const SCOPE_ATTRIBUTES = tag(instrumentationScope, 'attributes');
const SCOPE_DROPPED = tag(instrumentationScope, 'droppedAttributesCount');

const NAME = tag(metricMessage, 'name');
const DESCRIPTION = tag(metricMessage, 'description');
const UNIT = tag(metricMessage, 'unit');

/** Tags of a kind of metric's data. */
export interface DataTags {
  readonly data: number;
  readonly points: number;
  /** 0 where the kind has none. */
  readonly temporality: number;
  readonly monotonic: number;
}

export const GAUGE_DATA = dataTags('gauge', gauge);
export const SUM_DATA = dataTags('sum', sum);
export const HISTOGRAM_DATA = dataTags('histogram', histogram);
export const EXPONENTIAL_DATA = dataTags('exponentialHistogram', exponentialHistogram);

function dataTags(member: string, data: Message): DataTags {
  const find = (name: string): number => data.fields.find((field) => field.name === name)?.tag ?? 0;
  return {
    data: tag(metricMessage, member),
    points: find('dataPoints'),
    temporality: find('aggregationTemporality'),
    monotonic: find('isMonotonic'),
  };
}

export const NUMBER = {
  start: tag(numberDataPoint, 'startTimeUnixNano'),
  time: tag(numberDataPoint, 'timeUnixNano'),
  asDouble: tag(numberDataPoint, 'asDouble'),
  asInt: tag(numberDataPoint, 'asInt'),
  attributes: tag(numberDataPoint, 'attributes'),
  exemplars: tag(numberDataPoint, 'exemplars'),
  flags: tag(numberDataPoint, 'flags'),
} as const;

const distribution = (point: Message) => ({
  start: tag(point, 'startTimeUnixNano'),
  time: tag(point, 'timeUnixNano'),
  count: tag(point, 'count'),
  sum: tag(point, 'sum'),
  attributes: tag(point, 'attributes'),
  min: tag(point, 'min'),
  max: tag(point, 'max'),
  exemplars: tag(point, 'exemplars'),
  flags: tag(point, 'flags'),
});

export const HISTOGRAM_POINT = {
  ...distribution(histogramDataPoint),
  counts: tag(histogramDataPoint, 'bucketCounts'),
  bounds: tag(histogramDataPoint, 'explicitBounds'),
} as const;

export const EXPONENTIAL_POINT = {
  ...distribution(exponentialHistogramDataPoint),
  scale: tag(exponentialHistogramDataPoint, 'scale'),
  zeroCount: tag(exponentialHistogramDataPoint, 'zeroCount'),
  positive: tag(exponentialHistogramDataPoint, 'positive'),
  negative: tag(exponentialHistogramDataPoint, 'negative'),
} as const;

/** `AggregationTemporality` on the wire; 0 is unspecified. */
export type WireTemporality = 0 | 1 | 2;

const scratch = new Writer(1024);

export function encodeScope(scope: ScopeBatch['scope']): EncodedScope {
  const writer = scratch;
  writer.length = 0;
  writer.byte(SCOPE);
  const at = writer.open();
  writer.byte(SCOPE_NAME);
  writer.string(scope.name);
  if (scope.version) {
    writer.byte(SCOPE_VERSION);
    writer.string(scope.version);
  }
  if (scope.attributes) writeAttributes(writer, SCOPE_ATTRIBUTES, scope.attributes);
  if (scope.droppedAttributesCount) {
    writer.byte(SCOPE_DROPPED);
    writer.varint(scope.droppedAttributesCount);
  }
  writer.close(at);
  const header = writer.slice();

  writer.length = 0;
  if (scope.schemaUrl) {
    writer.byte(SCHEMA_URL);
    writer.string(scope.schemaUrl);
  }
  return { header, trailer: writer.slice() };
}

export function encodeMetric(
  descriptor: { readonly name: string; readonly description: string; readonly unit: string },
  tags: DataTags,
  temporality: WireTemporality,
  monotonic: boolean,
): EncodedMetric {
  const writer = scratch;
  writer.length = 0;
  writer.byte(NAME);
  writer.string(descriptor.name);
  if (descriptor.description) {
    writer.byte(DESCRIPTION);
    writer.string(descriptor.description);
  }
  if (descriptor.unit) {
    writer.byte(UNIT);
    writer.string(descriptor.unit);
  }
  const header = writer.slice();

  writer.length = 0;
  if (tags.temporality !== 0 && temporality !== 0) {
    writer.byte(tags.temporality);
    writer.byte(temporality);
  }
  if (tags.monotonic !== 0 && monotonic) {
    writer.byte(tags.monotonic);
    writer.byte(1);
  }
  return { header, dataTag: tags.data, pointTag: tags.points, trailer: writer.slice() };
}
