import { capacityFor, MAX_BUCKETS } from '../cells/exponential-cells.ts';
import type { Point } from './point.ts';

const moved = new Float64Array(MAX_BUCKETS);

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
    const { length } = point;
    if (this.#counts.length !== length) this.#counts = new Float64Array(length);
    this.#subtractCounts(point, this.#counts);
  }

  /**
   * The same of an exponential histogram. Scales only go down and windows only grow, so what is remembered can be
   * brought to the scale and into the window of what is there now.
   */
  subtractExponential(point: Point): void {
    const { length } = point;
    if (point.scale !== this.#scale || point.offset !== this.#offset || length !== this.#length) {
      this.#moveTo(point);
    }
    this.#subtractCounts(point, this.#counts);
    trim(point);
  }

  /** Brings what is remembered to the scale and the window of `point`. */
  #moveTo({ scale, offset, length }: Point): void {
    const shift = this.#scale - scale;
    moved.fill(0, 0, length);
    for (let i = 0; i < this.#length; i++) {
      (moved[((this.#offset + i) >> shift) - offset] as number) += this.#counts[i] as number;
    }
    if (this.#counts.length < length) this.#counts = new Float64Array(capacityFor(length));
    this.#counts.set(moved.subarray(0, length));
    this.#scale = scale;
    this.#offset = offset;
    this.#length = length;
  }

  /** `known` holds what was in the buckets before. */
  #subtractCounts(point: Point, known: Float64Array): void {
    const { counts, length, sum, zeroCount } = point;
    let samples = zeroCount - this.#zeroCount;
    point.zeroCount = samples;
    this.#zeroCount = zeroCount;
    for (let i = 0; i < length; i++) {
      const count = counts[i] as number;
      const added = count - (known[i] as number);
      counts[i] = added;
      known[i] = count;
      samples += added;
    }
    point.count = samples;
    // A sample's sum may be seen a pass before its bucket. It is kept for then: a point without samples is not shown.
    if (samples > 0) {
      point.sum = sum - this.#sum;
      this.#sum = sum;
    }
    point.min = Number.NaN;
    point.max = Number.NaN;
  }
}

/** Leaves out empty buckets at both ends. */
function trim(point: Point): void {
  const { counts } = point;
  let first = 0;
  let end = point.length;
  while (first < end && counts[first] === 0) first++;
  while (end > first && counts[end - 1] === 0) end--;
  if (first > 0) for (let i = first; i < end; i++) counts[i - first] = counts[i] as number;
  point.length = end - first;
  point.offset = end === first ? 0 : point.offset + first;
}
