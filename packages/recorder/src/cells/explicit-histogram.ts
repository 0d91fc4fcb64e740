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
import type { ExplicitBounds } from './explicit-bounds.ts';

// What is imported is loaded and checked at each use, in both builds; a constant of this file is compiled in.
const BUCKETS = EXPLICIT_BUCKETS;
const SUM = HISTOGRAM_SUM;
const MIN = HISTOGRAM_MIN;
const MAX = HISTOGRAM_MAX;
const WRITES = HISTOGRAM_WRITES;

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

  /** `series` is the series' record, `index` is what `allocateExplicit` gave for as many bounds. */
  constructor(arena: Arena, series: number, index: number, bounds: ExplicitBounds) {
    this.series = series;
    this.slots = arena.doubles;
    this.index = index;
    this.bounds = bounds;
    this.cell = makeCell<HistogramSink>(this.slots, index, this);
  }

  /** How many different numbers `record` returns. */
  get groups(): number {
    return this.bounds.length + 1;
  }

  /** Nothing is written here again: a sample that comes in spite of the revoked cell goes nowhere. */
  close(): void {
    this.slots = CLOSED;
  }

  /**
   * Straight-line from the first store on: nothing there can be interrupted by the end of the thread. The sum goes before
   * the bucket: a reader may pass between the two, and a delta shows a sum with its sample, so the sum of a thread's last
   * sample must not come after it. Returns the bucket.
   */
  record(value: number, count: number): number {
    const { slots, index, bounds } = this;
    const bucket = bounds.find(value);
    (slots[index + SUM] as number) += value * count;
    if (value < (slots[index + MIN] as number)) slots[index + MIN] = value;
    if (value > (slots[index + MAX] as number)) slots[index + MAX] = value;
    (slots[index + BUCKETS + bucket] as number) += count;
    (slots[index + WRITES] as number) += 1;
    return bucket;
  }
}
