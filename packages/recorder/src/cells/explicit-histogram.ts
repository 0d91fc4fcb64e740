import type { Cell, HistogramSink } from '@ostinato/core';
import type { Arena } from '../arena/arena.ts';
import {
  EXPLICIT_BUCKETS,
  HISTOGRAM_MAX,
  HISTOGRAM_MIN,
  HISTOGRAM_SUM,
  HISTOGRAM_WRITES,
} from '../arena/layout.ts';
import type { SlabAllocator } from '../arena/slab.ts';
import { makeCell } from './cell.ts';
import { DOUBLE, HALVES } from './double-bits.ts';
import {
  BOUND_POOL,
  CELL_POOL,
  CELL_SHIFT,
  type ExplicitBounds,
  further,
  HIGHEST,
  LOWEST,
} from './explicit-bounds.ts';

// What is imported is loaded and checked at each use, in both builds; a constant of this file is compiled in.
const BUCKETS = EXPLICIT_BUCKETS;
const SUM = HISTOGRAM_SUM;
const MIN = HISTOGRAM_MIN;
const MAX = HISTOGRAM_MAX;
const WRITES = HISTOGRAM_WRITES;
const SHIFT = CELL_SHIFT;
const LOW = LOWEST;
const HIGH = HIGHEST;
const double = DOUBLE;
const halves = HALVES;
const cells = CELL_POOL;
const pool = BOUND_POOL;
const goFurther = further;

/** Takes what is stored in it, and keeps nothing. */
const CLOSED = new Float64Array(0);

/** Doubles that a cell takes. */
export function explicitCellSize(bounds: number): number {
  return EXPLICIT_BUCKETS + bounds + 1;
}

/** Room for a cell, ready to be published, or undefined when the arena is full. */
export function allocateExplicit(
  { doubles }: Arena,
  slabs: SlabAllocator,
  bounds: number,
  reserve: boolean,
): number | undefined {
  const cell = slabs.cell(explicitCellSize(bounds), reserve);
  if (cell !== undefined) {
    doubles[cell + HISTOGRAM_MIN] = Infinity;
    doubles[cell + HISTOGRAM_MAX] = -Infinity;
  }
  return cell;
}

/** A histogram of explicit upper bounds, each inclusive; the last bucket is open. Written by one thread. */
export class ExplicitHistogram implements HistogramSink {
  readonly cell: Cell<HistogramSink>;
  readonly series: number;
  private slots: Float64Array;
  readonly index: number;
  private readonly bounds: ExplicitBounds;
  /** Where the cells of the bounds are in the pool; what to add to a bound's place there to have its bucket's address. */
  private readonly cellsAt: number;
  private readonly bucketsAt: number;
  /** Values with upper halves from `low` on, so many, lie between minimum and maximum, and in a cell of the bounds. */
  private low = 0;
  private span = 0;

  /** `series` is the series' record, `index` is what `allocateExplicit` gave for as many bounds. */
  constructor(arena: Arena, series: number, index: number, bounds: ExplicitBounds) {
    // What `take` looks at comes first, so that it lies together.
    this.index = index;
    this.cellsAt = bounds.at;
    this.bucketsAt = index + EXPLICIT_BUCKETS - bounds.from;
    this.slots = arena.doubles;
    this.series = series;
    this.bounds = bounds;
    this.cell = makeCell<HistogramSink>(bounds.isPooled ? this.slots : undefined, index, this);
  }

  get buckets(): number {
    return this.bounds.length + 1;
  }

  /** Its address; the others follow. */
  get firstBucket(): number {
    return this.index + EXPLICIT_BUCKETS;
  }

  /** Nothing is written here again: a sample that comes in spite of the revoked cell goes nowhere. */
  close(): void {
    this.slots = CLOSED;
    this.span = 0;
  }

  /**
   * Straight-line from the first store on: nothing there can be interrupted by the end of the thread. The sum goes before
   * the bucket: a reader may pass between the two, and a delta shows a sum with its sample, so the sum of a thread's last
   * sample must not come after it. Returns the address of the bucket.
   */
  record(value: number, count: number): number {
    const { slots, index, bounds } = this;
    const bucket = index + BUCKETS + bounds.find(value);
    (slots[index + SUM] as number) += value * count;
    if (value < (slots[index + MIN] as number)) slots[index + MIN] = value;
    if (value > (slots[index + MAX] as number)) slots[index + MAX] = value;
    (slots[bucket] as number) += count;
    (slots[index + WRITES] as number) += 1;
    this.widen();
    return bucket;
  }

  private widen(): void {
    const { slots, index } = this;
    double[0] = slots[index + MIN] as number;
    this.low = Math.max(LOW, (halves[1] as number) + 1);
    double[0] = slots[index + MAX] as number;
    this.span = Math.max(0, Math.min(halves[1] as number, HIGH + 1) - this.low);
  }

  /**
   * As `record`, of one sample that lies between minimum and maximum; most do. One comparison of integers says so, and with
   * it that the value is valid. Returns what `record` does.
   */
  take(value: number, slots: Float64Array): number {
    double[0] = value;
    let high = halves[1] as number;
    if ((high - this.low) >>> 0 >= this.span >>> 0) {
      high = this.reach(slots);
      if (high < 0) return -1;
    }
    let bound = cells[((high >> SHIFT) + this.cellsAt) | 0] as number;
    if (value > (pool[bound] as number)) {
      bound++;
      // Apart: where no cell has two bounds, the loop is not even compiled.
      if (value > (pool[bound] as number)) bound = goFurther(pool, bound);
    }
    const { index } = this;
    const sum = (index + SUM) | 0;
    const bucket = (this.bucketsAt + bound) | 0;
    slots[sum] = (slots[sum] as number) + value;
    slots[bucket] = (slots[bucket] as number) + 1;
    slots[index] = (slots[index] as number) + 1;
    return bucket;
  }

  /**
   * Of the value that `DOUBLE` holds: its upper half, or the nearest one with a cell of the bounds, if the value lies between
   * minimum and maximum themselves; else a negative number. As an argument, the value would be put on the heap.
   */
  private reach(slots: Float64Array): number {
    if (slots !== this.slots) return -1;
    const { index } = this;
    const value = double[0] as number;
    if (!(value >= (slots[index + MIN] as number) && value <= (slots[index + MAX] as number))) return -1;
    return Math.max(LOW, Math.min(halves[1] as number, HIGH));
  }
}
