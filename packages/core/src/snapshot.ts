import type { Key, Scope, Unit } from './recorder.ts';

/** `cumulative`: values since the series' start. `delta`: values since this reader's previous collection. */
export type Temporality = 'cumulative' | 'delta';

/** How the series of a metric are stored; `histogram` has explicit bounds. */
export type MetricType = 'counter' | 'gauge' | 'histogram' | 'exponentialHistogram';

/** A sample that a point was made of, and the span in which it was recorded (OpenTelemetry metrics data model, "Exemplars"). */
export interface Exemplar {
  readonly value: number;
  /** Epoch nanoseconds. */
  readonly time: bigint;
  /** 32 hex digits; undefined: there was no span. */
  readonly traceId: string | undefined;
  /** 16 hex digits. */
  readonly spanId: string | undefined;
  /** Labels of the sample that its series does not have: those of a series that was summed into another. */
  readonly filteredLabels: Key['labels'];
}

/** One metric of a snapshot: the same object for all its series. */
export interface SnapshotMetric {
  readonly scope: Scope;
  readonly name: string;
  readonly type: MetricType;
  readonly unit: Unit;
  readonly description: string;
  /** Not for gauges. A `lowmemory` reader reports counters that were set by `absolute` as cumulative. */
  readonly temporality: Temporality;
  /** Upper bounds, `type: 'histogram'` only (empty otherwise). */
  readonly bounds: readonly number[];
}

/**
 * One series as a snapshot's iterator stands on it. **One object is reused** for all of them: read it before
 * asking for the next. Fields that a metric's type does not have hold zero.
 */
export interface SeriesCursor {
  readonly metric: SnapshotMetric;
  readonly key: Key;
  /** Epoch nanoseconds; the same bigint object for all series that share it. */
  readonly start: bigint;
  /**
   * The series began, or began anew, since this reader last walked a collection to its end, from zero, and was not shown
   * since: what an exporter may say by a point of zero at `start`, once. Only in cumulative temporality, and never for gauges and for counters set by
   * `absolute`, whose beginning nobody knows.
   */
  readonly born: boolean;
  /** Counters and gauges. */
  readonly value: number;
  /** Histograms: the sum of the buckets, `zeroCount` included. */
  readonly count: number;
  readonly sum: number;
  /** Lifetime minimum and maximum; NaN where there is none (delta, or nothing recorded). */
  readonly min: number;
  readonly max: number;
  readonly zeroCount: number;
  /** Exponential histograms: bucket `i` of `counts` is `(base^(offset+i), base^(offset+i+1)]`, base `2^(2^-scale)`. */
  readonly scale: number;
  readonly offset: number;
  /** Bucket counts, the first `length` entries; explicit histograms have `bounds.length + 1`. */
  readonly counts: Float64Array;
  readonly length: number;
  /** Some of the samples since this reader last read the series, by ascending value. Not for gauges. Absent: none. */
  readonly exemplars?: readonly Exemplar[] | undefined;
  /** The same object as long as the series lives. Absent: nothing can be kept with it. */
  readonly notes?: SeriesNotes | undefined;
}

/** What an encoder keeps with a series, so that it need not look it up: bytes, next to those of other series. */
export interface SeriesNotes {
  /** Where they lie. Undefined: nothing is kept. */
  store: DataView | undefined;
  /** The labels as the attributes field of its points in OTLP protobuf, tags included, lie from here to `end`. */
  attributes: number;
  end: number;
}

/** Counters or gauges of one metric, of which start and value are all there is to say. **One object is reused.** */
export interface SeriesNumbers {
  readonly metric: SnapshotMetric;
  /** How many there are; of each of these, the first so many. */
  readonly count: number;
  readonly series: readonly NumberSeries[];
  readonly starts: readonly bigint[];
  readonly values: Float64Array;
}

export interface NumberSeries extends SeriesNotes {
  readonly key: Key;
}

/** Series that follow one another, to be gone through once. */
export interface SeriesRun extends Iterable<SeriesCursor> {
  /**
   * Those that come next and are numbers and no more, as many as can be had at once: much faster than one by one. They
   * count as passed. Undefined, or absent: the next one has to be iterated to.
   */
  numbers?(): SeriesNumbers | undefined;
}

/**
 * What one collection found, read lazily: a delta reader advances a series as the cursor passes it, so a series
 * that was not read is given back to the next collection, with its start time.
 */
export interface SeriesSource {
  readonly temporality: Temporality;
  /** When the collection took place, epoch nanoseconds. */
  readonly time: bigint;
  /**
   * The series in runs of at most `size`, grouped by metric. Between two runs a consumer may give way to the
   * event loop. It can be walked once; a second walk goes on where the first one stopped.
   */
  chunks(size: number): Iterable<SeriesRun>;
}

/** A series that is not exported any more. */
export interface EndedSeries {
  readonly metric: SnapshotMetric;
  readonly key: Key;
  readonly start: bigint;
}

/** The series of one scope. */
export interface ScopeSnapshot extends SeriesSource {
  readonly scope: Scope;
  /**
   * Cumulative readers: the series that expired since the previous collection, for exporters that tell receivers so. They
   * are not among the `chunks`.
   */
  ended?(): Iterable<EndedSeries>;
  /** Its metrics so far, also those that have no news: the same objects until more is learned of them. */
  readonly definitions?: readonly SnapshotMetric[];
}

/** All series, scope by scope. */
export interface Snapshot extends SeriesSource {
  readonly scopes: readonly ScopeSnapshot[];
}

/** Where a lazy ScopeMetrics (otel) carries its `ScopeSnapshot`, for exporters that can read it. */
export const SNAPSHOT = Symbol.for('ostinato.snapshot.v1');
