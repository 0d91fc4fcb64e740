import { MAX_BUCKETS } from '../cells/exponential-cells.ts';
import type { Point } from './point.ts';

const previous = new Float64Array(MAX_BUCKETS);

/** What a delta reader remembers of a series: all that it has read of it, and when. */
export class SeriesState {
  /** When the reader last passed the series, or when the series began. */
  start: bigint;
  /** Counters: the value. Gauges and histograms: how often it was written. */
  seen = 0;
  /**
   * Histograms: two passes in a row met the same number of writes. Only then is the cell skipped: on machines that
   * reorder stores, the count of writes may be seen before the bucket that it stands for.
   */
  settled = false;
  #sum = 0;
  #zeroCount = 0;
  #scale = 0;
  #offset = 0;
  #length = 0;
  #counts = new Float64Array(0);

  constructor(start: bigint) {
    this.start = start;
  }

  /** Notes a pass that met `writes`. */
  pass(writes: number): void {
    this.settled = this.seen === writes;
    this.seen = writes;
  }

  /** Turns all that an explicit histogram holds into what is new in it. */
  subtractExplicit(point: Point): void {
    const { counts, length } = point;
    if (this.#counts.length !== length) this.#counts = new Float64Array(length);
    for (let i = 0; i < length; i++) {
      const count = counts[i] as number;
      counts[i] = count - (this.#counts[i] as number);
      this.#counts[i] = count;
    }
    this.#subtractSummary(point);
  }

  /**
   * The same of an exponential histogram. Scales only go down and windows only grow, so what is remembered can be
   * brought to the scale and into the window of what is there now.
   */
  subtractExponential(point: Point): void {
    const { counts, length, offset } = point;
    previous.fill(0, 0, length);
    const shift = this.#scale - point.scale;
    for (let i = 0; i < this.#length; i++) {
      (previous[((this.#offset + i) >> shift) - offset] as number) += this.#counts[i] as number;
    }
    this.#remember(point);
    for (let i = 0; i < length; i++) (counts[i] as number) -= previous[i] as number;
    trim(point);
    this.#subtractSummary(point);
  }

  #remember(point: Point): void {
    const { counts, length } = point;
    if (this.#counts.length < length) this.#counts = new Float64Array(Math.min(MAX_BUCKETS, length + 16));
    for (let i = 0; i < length; i++) this.#counts[i] = counts[i] as number;
    this.#length = length;
    this.#scale = point.scale;
    this.#offset = point.offset;
  }

  #subtractSummary(point: Point): void {
    const { sum, zeroCount } = point;
    point.sum = sum - this.#sum;
    point.zeroCount = zeroCount - this.#zeroCount;
    point.min = Number.NaN;
    point.max = Number.NaN;
    this.#sum = sum;
    this.#zeroCount = zeroCount;
    point.total();
  }
}

/** Leaves out empty buckets at both ends. */
function trim(point: Point): void {
  const { counts } = point;
  let first = 0;
  let end = point.length;
  while (first < end && counts[first] === 0) first++;
  while (end > first && counts[end - 1] === 0) end--;
  if (first > 0) counts.copyWithin(0, first, end);
  point.length = end - first;
  point.offset = end === first ? 0 : point.offset + first;
}
