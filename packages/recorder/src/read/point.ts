import type { Exemplar, Key, SeriesCursor, SeriesNotes, SnapshotMetric } from '@ostinato/core';

const NO_KEY: Key = Object.freeze({
  scope: Object.freeze({ name: '' }),
  name: '',
  labels: Object.freeze([]),
});
export const NO_METRIC: SnapshotMetric = Object.freeze({
  scope: NO_KEY.scope,
  name: '',
  type: 'counter',
  unit: '',
  description: '',
  temporality: 'cumulative',
  bounds: Object.freeze([]),
});

/** The one cursor of a reader, filled anew for each series. */
export class Point implements SeriesCursor {
  metric = NO_METRIC;
  key = NO_KEY;
  start = 0n;
  born = false;
  value = 0;
  count = 0;
  sum = 0;
  min = Number.NaN;
  max = Number.NaN;
  zeroCount = 0;
  scale = 0;
  offset = 0;
  counts = new Float64Array(160);
  length = 0;
  exemplars: readonly Exemplar[] | undefined = undefined;
  notes: SeriesNotes | undefined = undefined;
  /** Whether it is empty but for `value`. */
  #plain = true;

  /** What a counter or gauge leaves empty. */
  setValue(value: number): void {
    this.value = value;
    if (this.#plain) return;
    this.#plain = true;
    this.count = 0;
    this.sum = 0;
    this.min = Number.NaN;
    this.max = Number.NaN;
    this.zeroCount = 0;
    this.scale = 0;
    this.offset = 0;
    this.length = 0;
  }

  /** Empties the buckets, `length` of them. */
  clear(length: number): void {
    this.begin(length);
    this.counts.fill(0, 0, length);
  }

  /** Makes room for `length` buckets, whose counts are still to be set. */
  begin(length: number): void {
    if (length > this.counts.length) this.counts = new Float64Array(length);
    this.#plain = false;
    this.value = 0;
    this.count = 0;
    this.sum = 0;
    this.min = Infinity;
    this.max = -Infinity;
    this.zeroCount = 0;
    this.scale = 0;
    this.offset = 0;
    this.length = length;
  }
}

/** Sums of very large values leave the doubles; the largest one stands for what is beyond. */
export function finite(value: number): number {
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));
}
