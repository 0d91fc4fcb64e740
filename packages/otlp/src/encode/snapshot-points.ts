import type {
  EndedSeries,
  Exemplar,
  Key,
  MetricType,
  NumberSeries,
  ScopeSnapshot,
  SeriesCursor,
  SeriesNotes,
  SeriesNumbers,
  SnapshotMetric,
} from '@ostinato/core';
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
import { keep } from './notes.ts';
import { writeBuckets, writeExemplars } from './sdk-points.ts';
import type { ExemplarBatch } from './sdk-types.ts';
import type { UnitBuilder } from './unit-builder.ts';
import { highHalf, lowHalf, varintSize, Writer } from './writer.ts';

const DATA: Readonly<Record<MetricType, DataTags>> = {
  counter: SUM_DATA,
  gauge: GAUGE_DATA,
  histogram: HISTOGRAM_DATA,
  exponentialHistogram: EXPONENTIAL_DATA,
};

const scratch = new Writer(1024);

/** `DataPointFlags`: no value was recorded, which ends a series at the receiver. */
const NO_RECORDED_VALUE = 1;
const NANOS_PER_MILLI = 1_000_000n;
/**
 * Nanoseconds: a series that began longer before its first export gets no zero point. Receivers refuse what is old,
 * Prometheus the whole request with it, and what was counted over a long time did not come all at once.
 */
const OLDEST_ZERO = 10n * 60n * 1000n * NANOS_PER_MILLI;

/** A series at its start. */
class Zero implements SeriesCursor {
  readonly metric: SnapshotMetric;
  readonly key: Key;
  readonly start: bigint;
  readonly born = false;
  readonly value = 0;
  readonly count = 0;
  readonly sum = 0;
  readonly min = Number.NaN;
  readonly max = Number.NaN;
  readonly zeroCount = 0;
  readonly scale: number;
  readonly offset = 0;
  readonly counts: Float64Array;
  readonly length: number;

  constructor({ metric, key, start }: EndedSeries, scale = 0) {
    this.metric = metric;
    this.key = key;
    this.start = start;
    this.scale = scale;
    this.length = metric.type === 'histogram' ? metric.bounds.length + 1 : 0;
    this.counts = new Float64Array(this.length);
  }
}

/** Reads a scope's series straight into points, run by run. */
export class SnapshotPoints {
  readonly #builder: UnitBuilder;
  readonly #zeroPoints: boolean;
  readonly #time: bigint;
  #timeLow = 0;
  #timeHigh = 0;
  /** Of the points that are written now. */
  #flags = 0;
  #metric: SnapshotMetric | undefined;
  /** The packed bounds of the current metric, one field that all its points repeat. */
  #bounds: Uint8Array = new Uint8Array(0);
  /** The last start time and its halves: most series share one. */
  #start = 0n;
  #startLow = 0;
  #startHigh = 0;

  /** `zeroPoints`: a series that was born begins with a point of zero at its start. */
  constructor(builder: UnitBuilder, snapshot: ScopeSnapshot, zeroPoints: boolean) {
    this.#builder = builder;
    this.#zeroPoints = zeroPoints;
    this.#time = snapshot.time;
    this.#at(snapshot.time);
  }

  add(series: SeriesCursor): void {
    if (series.born && this.#zeroPoints) this.#zero(series);
    this.#add(series);
  }

  /** Points that lie one after the other are added as one. */
  addNumbers({ metric, count, series, starts, values }: SeriesNumbers): void {
    if (metric !== this.#metric) this.#begin(metric);
    let store: DataView | undefined;
    let first = 0;
    let last = 0;
    let points = 0;
    for (let i = 0; i < count; i++) {
      const each = series[i] as NumberSeries;
      if (each.store === undefined) keepNumber(each, metric, each.key);
      const from = this.#renew(each, starts[i] as bigint, values[i] as number);
      if (from !== last || each.store !== store) {
        if (store !== undefined) this.#builder.add(store, first, last, points);
        store = each.store;
        first = from;
        points = 0;
      }
      last = each.end;
      points++;
    }
    if (store !== undefined) this.#builder.add(store, first, last, points);
  }

  /** Says that there is no value of a series any more. */
  end(series: EndedSeries): void {
    this.#flags = NO_RECORDED_VALUE;
    this.#add(new Zero(series));
    this.#flags = 0;
  }

  #zero(series: SeriesCursor): void {
    const { start } = series;
    // Prometheus counts in milliseconds and refuses a second value for one of them.
    const isApart = start / NANOS_PER_MILLI < this.#time / NANOS_PER_MILLI;
    if (!isApart || this.#time - start > OLDEST_ZERO) return;
    this.#at(start);
    this.#add(new Zero(series, series.scale));
    this.#at(this.#time);
  }

  /** The time of the points that follow. */
  #at(time: bigint): void {
    this.#timeLow = lowHalf(time);
    this.#timeHigh = highHalf(time);
  }

  #add(series: SeriesCursor): void {
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
    const { notes } = series;
    if (notes !== undefined && notes.store === undefined) keepNumber(notes, series.metric, series.key);
    if (notes?.store === undefined || series.exemplars !== undefined) this.#writeNumber(series);
    else this.#builder.add(notes.store, this.#renew(notes, series.start, series.value), notes.end, 1);
  }

