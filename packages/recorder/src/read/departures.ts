import type { CollectedMetric, CollectedSeries } from './collector.ts';

/** A reader that remembers what it has read of a series. */
export interface DeltaReader {
  /** Whether it has read all of an expired series. */
  hasRead(metric: CollectedMetric, series: CollectedSeries): boolean;
  /** Forgets the series, which is gone; what was not read of it is read as part of `overflow`. */
  forget(metric: CollectedMetric, series: CollectedSeries, overflow: CollectedSeries | undefined): void;
}

/**
 * Expired series that some delta reader has not read to the end. They hold no slot, only their last totals, and there
 * are at most as many as there may be series: beyond that, what a reader that is behind has not read of the oldest
 * becomes part of its metric's overflow series, for that reader. So nothing is lost, and no reader holds anything up.
 */
export class Departures {
  readonly #limit: number;
  readonly #readers = new Set<WeakRef<DeltaReader>>();
  /** In order of expiry. */
  readonly #series = new Map<CollectedSeries, CollectedMetric>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** A reader that nobody uses any more is not kept. */
  attach(reader: DeltaReader): void {
    this.#readers.add(new WeakRef(reader));
  }

  add(metric: CollectedMetric, series: CollectedSeries): void {
    this.#series.set(series, metric);
  }

  /** It is recorded on again. */
  cancel(series: CollectedSeries): void {
    this.#series.delete(series);
  }

  /** Hands those that need not be kept to `forget`; `overflowOf` finds or makes a metric's overflow series. */
  pass(
    forget: (gone: ReadonlyMap<CollectedSeries, CollectedMetric>) => void,
    overflowOf: (metric: CollectedMetric) => CollectedSeries,
  ): void {
    if (this.#series.size === 0) return;
    const readers = this.#activeReaders();
    const gone = new Map<CollectedSeries, CollectedMetric>();
    let tooMany = this.#series.size - this.#limit;
    for (const [series, metric] of this.#series) {
      const behind = readers.filter((reader) => !reader.hasRead(metric, series));
      const forced = behind.length > 0 && tooMany > 0 && series !== metric.overflow;
      if (behind.length > 0 && !forced) continue;
      const overflow = forced ? overflowOf(metric) : undefined;
      for (const reader of readers) {
        reader.forget(metric, series, behind.includes(reader) ? overflow : undefined);
      }
      gone.set(series, metric);
      this.#series.delete(series);
      tooMany--;
    }
    if (gone.size > 0) forget(gone);
  }

  #activeReaders(): DeltaReader[] {
    const active: DeltaReader[] = [];
    for (const ref of this.#readers) {
      const reader = ref.deref();
      if (reader === undefined) this.#readers.delete(ref);
      else active.push(reader);
    }
    return active;
  }
}
