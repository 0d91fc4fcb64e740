import type {
  Cell,
  CounterSink,
  GaugeSink,
  HistogramSink,
  Key,
  Kind,
  Meta,
  Recorder,
  RefusalReason,
  Scope,
} from '@ostinato/core';
import type { Arena } from './arena/arena.ts';
import { ThreadTable } from './arena/thread-table.ts';
import { Timeline } from './clock.ts';
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
  readonly #registry: Registry;
  #stopListening: (() => void) | undefined;
  /** Milliseconds, monotonic; what timers read. */
  readonly now: () => number;

  /** `row` is the thread's place in the arena's thread table. */
  constructor(arena: Arena, row: number, settings: Settings) {
    const { clock } = settings;
    this.now = () => clock.now();
    this.arena = arena;
    this.timeline = new Timeline(clock);
    this.refusalCounts = new Refusals(arena);
    this.#settings = settings;
    this.#row = row;
    this.#registry = new Registry(arena, row, settings, this.timeline, this.refusalCounts);
  }

  describe(kind: Kind, scope: Scope, name: string, meta: Meta): void {
    this.#registry.describe(kind, scope, name, meta);
  }

  counter(key: Key, meta: Meta): Cell<CounterSink> {
    return this.#registry.counter(key, meta);
  }

  gauge(key: Key, meta: Meta): Cell<GaugeSink> {
    return this.#registry.gauge(key, meta);
  }

  histogram(key: Key, meta: Meta): Cell<HistogramSink> {
    return this.#registry.histogram(key, meta);
  }

  refused(kind: Kind, reason: RefusalReason): void {
    this.#registry.refused(kind, reason);
  }

  /** Called by `setGlobalRecorder`: worker threads that are started from now on find this recorder. */
  installed(): void {
    publish(this.arena, this.#settings, this.#row);
    this.#stopListening = onWorkerEnd((nodeId) => this.threadEnded(nodeId));
  }

  /** Called when it is taken out: worker threads find nothing from now on; those that found it go on with it. */
  uninstalled(): void {
    withdraw(this.arena);
    this.#stopListening?.();
  }

  /** A worker that this thread started has ended. */
  protected threadEnded(nodeId: number): void {
    new ThreadTable(this.arena).markDead(nodeId);
  }
}
