import { writeAttributes } from './attributes.ts';
import {
  type DataTags,
  EXPONENTIAL_DATA,
  EXPONENTIAL_POINT,
  encodeMetric,
  GAUGE_DATA,
  HISTOGRAM_DATA,
  HISTOGRAM_POINT,
  NUMBER,
  SUM_DATA,
  type WireTemporality,
} from './layout.ts';
import { buckets, exemplar, tag } from './schema.ts';
import {
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
  type PointOf,
  SUM,
} from './sdk-types.ts';
import type { UnitBuilder } from './unit-builder.ts';
import { highHalf, lowHalf, varintSize, type Writer } from './writer.ts';

const OFFSET = tag(buckets, 'offset');
const BUCKET_COUNTS = tag(buckets, 'bucketCounts');
const EXEMPLAR = {
  time: tag(exemplar, 'timeUnixNano'),
  asDouble: tag(exemplar, 'asDouble'),
  asInt: tag(exemplar, 'asInt'),
  filteredAttributes: tag(exemplar, 'filteredAttributes'),
  spanId: tag(exemplar, 'spanId'),
  traceId: tag(exemplar, 'traceId'),
} as const;

const INT64_END = 2 ** 63;

/** All points of a metric of the SDK. A metric of an unknown type is left out. */
export function addMetric(builder: UnitBuilder, metric: MetricBatch): void {
  const isInt = metric.descriptor.valueType === INT;
  switch (metric.dataPointType) {
    case GAUGE:
      begin(builder, metric, GAUGE_DATA, false);
      for (const point of metric.dataPoints) addNumber(builder, point, isInt);
      return;
    case SUM:
      begin(builder, metric, SUM_DATA, metric.isMonotonic);
      for (const point of metric.dataPoints) addNumber(builder, point, isInt);
      return;
    case HISTOGRAM:
      begin(builder, metric, HISTOGRAM_DATA, false);
      for (const point of metric.dataPoints) addHistogram(builder, point, isInt);
      return;
    case EXPONENTIAL_HISTOGRAM:
      begin(builder, metric, EXPONENTIAL_DATA, false);
      for (const point of metric.dataPoints) addExponentialHistogram(builder, point, isInt);
      return;
    default:
      metric satisfies never;
  }
}

function begin(builder: UnitBuilder, metric: MetricBatch, tags: DataTags, monotonic: boolean): void {
  builder.metric(encodeMetric(metric.descriptor, tags, wireTemporality(metric), monotonic));
}

function wireTemporality({ aggregationTemporality }: MetricBatch): WireTemporality {
  if (aggregationTemporality === DELTA) return 1;
  return aggregationTemporality === CUMULATIVE ? 2 : 0;
}

function addNumber(builder: UnitBuilder, point: PointOf<number | bigint>, isInt: boolean): void {
  const { writer } = builder;
  const at = builder.begin();
  writer.byte(NUMBER.start);
  writeHrTime(writer, point.startTime);
  writer.byte(NUMBER.time);
  writeHrTime(writer, point.endTime);
  writeValue(writer, NUMBER.asInt, NUMBER.asDouble, point.value, isInt);
  if (point.attributes) writeAttributes(writer, NUMBER.attributes, point.attributes);
  writeExemplars(writer, NUMBER.exemplars, point.exemplars, isInt);
  builder.end(at);
}

function addHistogram(builder: UnitBuilder, point: PointOf<HistogramValue>, isInt: boolean): void {
  const { writer } = builder;
  const { count, sum, min, max, buckets } = point.value;
  const at = builder.begin();
  writer.byte(HISTOGRAM_POINT.start);
  writeHrTime(writer, point.startTime);
  writer.byte(HISTOGRAM_POINT.time);
  writeHrTime(writer, point.endTime);
  writer.byte(HISTOGRAM_POINT.count);
  writer.count64(count);
  writeOptional(writer, HISTOGRAM_POINT.sum, sum);
  if (buckets.counts.length > 0) {
    writer.byte(HISTOGRAM_POINT.counts);
    writer.varint(buckets.counts.length * 8);
    for (const bucket of buckets.counts) writer.count64(bucket);
  }
  if (buckets.boundaries.length > 0) {
    writer.byte(HISTOGRAM_POINT.bounds);
    writer.varint(buckets.boundaries.length * 8);
    for (const bound of buckets.boundaries) writer.double(bound);
  }
  if (point.attributes) writeAttributes(writer, HISTOGRAM_POINT.attributes, point.attributes);
  writeOptional(writer, HISTOGRAM_POINT.min, min);
  writeOptional(writer, HISTOGRAM_POINT.max, max);
  writeExemplars(writer, HISTOGRAM_POINT.exemplars, point.exemplars, isInt);
  builder.end(at);
}

