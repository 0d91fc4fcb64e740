import { OptionCheck, type RefusalReason, report } from '@ostinato/core';
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
import { HistogramSamples, type SampleOptions, type Sampling, type TakeSample } from './read/samples.ts';
import { OwnRecords } from './registry/own-records.ts';
import { ThreadRecorder } from './thread-recorder.ts';
import { threadId } from './worker-threads.ts';

/**
 * A recorder that keeps its series in one block of memory, and any number of readers of it. While it is installed
 * (`setGlobalRecorder`), worker threads that import `ostinato/worker` record into it too.
 */
export class AtomicRecorder extends ThreadRecorder {
  readonly #collector: Collector;
  readonly #random: () => number;
  #samples: HistogramSamples | undefined;

  constructor(settings: Settings) {
    const arena = new Arena(allocateArena(settings.maxMemory));
    super(arena, new ThreadTable(arena).claim(threadId(), 0) as number, settings, Observers);
    this.#random = settings.random;
    const own = new OwnRecords();
    this.registry.shareKeys(own);
    this.#collector = new Collector(arena, settings, () => this.registry.answer(), own);
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

  /**
   * From now on hands each sample of the histograms of all threads to `take`, every 100 ms, a thousand at a time, and
   * whenever `drain()` is called: for consumers that need every value. Samples wait in a ring per thread, of 65,536
   * (`METRICS_BUFFER_SIZE`); what does not fit is counted and reported, but for the recorder's own thread, which
   * makes room by draining. Histograms are recorded as ever besides, by the slower way
   * through their sink.
   *
   * Call it before anything is recorded: earlier samples are not kept, and worker threads that run already do not hand
   * over theirs, which is reported.
   *
   * ```ts
   * const sampling = recorder.samples((metric, key, value) => console.log(metric.name, key.labels, value));
   * sampling.stop();
   * ```
   *
   * Throws an `OstinatoError`: `OSTINATO_INVALID_OPTION`, and `OSTINATO_BUCKET_CONSUMER` while the samples are handed
   * over to somebody else.
   */
  samples(take: TakeSample, options?: SampleOptions): Sampling {
    const check = new OptionCheck('recorder.samples');
    if (typeof take !== 'function') {
      throw check.refused('take', 'a function of metric, key and value', take);
    }
    const { direct = false } = check.object<SampleOptions>(options, ['direct']);
    check.oneOf('direct', direct, [true, false]);
    if (this.#samples === undefined) {
      this.#samples = new HistogramSamples(this.arena, this.#collector);
      this.sampleTo(this.#samples);
      const others = new ThreadTable(this.arena).living - 1;
      if (others > 0) {
        report('OSTINATO_SAMPLES_LATE', 'threads', () => {
          return `recorder.samples: ${others} worker thread(s) recorded before samples were asked for; what they record on histograms is not handed over. Ask first (bridgeInstruments does), then start worker threads.`;
        });
      }
    }
    return this.#samples.start(take, direct);
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
