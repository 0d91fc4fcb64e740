import type { Arena } from './arena.ts';
import { THREAD_ROWS, THREAD_TABLE } from './layout.ts';

/** In the upper half of a row. */
const PARENT = 0xffff;
const DEAD = 1 << 16;

/**
 * The threads that record on an arena. A thread has a row from before its first slab until the collector has folded
 * what it left; the row's number is the owner that its slabs name.
 *
 * Only a parent learns that a worker is gone, by its exit event, which Node.js emits after the thread has ended.
 * Threads that this one started have ended before it: Node.js stops and joins them first. So once a thread is
 * marked dead, all that descend from it are dead too, marked or not, and everything that they wrote is seen by
 * whoever sees the mark.
 */
export class ThreadTable {
  readonly #words: Int32Array;
  readonly #longs: BigInt64Array;

  constructor({ words, longs }: Arena) {
    this.#words = words;
    this.#longs = longs;
  }

  /**
   * A row for the thread that Node.js calls `nodeId`, started by the thread of row `parent` (0: not by one that
   * records here). Undefined: none is free.
   */
  claim(nodeId: number, parent: number): number | undefined {
    const entry = BigInt(nodeId + 1) | (BigInt(parent) << 32n);
    for (let row = 1; row < THREAD_ROWS; row++) {
      if (Atomics.compareExchange(this.#longs, THREAD_TABLE / 2 + row, 0n, entry) === 0n) return row;
    }
    return undefined;
  }

  /** How many threads there are that are not known to have ended. */
  get living(): number {
    let rows = 0;
    for (let row = 1; row < THREAD_ROWS; row++) {
      if (Atomics.load(this.#longs, THREAD_TABLE / 2 + row) !== 0n) rows++;
    }
    return rows - this.dead().size;
  }

  /** By its parent: the thread has ended. Node.js does not use a number twice. */
  markDead(nodeId: number): void {
    for (let row = 1; row < THREAD_ROWS; row++) {
      if (Atomics.load(this.#words, THREAD_TABLE + row * 2) !== nodeId + 1) continue;
      Atomics.or(this.#words, THREAD_TABLE + row * 2 + 1, DEAD);
    }
  }

  /** The rows of threads that have ended: those marked, and all that descend from them. */
  dead(): ReadonlySet<number> {
    const dead = new Set<number>();
    for (let row = 1; row < THREAD_ROWS; row++) if ((this.#upper(row) & DEAD) !== 0) dead.add(row);
    for (let known = 0; known !== dead.size; ) {
      known = dead.size;
      for (let row = 1; row < THREAD_ROWS; row++) if (dead.has(this.#upper(row) & PARENT)) dead.add(row);
    }
    return dead;
  }

  /** By the collector, when nothing is owned by the row any more. */
  free(row: number): void {
    Atomics.store(this.#longs, THREAD_TABLE / 2 + row, 0n);
  }

  #upper(row: number): number {
    return Atomics.load(this.#words, THREAD_TABLE + row * 2 + 1);
  }
}
