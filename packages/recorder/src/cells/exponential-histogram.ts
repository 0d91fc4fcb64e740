import type { Cell, HistogramSink } from '@ostinato/core';
import type { Arena } from '../arena/arena.ts';
import {
  EXPONENTIAL_BASE,
  EXPONENTIAL_BUCKETS,
  EXPONENTIAL_CAPACITY,
  EXPONENTIAL_SCALE,
  EXPONENTIAL_ZERO,
  HISTOGRAM_MAX,
  HISTOGRAM_MIN,
  HISTOGRAM_SUM,
  HISTOGRAM_WRITES,
  SERIES_CELL,
} from '../arena/layout.ts';
import { makeCell } from './cell.ts';
import { DOUBLE, HALVES, LOWEST_NORMAL } from './double-bits.ts';
import { capacityFor, type ExponentialCells, MAX_BUCKETS } from './exponential-cells.ts';
import { indexAtMaxScale, indexOfNormal, MAX_SCALE, MIN_SCALE } from './exponential-index.ts';

// What is imported is loaded and checked at each use, in both builds; a constant of this file is compiled in.
const BUCKETS = EXPONENTIAL_BUCKETS;
const ZERO = EXPONENTIAL_ZERO;
const SUM = HISTOGRAM_SUM;
const MIN = HISTOGRAM_MIN;
const MAX = HISTOGRAM_MAX;
const WRITES = HISTOGRAM_WRITES;
const NORMAL = LOWEST_NORMAL;
const indexOf = indexAtMaxScale;
const normalIndex = indexOfNormal;
const double = DOUBLE;
const halves = HALVES;

/** Takes what is stored in it, and keeps nothing. */
const CLOSED = new Float64Array(0);

/** The first cell: a sample and its neighbours at the finest scale. */
export const FIRST_CAPACITY = capacityFor(1);

/** What the histograms of a thread have in common. */
export interface ExponentialHome {
  readonly arena: Arena;
  readonly cells: ExponentialCells;
  /** Is told when the arena has no room to grow. */
  readonly full: () => void;
}

/**
 * A histogram whose buckets grow exponentially and whose scale follows the values: as fine as at most 160 buckets
 * allow. Written by one thread.
 *
 * Counts never move in place. When a value falls outside the cell's window, a complete new cell is built beside the
 * old one and its address is published by one `Atomics.store`. Each record goes to the cell that the address names;
 * the copy precedes the store; the old cell is frozen from the copy on. So a reader that holds either address reads
 * a complete state, the older one an earlier one, and the end of the thread at any point leaves one behind.
 */
export class ExponentialHistogram implements HistogramSink {
  readonly cell: Cell<HistogramSink>;
  readonly series: number;
  private slots: Float64Array;
  private readonly home: ExponentialHome;
  /** The cell in use; until the first sample, one that is not published. */
  private index: number;
  private shift = 0;
  private base = 0;
  /** Buckets of the window, 0 until the first sample. */
  private capacity = 0;
  /** Values with upper halves from `low` on, so many, lie between minimum and maximum, and are above the subnormal ones. */
  private low = 0;
  private span = 0;

  /** `series` is the series' record, `index` addresses a cell of `FIRST_CAPACITY`. */
  constructor(home: ExponentialHome, series: number, index: number) {
    // What `take` looks at comes first, so that it lies together.
    this.index = index;
    this.slots = home.arena.doubles;
    this.series = series;
    this.home = home;
    this.cell = makeCell<HistogramSink>(this.slots, index, this);
  }

  /** Nothing is written here again: a sample that comes in spite of the revoked cell goes nowhere. */
  close(): void {
    this.slots = CLOSED;
    this.span = 0;
  }

  /** Gives the cell back. After `close`, when nobody reads it any more. */
  free(): void {
    this.home.cells.free(this.index, this.capacity || FIRST_CAPACITY);
  }

  /**
   * Straight-line from the first store on: nothing there can be interrupted by the end of the thread. The sum goes before
   * the bucket, as in explicit histograms.
   */
  record(value: number, count: number): void {
    let bucket = ZERO;
    if (value > 0) {
      const finest = indexOf(value);
      bucket = (finest >> this.shift) - this.base;
      if (bucket < 0 || bucket >= this.capacity) bucket = this.makeRoom(finest);
      bucket += BUCKETS;
    } else if (this.capacity === 0) {
      this.begin(0);
    }
    const { slots, index } = this;
    (slots[index + SUM] as number) += value * count;
    if (value < (slots[index + MIN] as number)) slots[index + MIN] = value;
    if (value > (slots[index + MAX] as number)) slots[index + MAX] = value;
    (slots[index + bucket] as number) += count;
    (slots[index + WRITES] as number) += 1;
    this.widen();
  }