function addExponentialHistogram(
  builder: UnitBuilder,
  point: PointOf<ExponentialHistogramValue>,
  isInt: boolean,
): void {
  const { writer } = builder;
  const { count, sum, min, max, scale, zeroCount, positive, negative } = point.value;
  const at = builder.begin();
  if (point.attributes) writeAttributes(writer, EXPONENTIAL_POINT.attributes, point.attributes);
  writer.byte(EXPONENTIAL_POINT.start);
  writeHrTime(writer, point.startTime);
  writer.byte(EXPONENTIAL_POINT.time);
  writeHrTime(writer, point.endTime);
  writer.byte(EXPONENTIAL_POINT.count);
  writer.count64(count);
  writeOptional(writer, EXPONENTIAL_POINT.sum, sum);
  if (scale !== 0) {
    writer.byte(EXPONENTIAL_POINT.scale);
    writer.sint32(scale);
  }
  writer.byte(EXPONENTIAL_POINT.zeroCount);
  writer.count64(zeroCount);
  writer.byte(EXPONENTIAL_POINT.positive);
  writeBuckets(writer, positive.offset, positive.bucketCounts, positive.bucketCounts.length);
  writer.byte(EXPONENTIAL_POINT.negative);
  writeBuckets(writer, negative.offset, negative.bucketCounts, negative.bucketCounts.length);
  writeOptional(writer, EXPONENTIAL_POINT.min, min);
  writeOptional(writer, EXPONENTIAL_POINT.max, max);
  writeExemplars(writer, EXPONENTIAL_POINT.exemplars, point.exemplars, isInt);
  builder.end(at);
}

/** The buckets of one sign of an exponential histogram: the first `length` of `counts`. */
export function writeBuckets(
  writer: Writer,
  offset: number,
  counts: ArrayLike<number>,
  length: number,
): void {
  // All counts of one byte are the likeliest.
  const width = varintSize(length);
  const at = writer.open(width);
  if (offset !== 0) {
    writer.byte(OFFSET);
    writer.sint32(offset);
  }
  if (length > 0) {
    writer.byte(BUCKET_COUNTS);
    const countsAt = writer.open(width);
    writer.varints(counts, length);
    writer.close(countsAt, width);
  }
  writer.close(at, width);
}

function writeOptional(writer: Writer, fieldTag: number, value: number | undefined): void {
  if (value === undefined) return;
  writer.byte(fieldTag);
  writer.double(value);
}

/** A value of an integer instrument goes as an integer where sfixed64 can hold it, else as a double. */
function writeValue(
  writer: Writer,
  intTag: number,
  doubleTag: number,
  value: number | bigint,
  isInt: boolean,
): void {
  if (typeof value === 'bigint') {
    if (isInt && BigInt.asIntN(64, value) === value) {
      writer.byte(intTag);
      writer.fixed64(lowHalf(value), highHalf(value));
      return;
    }
  } else if (isInt && Number.isInteger(value) && value >= -INT64_END && value < INT64_END) {
    writer.byte(intTag);
    writer.fixed64(value >>> 0, Math.floor(value / 0x1_0000_0000) >>> 0);
    return;
  }
  writer.byte(doubleTag);
  writer.double(Number(value));
}

/**
 * Epoch nanoseconds, exact although they are beyond 2^53: seconds are taken in halves of 16 bits, so that each
 * product is exact, and the carry goes into the upper word.
 */
function writeHrTime(writer: Writer, [seconds, nanoseconds]: HrTime): void {
  const lower = (seconds & 0xffff) * 1e9;
  const upper = ((seconds / 0x1_0000) >>> 0) * 1e9;
  const low = (lower >>> 0) + (upper & 0xffff) * 0x1_0000 + nanoseconds;
  const high =
    Math.floor(lower / 0x1_0000_0000) + Math.floor(upper / 0x1_0000) + Math.floor(low / 0x1_0000_0000);
  writer.fixed64(low >>> 0, high >>> 0);
}

export function writeExemplars(
  writer: Writer,
  fieldTag: number,
  exemplars: readonly ExemplarBatch[] | undefined,
  isInt: boolean,
): void {
  if (exemplars === undefined) return;
  for (const one of exemplars) {
    writer.byte(fieldTag);
    const at = writer.open();
    writer.byte(EXEMPLAR.time);
    if (typeof one.timestamp === 'bigint') {
      writer.fixed64(lowHalf(one.timestamp), highHalf(one.timestamp));
    } else {
      writeHrTime(writer, one.timestamp);
    }
    writeValue(writer, EXEMPLAR.asInt, EXEMPLAR.asDouble, one.value, isInt);
    if (one.filteredAttributes) writeAttributes(writer, EXEMPLAR.filteredAttributes, one.filteredAttributes);
    writeId(writer, EXEMPLAR.spanId, one.spanId, 16);
    writeId(writer, EXEMPLAR.traceId, one.traceId, 32);
    writer.close(at);
  }
}

const HEX = /^[0-9a-fA-F]+$/;
const ZERO = /^0+$/;

/** A receiver refuses the whole request for one malformed id, so that is left out; the exemplar stays. */
function writeId(writer: Writer, fieldTag: number, id: string | undefined, digits: number): void {
  if (typeof id !== 'string' || id.length !== digits || !HEX.test(id) || ZERO.test(id)) return;
  writer.byte(fieldTag);
  writer.blob(Buffer.from(id, 'hex'));
}
