import type { CollectedMetric, CollectedSeries } from './collected.ts';
import { LOOK, MERGE, type Pace } from './rounds.ts';
import { SeriesList } from './series-list.ts';
import { WeakList } from './weak-list.ts';

/** A reader that is to have the last of a series, or to hear of its end. */
export interface DepartingReader {
  /** The series has expired. */
  expired(metric: CollectedMetric, series: CollectedSeries): void;
  /** Whether it has read all of an expired series. */
  hasRead(metric: CollectedMetric, series: CollectedSeries): boolean;
  /** Forgets the series, which is gone; what was not read of it is read as part of `overflow`, if there is one. */
  forget(metric: CollectedMetric, series: CollectedSeries, overflow: CollectedSeries | undefined): void;
}

/** What departures need of the collector. */
export interface DepartureActs {
  /** Nobody asks for the series any more. */
  forget(metric: CollectedMetric, series: CollectedSeries): void;
  /** Finds or makes a metric's overflow series. */
  overflowOf(metric: CollectedMetric): CollectedSeries;
}

/**
 * Expired series that some delta reader has not read to the end. They hold no slot, only their last totals, and there
 * are at most as many as there may be series: beyond that, what a reader that is behind has not read of the oldest
 * becomes part of its metric's overflow series, for that reader. So nothing is lost but the last values of gauges, which
 * do not add up, and no reader holds anything up.
 */
export class Departures {
  readonly #limit: number;
  readonly #readers = new WeakList<DepartingReader>();
  /** In order of expiry. */
  readonly #series = new Map<CollectedSeries, CollectedMetric>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** A reader that nobody uses any more is not kept. */
  attach(reader: DepartingReader): void {
    this.#readers.add(reader);
  }

  add(metric: CollectedMetric, series: CollectedSeries): void {
    this.#series.set(series, metric);
    for (const reader of this.#readers.active()) reader.expired(metric, series);
  }

  /** It is recorded on again. */
  cancel(series: CollectedSeries): void {
    this.#series.delete(series);
  }

  /** Lets go of those that need not be kept. */
  *pass(pace: Pace, acts: DepartureActs): Generator<undefined, void> {
    if (this.#series.size === 0) return;
    const readers = this.#readers.active();
    const left = new Set<CollectedMetric>();
    let tooMany = this.#series.size - this.#limit;
    for (const [series, metric] of this.#series) {
      if (pace.spent(MERGE * (readers.length + 1))) yield;
      const behind = readers.filter((reader) => !reader.hasRead(metric, series));
      const forced = behind.length > 0 && tooMany > 0 && series !== metric.overflow;
      if (behind.length > 0 && !forced) continue;
      const overflow = forced && metric.kind !== 'gauge' ? acts.overflowOf(metric) : undefined;
      for (const reader of readers) {
        reader.forget(metric, series, behind.includes(reader) ? overflow : undefined);
      }
      acts.forget(metric, series);
      this.#series.delete(series);
      left.add(metric);
      tooMany--;
    }
    for (const metric of left) {
      const list = new SeriesList();
      // Those that are added meanwhile are come to as well.
      for (const series of metric.series) {
        if (pace.spent(LOOK)) yield;
        if (series.state !== 'gone') list.push(series);
      }
      metric.list = list;
    }
  }
}