  /** A kept point is as it was but for its times and value. Returns where it begins. */
  #renew({ store, attributes, end }: SeriesNotes, start: bigint, value: number): number {
    this.#startsAt(start);
    store?.setUint32(attributes + NUMBER_START, this.#startLow, true);
    store?.setUint32(attributes + NUMBER_START + 4, this.#startHigh, true);
    store?.setUint32(attributes + NUMBER_TIME, this.#timeLow, true);
    store?.setUint32(attributes + NUMBER_TIME + 4, this.#timeHigh, true);
    store?.setFloat64(attributes + NUMBER_VALUE, value, true);
    const size = end - attributes + NUMBER_HEAD;
    return end - size - varintSize(size) - 1;
  }

  #writeNumber(series: SeriesCursor): void {
    const builder = this.#builder;
    const { writer } = builder;
    const at = builder.begin();
    this.#times(writer, NUMBER.start, NUMBER.time, series.start);
    if (this.#flags === 0) writer.doubleField(NUMBER.asDouble, series.value);
    writeLabels(writer, NUMBER.attributes, series);
    writeExemplars(writer, NUMBER.exemplars, series.exemplars?.map(batchOf), false);
    this.#finish(writer, NUMBER.flags);
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
    writeLabels(writer, HISTOGRAM_POINT.attributes, series);
    writeKnown(writer, HISTOGRAM_POINT.min, series.min);
    writeKnown(writer, HISTOGRAM_POINT.max, series.max);
    writeExemplars(writer, HISTOGRAM_POINT.exemplars, series.exemplars?.map(batchOf), false);
    this.#finish(writer, HISTOGRAM_POINT.flags);
    builder.end(at);
  }

  #exponentialHistogram(series: SeriesCursor): void {
    const builder = this.#builder;
    const { writer } = builder;
    const at = builder.begin();
    writeLabels(writer, EXPONENTIAL_POINT.attributes, series);
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
    writeExemplars(writer, EXPONENTIAL_POINT.exemplars, series.exemplars?.map(batchOf), false);
    this.#finish(writer, EXPONENTIAL_POINT.flags);
    builder.end(at);
  }

  #finish(writer: Writer, flagsTag: number): void {
    if (this.#flags === 0) return;
    writer.byte(flagsTag);
    writer.byte(this.#flags);
  }

  #startsAt(start: bigint): void {
    if (start === this.#start) return;
    this.#start = start;
    this.#startLow = lowHalf(start);
    this.#startHigh = highHalf(start);
  }

  #times(writer: Writer, startTag: number, timeTag: number, start: bigint): void {
    this.#startsAt(start);
    writer.fixed64Field(startTag, this.#startLow, this.#startHigh);
    writer.fixed64Field(timeTag, this.#timeLow, this.#timeHigh);
  }
}

function batchOf({ value, time, traceId, spanId, filteredLabels }: Exemplar): ExemplarBatch {
  return { value, timestamp: time, traceId, spanId, filteredAttributes: Object.fromEntries(filteredLabels) };
}

/*
 * What is kept with a series stays true: its key is frozen, and its metric, whose points say which tags, of one type.
 * A counter or gauge keeps its whole point, a histogram its attributes.
 */

/** Where a number's fields lie, from its attributes on: before them. */
const NUMBER_HEAD = 27;
const NUMBER_START = 1 - NUMBER_HEAD;
const NUMBER_TIME = 10 - NUMBER_HEAD;
const NUMBER_VALUE = 19 - NUMBER_HEAD;

function keepNumber(notes: SeriesNotes, { type }: SnapshotMetric, key: Key): void {
  scratch.length = 0;
  scratch.byte(DATA[type].points);
  const at = scratch.open();
  scratch.fixed64Field(NUMBER.start, 0, 0);
  scratch.fixed64Field(NUMBER.time, 0, 0);
  scratch.doubleField(NUMBER.asDouble, 0);
  const from = scratch.length;
  encodeLabels(scratch, NUMBER.attributes, key);
  const size = scratch.length - from;
  scratch.close(at);
  keep(notes, scratch.bytes.subarray(0, scratch.length), size);
}

function writeLabels(writer: Writer, fieldTag: number, { key, notes }: SeriesCursor): void {
  if (notes?.store !== undefined) {
    writer.copy(notes.store, notes.attributes, notes.end);
    return;
  }
  const from = writer.length;
  encodeLabels(writer, fieldTag, key);
  const size = writer.length - from;
  if (notes !== undefined) keep(notes, writer.bytes.subarray(from, writer.length), size);
}

function encodeLabels(writer: Writer, fieldTag: number, { labels }: Key): void {
  for (const [name, value] of labels) writeAttribute(writer, fieldTag, name, value);
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
