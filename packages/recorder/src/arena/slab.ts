import { entry } from '../entry.ts';
import type { Arena } from './arena.ts';
import { SLAB_BYTES } from './layout.ts';

const SLAB_DOUBLES = SLAB_BYTES / 8;

/**
 * The memory of one thread: slabs it claimed, the newest in use. Records are laid from a slab's start upwards and
 * cells from its end downwards until they meet; both are zero when handed out. What is larger than a slab gets a
 * run of them. A thread gives no slab back, so what is left of one when the next is claimed is lost.
 *
 * Where slots are reused, what is given back is handed out again: cells by their size, records by their class, sizes
 * a half apart at most, so that the labels of one series fit in place of another's.
 *
 * `reserve`: may take from what the arena keeps back. Addresses are in doubles; undefined: the arena is full.
 */
export class SlabAllocator {
  readonly #arena: Arena;
  readonly #thread: number;
  /** What `Arena.freed` was when no slab was left but those of the reserve. */
  #fullSince: number | undefined;
  #slab = 0;
  #bottom = 0;
  #top = 0;
  /** Whether records may be given back. */
  readonly reuses: boolean;
  /** By doubles. */
  readonly #cells = new Map<number, number[]>();
  readonly #records = new Map<number, number[]>();

  constructor(arena: Arena, thread: number, reuses = false) {
    this.#arena = arena;
    this.#thread = thread;
    this.reuses = reuses;
  }

  /** No slab is left but those of the reserve: so it stays until the dead leave theirs. */
  get full(): boolean {
    return this.#fullSince !== undefined && this.#fullSince === this.#arena.freed();
  }

  /** Room for a cell of so many doubles. */
  cell(doubles: number, reserve: boolean): number | undefined {
    const reused = this.#cells.get(doubles)?.pop();
    if (reused !== undefined) {
      this.#arena.doubles.fill(0, reused, reused + doubles);
      return reused;
    }
    if (!this.#makeRoom(doubles, reserve)) return undefined;
    this.#top -= doubles;
    return this.#top;
  }

  /** Room for a record of so many doubles. It is nobody's until it is published. */
  record(doubles: number, reserve: boolean): number | undefined {
    return this.#makeRoom(doubles, reserve) ? this.#bottom : undefined;
  }

  /** Hands the record that was allocated last to the collector. */
  publish(doubles: number): void {
    this.#bottom += doubles;
    this.#arena.publish(this.#slab, (this.#bottom - this.#slab * SLAB_DOUBLES) * 8);
  }

  /** The doubles to ask for where so many are needed, so that the record can be reused. */
  recordSize(doubles: number): number {
    if (!this.reuses) return doubles;
    let size = 6;
    while (size < doubles) size += 2 ** Math.floor(Math.log2(size)) / 2;
    return size;
  }

  /** A record of this size that was given back; as it was left. */
  reuse(doubles: number): number | undefined {
    return this.#records.get(doubles)?.pop();
  }

  freeCell(address: number, doubles: number): void {
    entry(this.#cells, doubles, () => []).push(address);
  }

  freeRecord(address: number, doubles: number): void {
    entry(this.#records, doubles, () => []).push(address);
  }

  /** Whether there are records that were given back. */
  get hasFreed(): boolean {
    for (const records of this.#records.values()) if (records.length > 0) return true;
    return false;
  }

  #makeRoom(doubles: number, reserve: boolean): boolean {
    if (this.#top - this.#bottom >= doubles) return true;
    const run = Math.ceil(doubles / SLAB_DOUBLES);
    const freed = this.#arena.freed();
    const slab = this.#arena.claim(this.#thread, run, reserve);
    if (slab === undefined) {
      if (run === 1) this.#fullSince = freed;
      return false;
    }
    this.#slab = slab;
    this.#bottom = slab * SLAB_DOUBLES;
    this.#top = this.#bottom + run * SLAB_DOUBLES;
    return true;
  }
}
