import type { Arena } from '../arena/arena.ts';
import { EXPONENTIAL_BUCKETS } from '../arena/layout.ts';
import type { SlabAllocator } from '../arena/slab.ts';

/** The most buckets that an exponential histogram has. */
export const MAX_BUCKETS = 160;
/** Cells come in multiples of this, so that those given back fit others. */
const STEP = 16;

/** The buckets of the smallest cell that holds `width` of them. */
export function capacityFor(width: number): number {
  return Math.min(MAX_BUCKETS, Math.ceil(width / STEP) * STEP);
}

/**
 * The cells of exponential histograms of one thread, and those that were replaced and wait to be used again.
 *
 * A replaced cell is in quarantine until no reader can hold its address. The collector makes the pass word odd,
 * loads an address, copies the cell and makes the pass word even. The owner stores the new address, then reads the
 * pass word. Even: whatever pass comes later loads the new address, as all four are ordered, so the cell is free.
 * Odd: a reader may stand on the old cell, until the pass word is another one.
 */
export class ExponentialCells {
  readonly #arena: Arena;
  readonly #slabs: SlabAllocator;
  /** Addresses by capacity / STEP. */
  readonly #free: number[][] = Array.from({ length: MAX_BUCKETS / STEP + 1 }, () => []);
  #quarantine: { readonly address: number; readonly capacity: number; readonly pass: number }[] = [];

  constructor(arena: Arena, slabs: SlabAllocator) {
    this.#arena = arena;
    this.#slabs = slabs;
  }

  /** Room for a cell, all zero, or undefined when the arena is full. */
  allocate(capacity: number, reserve: boolean): number | undefined {
    if (this.#quarantine.length > 0) this.#release();
    const address = this.#list(capacity).pop();
    if (address === undefined) return this.#slabs.cell(EXPONENTIAL_BUCKETS + capacity, reserve);
    this.#arena.doubles.fill(0, address, address + EXPONENTIAL_BUCKETS + capacity);
    return address;
  }

  /** Takes back a cell, after the address of another was published in its place. */
  retire(address: number, capacity: number): void {
    this.#quarantine.push({ address, capacity, pass: this.#arena.pass() });
    this.#release();
  }

  /** Takes back a cell that nobody reads any more. */
  free(address: number, capacity: number): void {
    this.#list(capacity).push(address);
  }

  #release(): void {
    const pass = this.#arena.pass();
    this.#quarantine = this.#quarantine.filter((cell) => {
      if (cell.pass % 2 !== 0 && cell.pass === pass) return true;
      this.#list(cell.capacity).push(cell.address);
      return false;
    });
  }

  #list(capacity: number): number[] {
    return this.#free[capacity / STEP] as number[];
  }
}
