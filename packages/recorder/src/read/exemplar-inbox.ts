import type { Exemplar } from '@ostinato/core';
import type { CollectedMetric, CollectedSeries } from './collected.ts';

/** Exemplars of a series without explicit buckets that wait for one reader, at most. */
const PER_SERIES = 20;
/** Of all series. */
const IN_ALL = 10_000;

/**
 * The exemplars that one reader has not seen yet. It is as if the series' reservoirs of all threads, and of all rounds
 * since this reader last looked, were one: one sample for each explicit bucket, or some of all. Beyond the bound, those
 * of the series that waited longest are dropped.
 */
export class ExemplarInbox {
  readonly #random: () => number;
  readonly #waiting = new Map<CollectedSeries, Exemplar[]>();
  #size = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  add(metric: CollectedMetric, series: CollectedSeries, exemplar: Exemplar): void {
    let waiting = this.#waiting.get(series);
    if (waiting === undefined) {
      waiting = [];
      this.#waiting.set(series, waiting);
    }
    const at = this.#placeIn(waiting, metric, exemplar);
    if (at === waiting.length) this.#size++;
    waiting[at] = exemplar;
    if (this.#size > IN_ALL) this.#dropOldest();
  }

  /** Whether any wait of a series. */
  has(series: CollectedSeries): boolean {
    return this.#size > 0 && this.#waiting.has(series);
  }

  /**
   * Those of a series, recorded from `start` up to `time`; neither they nor earlier ones come again. Ascending, as
   * Prometheus takes them for: one that comes behind a larger one it files under a bucket that is too high.
   */
  take(series: CollectedSeries, start: bigint, time: bigint): readonly Exemplar[] | undefined {
    const waiting = this.#size === 0 ? undefined : this.#waiting.get(series);
    if (waiting === undefined) return undefined;
    const taken = waiting.filter((exemplar) => exemplar.time <= time);
    this.#size -= taken.length;
    if (taken.length === waiting.length) this.#waiting.delete(series);
    else
      this.#waiting.set(
        series,
        waiting.filter((exemplar) => exemplar.time > time),
      );
    const shown = taken.filter((exemplar) => exemplar.time >= start);
    return shown.length === 0 ? undefined : shown.sort((a, b) => a.value - b.value);
  }

  #placeIn(waiting: readonly Exemplar[], metric: CollectedMetric, { value }: Exemplar): number {
    if (metric.type === 'histogram') {
      const bucket = bucketOf(metric.bounds, value);
      const same = waiting.findIndex((other) => bucketOf(metric.bounds, other.value) === bucket);
      return same < 0 ? waiting.length : same;
    }
    return waiting.length < PER_SERIES ? waiting.length : Math.floor(this.#random() * PER_SERIES);
  }

  #dropOldest(): void {
    for (const [series, { length }] of this.#waiting) {
      this.#waiting.delete(series);
      this.#size -= length;
      return;
    }
  }
}

function bucketOf(bounds: readonly number[], value: number): number {
  const bucket = bounds.findIndex((bound) => value <= bound);
  return bucket < 0 ? bounds.length : bucket;
}
