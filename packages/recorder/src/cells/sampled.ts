import { type Cell, CounterCell, type CounterStore, type HistogramSink } from '@ostinato/core';
import { makeCell } from './cell.ts';
import type { Counters } from './counter.ts';
import type { ExemplarPool } from './exemplar-pool.ts';
import type { ExplicitHistogram } from './explicit-histogram.ts';
import type { ExponentialHistogram } from './exponential-histogram.ts';
import { Reservoir } from './reservoir.ts';

/*
 * Sinks that keep exemplars, in front of those that count: where there are none, nothing is different. A sample is
 * counted first, so that no exemplar is seen without its sample.
 */

/** Exemplars of a counter. */
const OF_COUNTER = 1;
/** Of each bucket of a histogram, or of one that has no explicit buckets (OpenTelemetry metrics SDK, "Exemplar defaults"). */
const OF_BUCKET = 1;
const OF_EXPONENTIAL = 20;
/** The sample that is offered. */
const wanted = new Float64Array(1);

/** Its handle takes the fast path from one sample that is wanted to the next. */
export class SampledCounter extends Reservoir implements CounterStore {
  readonly cell: CounterCell;
  readonly inner: CounterCell;
  left = 0;

  /** `inner` is one of `Counters`. */
  constructor(pool: ExemplarPool, inner: CounterCell) {
    super(pool, inner.series, OF_COUNTER);
    this.cell = new CounterCell(this, inner.series, inner.index, undefined);
    this.inner = inner;
  }

  rearm(): void {
    this.left = 0;
  }

  increment(by: number): void {
    if (!(this.inner.store as Counters).increment(by, this.inner)) return;
    this.cell.slots = this.inner.slots;
    // It may come by the handle, which has counted down, or from somewhere else.
    this.left--;
    if (this.left <= 0) this.left = this.offer(0, by);
  }

  /** No exemplar: a total is no sample. */
  absolute(value: number): void {
    this.inner.absolute(value);
  }
}

/** By bucket. */
export class SampledExplicit extends Reservoir implements HistogramSink {
  readonly cell: Cell<HistogramSink>;
  readonly inner: ExplicitHistogram;
  private readonly countdowns: Int32Array;
  private readonly firstBucket: number;

  constructor(pool: ExemplarPool, inner: ExplicitHistogram) {
    super(pool, inner.series, OF_BUCKET);
    this.cell = makeCell<HistogramSink>(inner.cell.slots, inner.cell.index, this);
    this.inner = inner;
    this.countdowns = new Int32Array(inner.buckets);
    this.firstBucket = inner.firstBucket;
  }

  rearm(): void {
    this.countdowns.fill(0);
  }

  record(value: number, count: number): void {
    this.count(this.inner.record(value, count), value, count);
  }

  take(value: number, slots: Float64Array): number {
    const bucket = this.inner.take(value, slots);
    if (bucket >= 0) this.count(bucket, value, 1);
    return bucket;
  }

  private count(bucket: number, value: number, count: number): void {
    const group = bucket - this.firstBucket;
    const left = (this.countdowns[group] as number) - count;
    if (left > 0) {
      this.countdowns[group] = left;
    } else {
      // As an argument it would be put on the heap, at each call.
      wanted[0] = value;
      this.next(group);
    }
  }

  private next(group: number): void {
    this.countdowns[group] = this.offer(group, wanted[0] as number);
  }
}

/** Some of all samples: the buckets are too many, and move, for one each. */
export class SampledExponential extends Reservoir implements HistogramSink {
  readonly cell: Cell<HistogramSink>;
  readonly inner: ExponentialHistogram;
  private left = 0;

  constructor(pool: ExemplarPool, inner: ExponentialHistogram) {
    super(pool, inner.series, OF_EXPONENTIAL);
    this.cell = makeCell<HistogramSink>(inner.cell.slots, inner.cell.index, this);
    this.inner = inner;
  }

  rearm(): void {
    this.left = 0;
  }

  record(value: number, count: number): void {
    this.inner.record(value, count);
    this.left -= count;
    if (this.left <= 0) this.left = this.offer(0, value);
  }

  take(value: number, slots: Float64Array): number {
    if (this.inner.take(value, slots) < 0) return -1;
    if (--this.left <= 0) {
      wanted[0] = value;
      this.next();
    }
    return 0;
  }

  private next(): void {
    this.left = this.offer(0, wanted[0] as number);
  }
}
