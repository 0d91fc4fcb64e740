import type { RefusalReason } from '@ostinato/core';
import { Arena, allocateArena } from './arena/arena.ts';
import { ThreadTable } from './arena/thread-table.ts';
import type { FilterOptions } from './layers/filter.ts';
import { Observers } from './observers.ts';
import {
  type ReaderTemporality,
  type RecorderOptions,
  readReaderOptions,
  readSettings,
  type Settings,
} from './options.ts';
import { Collector } from './read/collector.ts';
import { type Inventory, inventoryOf } from './read/inventory.ts';
import { CellReader, type Reader } from './read/reader.ts';
import { ThreadRecorder } from './thread-recorder.ts';
import { threadId } from './worker-threads.ts';

/**
 * A recorder that keeps its series in one block of memory, and any number of readers of it. While it is installed
 * (`setGlobalRecorder`), worker threads that import `ostinato/worker` record into it too.
 */
export class AtomicRecorder extends ThreadRecorder {
  readonly #collector: Collector;
  readonly #random: () => number;

  constructor(settings: Settings) {
    const arena = new Arena(allocateArena(settings.maxMemory));
    super(arena, new ThreadTable(arena).claim(threadId(), 0) as number, settings, Observers);
    this.#random = settings.random;
    this.#collector = new Collector(arena, settings, () => this.registry.answer());
  }

  /**
   * Changes the filter: live handles ask again at their next operation, those of worker threads when their event loop
   * next turns after some 100 ms. What was recorded before stays. It takes the place of the first `filter` among the
   * layers; if there is none, it stands in front of all. Throws `OSTINATO_INVALID_OPTION`, for more than 4 KiB of
   * rules too.
   *
   * ```ts
   * recorder.setFilter({ directives: 'info,orders/db=debug' });
   * ```
   */
  setFilter(options: FilterOptions): void {
    this.layers.setFilter(options);
  }

  /** A new reader, `cumulative` by default; its first collection has everything recorded so far. */
  reader(options?: { readonly temporality?: ReaderTemporality }): Reader {
    const observe = () => this.registry.observers.read();
    return new CellReader(this.#collector, this.timeline, readReaderOptions(options), observe, this.#random);
  }

  /** How many operations were not carried out in any thread, by reason; reasons that were never met are left out. */
  refusals(): Readonly<Partial<Record<RefusalReason, number>>> {
    return this.refusalCounts.counts();
  }

  /** How many series it exports, and which metrics overflow, as of the last collection. */
  inventory(): Inventory {
    return inventoryOf(this.#collector.scopes);
  }

  /** Bytes of memory in use, of at most `maxMemory`. */
  get memory(): number {
    return this.arena.claimed;
  }

  /** What the worker left is taken over at once, so that memory lasts even where nobody reads. */
  protected override threadEnded(nodeId: number): void {
    super.threadEnded(nodeId);
    this.#collector.settle();
  }
}

/**
 * Makes a recorder. Install it with `setGlobalRecorder`, and read it with `recorder.reader()`.
 *
 * Throws an `OstinatoError`: `OSTINATO_INVALID_OPTION` for an option that is not known or not valid,
 * `OSTINATO_PLATFORM` where Node.js is not 64-bit or the machine not little-endian.
 */
export function createRecorder(options?: RecorderOptions): AtomicRecorder {
  return new AtomicRecorder(readSettings(options));
}
