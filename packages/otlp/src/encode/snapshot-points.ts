import type { Key, MetricType, ScopeSnapshot, SeriesCursor, SnapshotMetric } from '@ostinato/core';
import { writeAttribute } from './attributes.ts';
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
} from './layout.ts';
import { writeBuckets } from './sdk-points.ts';
import type { UnitBuilder } from './unit-builder.ts';
import { highHalf, lowHalf, Writer } from './writer.ts';

/** The attributes of a series as they stand in its points. */
type AttributeBytes = WeakMap<Key, Uint8Array>;

/**
 * By the point type, whose field number they hold. Keyed by the frozen key of a series, never by attributes that
 * somebody may change.
 */
const ofNumber: AttributeBytes = new WeakMap();
const ofHistogram: AttributeBytes = new WeakMap();
const ofExponential: AttributeBytes = new WeakMap();

const DATA: Readonly<Record<MetricType, DataTags>> = {
  counter: SUM_DATA,
  gauge: GAUGE_DATA,
  histogram: HISTOGRAM_DATA,
  exponentialHistogram: EXPONENTIAL_DATA,
};

const scratch = new Writer(1024);

/** Reads a scope's series straight into points, run by run. */
export class SnapshotPoints {
  readonly #builder: UnitBuilder;
  readonly #timeLow: number;
  readonly #timeHigh: number;
  #metric: SnapshotMetric | undefined;
  /** The packed bounds of the current metric, one field that all its points repeat. */
  #bounds: Uint8Array = new Uint8Array(0);
  /** The last start time and its halves: most series share one. */
  #start = 0n;
  #startLow = 0;
  #startHigh = 0;

  constructor(builder: UnitBuilder, snapshot: ScopeSnapshot) {
    this.#builder = builder;
    this.#timeLow = lowHalf(snapshot.time);
    this.#timeHigh = highHalf(snapshot.time);
  }

  add(series: SeriesCursor): void {
    const { metric } = series;
    if (metric !== this.#metric) this.#begin(metric);
    switch (metric.type) {
      case 'counter':
      case 'gauge':
        this.#number(series);
        return;
      case 'histogram':
        this.#histogram(series);
        return;
      case 'exponentialHistogram':
        this.#exponentialHistogram(series);
        return;
      default:
        metric.type satisfies never;
    }
  }

  #begin(metric: SnapshotMetric): void {
    this.#metric = metric;
    const temporality = metric.temporality === 'delta' ? 1 : 2;
    const monotonic = metric.type === 'counter';
    this.#builder.metric(encodeMetric(metric, DATA[metric.type], temporality, monotonic));
    if (metric.type === 'histogram') this.#bounds = encodeBounds(metric.bounds);
  }

  #number(series: SeriesCursor): void {
    const builder = this.#builder;
    const { writer } = builder;
    const at = builder.begin();
    this.#times(writer, NUMBER.start, NUMBER.time, series.start);
    writer.doubleField(NUMBER.asDouble, series.value);
    writer.raw(attributesOf(series.key, ofNumber, NUMBER.attributes));
    builder.end(at);
  }

  #histogram(series: SeriesCursor): void {
    const builder = this.#builder;
    const { writer } = builder;
    const at = builder.begin();
    this.#times(writer, HISTOGRAM_POINT.start, HISTOGRAM_POINT.time, series.start);
    writer.countField(HISTOGRAM_POINT.count, series.count);
    writer.doubleField(HISTOGRAM_POINT.sum, series.sum);
    const { counts, length } = series;
    if (length > 0) {
      writer.byte(HISTOGRAM_POINT.counts);
      writer.varint(length * 8);
      for (let i = 0; i < length; i++) writer.count64(counts[i] as number);
    }
    writer.raw(this.#bounds);
    writer.raw(attributesOf(series.key, ofHistogram, HISTOGRAM_POINT.attributes));
    writeKnown(writer, HISTOGRAM_POINT.min, series.min);
    writeKnown(writer, HISTOGRAM_POINT.max, series.max);
    builder.end(at);
  }

  #exponentialHistogram(series: SeriesCursor): void {
    const builder = this.#builder;
    const { writer } = builder;
    const at = builder.begin();
    writer.raw(attributesOf(series.key, ofExponential, EXPONENTIAL_POINT.attributes));
    this.#times(writer, EXPONENTIAL_POINT.start, EXPONENTIAL_POINT.time, series.start);
    writer.countField(EXPONENTIAL_POINT.count, series.count);
    writer.doubleField(EXPONENTIAL_POINT.sum, series.sum);
    if (series.scale !== 0) {
      writer.byte(EXPONENTIAL_POINT.scale);
      writer.sint32(series.scale);
    }
    writer.countField(EXPONENTIAL_POINT.zeroCount, series.zeroCount);
    writer.byte(EXPONENTIAL_POINT.positive);
    writeBuckets(writer, series.offset, series.counts, series.length);
    // A series holds no negative samples.
    writer.byte(EXPONENTIAL_POINT.negative);
    writer.byte(0);
    writeKnown(writer, EXPONENTIAL_POINT.min, series.min);
    writeKnown(writer, EXPONENTIAL_POINT.max, series.max);
    builder.end(at);
  }

  #times(writer: Writer, startTag: number, timeTag: number, start: bigint): void {
    if (start !== this.#start) {
      this.#start = start;
      this.#startLow = lowHalf(start);
      this.#startHigh = highHalf(start);
    }
    writer.fixed64Field(startTag, this.#startLow, this.#startHigh);
    writer.fixed64Field(timeTag, this.#timeLow, this.#timeHigh);
  }
}

function attributesOf(key: Key, cache: AttributeBytes, fieldTag: number): Uint8Array {
  const known = cache.get(key);
  if (known !== undefined) return known;
  scratch.length = 0;
  for (const [name, value] of key.labels) writeAttribute(scratch, fieldTag, name, value);
  // A copy in Buffer's pool: thousands of small allocations outside the heap would burden the garbage collector.
  const bytes = Buffer.from(scratch.bytes.subarray(0, scratch.length));
  cache.set(key, bytes);
  return bytes;
}

function encodeBounds(bounds: readonly number[]): Uint8Array {
  scratch.length = 0;
  if (bounds.length > 0) {
    scratch.byte(HISTOGRAM_POINT.bounds);
    scratch.varint(bounds.length * 8);
    for (const bound of bounds) scratch.double(bound);
  }
  return scratch.slice();
}

/** NaN is how a snapshot says that there is none. */
function writeKnown(writer: Writer, fieldTag: number, value: number): void {
  if (Number.isNaN(value)) return;
  writer.doubleField(fieldTag, value);
}
