import type { CounterSink, HistogramSink } from '@ostinato/core';
import type { CounterCell } from './counter.ts';
import type { ExemplarPool } from './exemplar-pool.ts';
import { ExplicitHistogram } from './explicit-histogram.ts';
import type { ExponentialHistogram } from './exponential-histogram.ts';
import { Reservoir } from './reservoir.ts';

/*
 * Sinks that keep exemplars, in front of those that count: where there are none, nothing is different. A sample is
 * counted first, so that no exemplar is seen without its sample.
 */

/** Exemplars of a counter. */
const OF_COUNTER = 1;
/** Of a histogram that has no explicit buckets (OpenTelemetry metrics SDK, "Exemplar defaults"). */
const OF_EXPONENTIAL = 20;

/** Its cell gives no slots, so that each increment comes here by the handle's escape. */
export class SampledCounter extends Reservoir implements CounterSink {
  readonly inner: CounterCell;
  private countdown = 0;

  constructor(pool: ExemplarPool, inner: CounterCell) {
    super(pool, inner.series, OF_COUNTER);
    this.inner = inner;
  }

  rearm(): void {
    this.countdown = 0;
  }

  increment(by: number): void {
    if (this.inner.increment(by) && --this.countdown <= 0) this.countdown = this.offer(0, by);
  }

  /** No exemplar: a total is no sample. */
  absolute(value: number): void {
    this.inner.absolute(value);
  }
}

/** One class for both kinds of histogram: a handle's call site sees few. */
export class SampledHistogram extends Reservoir implements HistogramSink {
  readonly inner: ExplicitHistogram | ExponentialHistogram;
  /** By what `inner.record` returns. */
  private readonly countdowns: number[];

  constructor(pool: ExemplarPool, inner: ExplicitHistogram | ExponentialHistogram) {
    super(pool, inner.series, inner instanceof ExplicitHistogram ? 1 : OF_EXPONENTIAL);
    this.inner = inner;
    this.countdowns = new Array<number>(inner.groups).fill(0);
  }

  rearm(): void {
    this.countdowns.fill(0);
  }

  record(value: number, count: number): void {
    const group = this.inner.record(value, count);
    const { countdowns } = this;
    const left = (countdowns[group] as number) - count;
    countdowns[group] = left > 0 ? left : this.offer(group, value);
  }
}
