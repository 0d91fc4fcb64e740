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
import type { Arena } from './arena/arena.ts';
import { ThreadTable } from './arena/thread-table.ts';
import type { AtomicBucket } from './bucket/atomic-bucket.ts';
import type { SampleSink } from './cells/tapped-histogram.ts';
import { Timeline } from './clock.ts';
import { layersForWorkers } from './layers/given.ts';
import { Layers } from './layers/layers.ts';
import { SharedFilter } from './layers/shared-filter.ts';
import type { Observers } from './observers.ts';
import type { Settings } from './options.ts';
import { Refusals } from './refusals.ts';
import { Registry } from './registry/registry.ts';
import { onWorkerEnd, publish, withdraw } from './worker-threads.ts';

/** What one thread records with: its own series, in memory that several threads may share. */
export class ThreadRecorder implements Recorder {
  protected readonly arena: Arena;
  protected readonly timeline: Timeline;
  protected readonly refusalCounts: Refusals;
  readonly #settings: Settings;
  readonly #row: number;
  protected readonly registry: Registry;
  protected readonly layers: Layers;
  #stopListening: (() => void) | undefined;
  #bucket: AtomicBucket | undefined;
  /** Milliseconds, monotonic; what timers read. */
  readonly now: () => number;

  /** `row` is the thread's place in the arena's thread table; `Observing` reads the values that callbacks give. */
  constructor(arena: Arena, row: number, settings: Settings, Observing: typeof Observers) {
    const { clock } = settings;
    this.now = () => clock.now();
    this.arena = arena;
    this.timeline = new Timeline(clock);
    this.refusalCounts = new Refusals(arena);
    this.#settings = settings;
    this.#row = row;
    this.registry = new Registry(arena, row, settings, this.timeline, this.refusalCounts, Observing);
    this.layers = new Layers(settings.layers, this.registry, new SharedFilter(arena));
  }

  /** The array of its cells, which makes held handles fast. */
  get slots(): Float64Array {
    return this.arena.doubles;
  }

  describe(kind: Kind, scope: Scope, name: string, meta: Meta): void {
    this.layers.front.describe(kind, scope, name, meta);
  }

  counter(key: Key, meta: Meta): Cell<CounterSink> {
    return this.layers.front.counter(key, meta);
  }

  gauge(key: Key, meta: Meta): Cell<GaugeSink> {
    return this.layers.front.gauge(key, meta);
  }

  histogram(key: Key, meta: Meta): Cell<HistogramSink> {
    return this.layers.front.histogram(key, meta);
  }

  observe(kind: ObservedKind, key: Key, meta: Meta, read: () => number | undefined): () => void {
    return this.layers.front.observe(kind, key, meta, read);
  }

  refused(kind: Kind, reason: RefusalReason): void {
    this.layers.front.refused(kind, reason);
  }

  /** From now on each sample of histograms goes there too, also from worker threads that are started from now on. */
  protected sampleTo(samples: SampleSink & { readonly bucket: AtomicBucket }): void {
    this.#bucket = samples.bucket;
    this.registry.sampleTo(samples);
    this.layers.renew();
    if (this.#stopListening !== undefined) this.#publish();
  }

  #publish(): void {
    const layers = layersForWorkers(this.#settings.layers);
    const samples = this.arena.shared ? this.#bucket?.share() : undefined;
    publish(this.arena, { ...this.#settings, layers }, this.#row, samples);
  }

  /** Called by `setGlobalRecorder`: worker threads that are started from now on find this recorder. */
  installed(): void {
    this.#publish();
    this.#stopListening = onWorkerEnd((nodeId) => this.threadEnded(nodeId));
  }

  /** Called when it is taken out: worker threads find nothing from now on; those that found it go on with it. */
  uninstalled(): void {
    withdraw(this.arena);
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  /** A worker that this thread started has ended. */
  protected threadEnded(nodeId: number): void {
    new ThreadTable(this.arena).markDead(nodeId);
  }
}
