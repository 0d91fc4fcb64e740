import type { Arena } from './arena.ts';
import { SLAB_BYTES } from './layout.ts';

const SLAB_DOUBLES = SLAB_BYTES / 8;

/**
 * The memory of one thread: slabs it claimed, the newest in use. Records are laid from a slab's start upwards and
 * cells from its end downwards until they meet; both are zero when handed out. What is larger than a slab gets a
 * run of them. A thread gives nothing back, so what is left of a slab when the next is claimed is lost.
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

  constructor(arena: Arena, thread: number) {
    this.#arena = arena;
    this.#thread = thread;
  }

  /** No slab is left but those of the reserve: so it stays until the dead leave theirs. */
  get full(): boolean {
    return this.#fullSince !== undefined && this.#fullSince === this.#arena.freed();
  }

  /** Room for a cell of so many doubles. */
  cell(doubles: number, reserve: boolean): number | undefined {
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
