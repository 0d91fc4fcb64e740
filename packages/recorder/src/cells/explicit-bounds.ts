import { DOUBLE, HALVES } from './double-bits.ts';

/*
 * The upper half of a double, as an integer, grows with the value, for values that are not negative. Its first bits
 * number cells, 16 an octave, from 2^-40 to 2^56; what is lower or higher belongs to the first or last one. By cell there
 * is the first bound that does not lie below all its values. From there the bounds are gone through; there is seldom more
 * than one in a cell. A binary search is half as fast, as the processor cannot foresee its turns.
 */
export const CELL_SHIFT = 16;
/** Upper halves of the first and the last value that are told apart. */
export const LOWEST = (1023 - 40) << 20;
export const HIGHEST = ((1023 + 56) << 20) - 1;
const FIRST_CELL = LOWEST >> CELL_SHIFT;
const CELLS = (HIGHEST >> CELL_SHIFT) - FIRST_CELL + 1;

const LISTS = 64;
const POOLED_BOUNDS = 8_192;
/**
 * The cells and bounds of most lists, one behind the other: two constants, whose address and length are compiled into each
 * histogram. Memory is taken up as they fill; there is room for some lists, as there are few in a program.
 */
export const CELL_POOL = new Int32Array(LISTS * CELLS);
export const BOUND_POOL = new Float64Array(POOLED_BOUNDS);
const pooled = new Map<string, ExplicitBounds>();
let pooledBounds = 0;

const double = DOUBLE;
const halves = HALVES;

/** Finds the bucket of a value among explicit upper bounds, each inclusive. One object for all series of a metric. */
export class ExplicitBounds {
  readonly length: number;
  /** Whether it lies in the pools, where histograms look by themselves. */
  readonly isPooled: boolean;
  /** The bounds, and one that nothing exceeds, from `from` on. */
  private readonly bounds: Float64Array;
  readonly from: number;
  /** By cell, from `at` on: the place in `bounds` of the first that does not lie below all its values. */
  private readonly cells: Int32Array;
  /** Where the cell is whose number is 0, if there were one. */
  readonly at: number;

  /** `bounds` are finite and ascending; `list` says how many are in the pool already, if these are to go there. */
  constructor(bounds: readonly number[], list?: number) {
    this.length = bounds.length;
    this.isPooled = list !== undefined;
    this.bounds = list === undefined ? new Float64Array(bounds.length + 1) : BOUND_POOL;
    this.from = list === undefined ? 0 : pooledBounds;
    this.cells = list === undefined ? new Int32Array(CELLS) : CELL_POOL;
    this.at = (list ?? 0) * CELLS - FIRST_CELL;
    this.bounds.set(bounds, this.from);
    this.bounds[this.from + bounds.length] = Infinity;
    let at = this.from;
    for (let cell = 0; cell < CELLS; cell++) {
      halves[0] = 0;
      halves[1] = (cell + FIRST_CELL) << CELL_SHIFT;
      const smallest = cell === 0 ? 0 : (double[0] as number);
      while ((this.bounds[at] as number) < smallest) at++;
      this.cells[this.at + FIRST_CELL + cell] = at;
    }
  }

  /** The bucket of a finite value that is not negative: the number of bounds below it. */
  find(value: number): number {
    double[0] = value;
    const high = Math.max(LOWEST, Math.min(halves[1] as number, HIGHEST));
    const at = this.cells[(high >> CELL_SHIFT) + this.at] as number;
    return further(this.bounds, at) - this.from;
  }
}

/** The place of the first bound, from `at` on, that is not below the value that `DOUBLE` holds. */
export function further(bounds: Float64Array, at: number): number {
  const value = double[0] as number;
  let bound = at;
  while (value > (bounds[bound] as number)) bound++;
  return bound;
}

/** The search among these bounds; in the pool, if it has them or has room. */
export function searchAmong(bounds: readonly number[]): ExplicitBounds {
  if (bounds.length >= POOLED_BOUNDS) return new ExplicitBounds(bounds);
  const id = bounds.join();
  let search = pooled.get(id);
  if (search === undefined) {
    const hasRoom = pooled.size < LISTS && pooledBounds + bounds.length < POOLED_BOUNDS;
    if (!hasRoom) return new ExplicitBounds(bounds);
    search = new ExplicitBounds(bounds, pooled.size);
    pooled.set(id, search);
    pooledBounds += bounds.length + 1;
  }
  return search;
}
