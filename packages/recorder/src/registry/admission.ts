import type { Key } from '@ostinato/core';

/** How many series a recorder takes. */
export interface Limits {
  /** Series of one metric, its overflow series included. */
  readonly perMetric: number;
  /** Series in all. */
  readonly total: number;
  /** Whether a label set has to be seen twice before it takes a place. */
  readonly doorkeeper: boolean;
  /** Which series make room when there are too many. */
  readonly evict: 'none' | 'leastRecentlyUpdated';
}

/** The series into which a metric's refused series are summed (OpenTelemetry metrics SDK, "Overflow attribute"). */
export const OVERFLOW_LABELS: Key['labels'] = Object.freeze([
  Object.freeze(['otel.metric.overflow', true] as const),
]);

export function isOverflow(labels: Key['labels']): boolean {
  const first = labels[0];
  return (
    labels.length === 1 &&
    first !== undefined &&
    first[0] === 'otel.metric.overflow' &&
    `${first[1]}` === 'true'
  );
}

/**
 * Decides which series there is room for. A metric's first series takes two places, its own and one that is kept
 * for the metric's overflow series, so that this one never has to be refused and the limits are never exceeded.
 *
 * Each thread keeps the cells it makes within the limits by one of these; the collector decides by another what is
 * exported. Who came first stays, until the series expires.
 */
export class Admission {
  readonly #limits: Limits;
  #used = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Keeps the place of a metric's overflow series. False: the metric cannot be recorded at all. */
  admitMetric(): boolean {
    if (this.#used >= this.#limits.total) return false;
    this.#used++;
    return true;
  }

  /** Whether there is room for one more series of a metric that has `series`, its overflow series not counted. */
  hasRoom(series: number): boolean {
    return series + 1 < this.#limits.perMetric && this.#used < this.#limits.total;
  }

  /** Takes a place, where there is room. */
  admitSeries(): void {
    this.#used++;
  }

  /** Gives the place of a series back. */
  releaseSeries(): void {
    this.#used--;
  }
}