  private widen(): void {
    const { slots, index } = this;
    double[0] = slots[index + MIN] as number;
    this.low = Math.max(NORMAL, (halves[1] as number) + 1);
    double[0] = slots[index + MAX] as number;
    this.span = Math.max(0, (halves[1] as number) - this.low);
  }

  /**
   * As `record`, of one sample between minimum and maximum whose bucket there is; as in explicit histograms. Not for zero
   * and subnormal values.
   */
  take(value: number, slots: Float64Array): number {
    double[0] = value;
    const high = halves[1] as number;
    if ((high - this.low) >>> 0 >= this.span >>> 0) {
      if (slots !== this.slots || high < NORMAL) return -1;
      const { index } = this;
      if (!(value >= (slots[index + MIN] as number) && value <= (slots[index + MAX] as number))) return -1;
    }
    const place = (normalIndex(high) >> this.shift) - this.base;
    if (place >>> 0 >= this.capacity >>> 0) return -1;
    const { index } = this;
    const sum = (index + SUM) | 0;
    const bucket = (index + BUCKETS + place) | 0;
    slots[sum] = (slots[sum] as number) + value;
    slots[bucket] = (slots[bucket] as number) + 1;
    slots[index] = (slots[index] as number) + 1;
    return 0;
  }

  /** Publishes the first cell, with the sample's bucket in the middle. */
  private begin(finest: number): void {
    const { slots, index } = this;
    if (slots === CLOSED) return;
    slots[index + HISTOGRAM_MIN] = Infinity;
    slots[index + HISTOGRAM_MAX] = -Infinity;
    this.publish(index, 0, finest - FIRST_CAPACITY / 2, FIRST_CAPACITY);
  }

  /** Puts a cell in place whose window has this value's bucket, and returns its position there. */
  private makeRoom(finest: number): number {
    if (this.slots === CLOSED) return 0;
    if (this.capacity === 0) {
      this.begin(finest);
      return (finest >> this.shift) - this.base;
    }
    const { slots, index, base, capacity } = this;
    let first = 0;
    while (first < capacity && slots[index + EXPONENTIAL_BUCKETS + first] === 0) first++;
    let last = capacity - 1;
    while (last > first && slots[index + EXPONENTIAL_BUCKETS + last] === 0) last--;
    const bucket = finest >> this.shift;
    const low = first === capacity ? bucket : Math.min(base + first, bucket);
    const high = first === capacity ? bucket : Math.max(base + last, bucket);

    const down = this.downscale(low, high);
    const width = (high >> down) - (low >> down) + 1;
    const newCapacity = capacityFor(width);
    const newIndex = this.home.cells.allocate(newCapacity, true);
    if (newIndex === undefined) {
      // Nothing can grow any more. The sample is counted in the nearest bucket, so that totals stay exact.
      this.home.full();
      return bucket < base ? 0 : capacity - 1;
    }
    const newBase = (low >> down) - ((newCapacity - width) >> 1);
    slots.copyWithin(newIndex, index, index + EXPONENTIAL_SCALE);
    for (let i = first; i <= last; i++) {
      const moved = ((base + i) >> down) - newBase;
      (slots[newIndex + EXPONENTIAL_BUCKETS + moved] as number) += slots[
        index + EXPONENTIAL_BUCKETS + i
      ] as number;
    }
    this.publish(newIndex, this.shift + down, newBase, newCapacity);
    this.home.cells.retire(index, capacity);
    return (finest >> this.shift) - newBase;
  }

  /**
   * By how many scales to go down so that the buckets fit: none if they do, else to where they fit and one further,
   * so that the next value seldom asks for more. The lowest scale covers all doubles: 2,098 octaves, 16 a bucket.
   */
  private downscale(low: number, high: number): number {
    if (high - low < MAX_BUCKETS) return 0;
    let down = 1;
    while ((high >> down) - (low >> down) >= MAX_BUCKETS) down++;
    return Math.min(down + 1, MAX_SCALE - MIN_SCALE - this.shift);
  }

  private publish(index: number, shift: number, base: number, capacity: number): void {
    const { slots } = this;
    slots[index + EXPONENTIAL_SCALE] = MAX_SCALE - shift;
    slots[index + EXPONENTIAL_BASE] = base;
    slots[index + EXPONENTIAL_CAPACITY] = capacity;
    Atomics.store(this.home.arena.words, this.series * 2 + SERIES_CELL, index);
    this.index = index;
    this.shift = shift;
    this.base = base;
    this.capacity = capacity;
  }
}
