import type {
  Cell,
  CounterSink,
  GaugeSink,
  HistogramSink,
  Key,
  Kind,
  Meta,
  ObservedKind,
  Recorder,
  RefusalReason,
  Scope,
} from '@ostinato/core';
import { Arena, allocateArena } from './arena/arena.ts';
import { Timeline } from './clock.ts';
import { Observers } from './observers.ts';
import {
  type ReaderTemporality,
  type RecorderOptions,
  readReaderOptions,
  readSettings,
  type Settings,
} from './options.ts';
import { Collector } from './read/collector.ts';
import { CellReader, type Reader } from './read/reader.ts';
import { Refusals } from './refusals.ts';
import { Registry } from './registry/registry.ts';

/** The number of the thread that makes the recorder, and reads it. */
const MAIN_THREAD = 1;

/** A recorder that keeps its series in one block of memory, and any number of readers of it. */
export class AtomicRecorder implements Recorder {
  readonly #arena: Arena;
  readonly #timeline: Timeline;
  readonly #refusals = new Refusals();
  readonly #registry: Registry;
  readonly #collector: Collector;
  readonly #observers: Observers;
  /** Milliseconds, monotonic; what timers read. */
  readonly now: () => number;

  constructor(settings: Settings) {
    const { clock, limits, maxMemory } = settings;
    this.now = () => clock.now();
    this.#arena = new Arena(allocateArena(maxMemory));
    this.#timeline = new Timeline(clock);
    this.#registry = new Registry(this.#arena, MAIN_THREAD, settings, this.#timeline, this.#refusals);
    this.#collector = new Collector(this.#arena, limits);
    this.#observers = new Observers(this);
  }

  describe(kind: Kind, scope: Scope, name: string, meta: Meta): void {
    this.#registry.describe(kind, scope, name, meta);
  }

  counter(key: Key, meta: Meta): Cell<CounterSink> {
    return this.#registry.cell('counter', key, meta) as Cell<CounterSink>;
  }

  gauge(key: Key, meta: Meta): Cell<GaugeSink> {
    return this.#registry.cell('gauge', key, meta) as Cell<GaugeSink>;
  }

  histogram(key: Key, meta: Meta): Cell<HistogramSink> {
    return this.#registry.cell('histogram', key, meta) as Cell<HistogramSink>;
  }

  observe(kind: ObservedKind, key: Key, meta: Meta, read: () => number | undefined): () => void {
    return this.#observers.add(kind, key, meta, read);
  }

  refused(_kind: Kind, reason: RefusalReason): void {
    this.#refusals.add(reason);
  }

  /** A new reader, `cumulative` by default; its first collection has everything recorded so far. */
  reader(options?: { readonly temporality?: ReaderTemporality }): Reader {
    return new CellReader(this.#collector, this.#timeline, readReaderOptions(options), () =>
      this.#observers.read(),
    );
  }

  /** How many operations were not carried out, by reason; reasons that were never met are left out. */
  refusals(): Readonly<Partial<Record<RefusalReason, number>>> {
    return this.#refusals.counts();
  }

  /** Bytes of memory in use, of at most `maxMemory`. */
  get memory(): number {
    return this.#arena.claimed;
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
