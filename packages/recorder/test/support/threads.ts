import type { Cell, CounterSink, GaugeSink, HistogramSink, Kind, Meta } from '@ostinato/core';
import { ManualClock } from '@ostinato/testing';
import { Arena, allocateArena } from '../../src/arena/arena.ts';
import { ThreadTable } from '../../src/arena/thread-table.ts';
import { Timeline } from '../../src/clock.ts';
import {
  type ReaderTemporality,
  type RecorderOptions,
  readSettings,
  type Settings,
} from '../../src/options.ts';
import { Collector } from '../../src/read/collector.ts';
import { CellReader } from '../../src/read/reader.ts';
import { Refusals } from '../../src/refusals.ts';
import { Registry } from '../../src/registry/registry.ts';
import { type Labels, makeKey } from './series.ts';

/** Tests make very many arenas, faster than they are collected: together they would be more than a system gives a process. */
const SMALL = 2 ** 22;

/** Several threads' registries and a collector on one arena, each with its own view of the memory, in one isolate. */
export class Threads {
  readonly clock = new ManualClock();
  readonly buffer: ArrayBufferLike;
  readonly collector: Collector;
  readonly registries: Registry[] = [];
  readonly table: ThreadTable;
  readonly #settings: Settings;
  readonly #timeline: Timeline;
  readonly #ahead: readonly bigint[];
  readonly #nodeIds: number[] = [];
  #started = 0;

  /** `ahead`: by how many nanoseconds the clock of a thread is before that of the collector. */
  constructor(count: number, options: RecorderOptions = {}, ahead: readonly bigint[] = []) {
    const settings = readSettings({ maxMemory: SMALL, ...options, clock: this.clock });
    this.#settings = settings;
    this.#ahead = ahead;
    this.buffer = allocateArena(settings.maxMemory);
    this.#timeline = new Timeline(this.clock);
    this.collector = new Collector(new Arena(this.buffer), settings);
    this.table = new ThreadTable(this.collector.arena);
    for (let thread = 0; thread < count; thread++) this.#start(thread);
  }

  /** The thread has ended, and another one has its place here. */
  replace(thread: number): void {
    this.table.markDead(this.#nodeIds[thread]!);
    this.#start(thread);
  }

  #start(thread: number): void {
    const arena = new Arena(this.buffer);
    const nodeId = this.#started++;
    const row = this.table.claim(nodeId, 0)!;
    this.#nodeIds[thread] = nodeId;
    const timeline = this.#timelineOf(thread);
    this.registries[thread] = new Registry(arena, row, this.#settings, timeline, new Refusals(arena));
  }

  #timelineOf(thread: number): Timeline {
    const ahead = this.#ahead[thread];
    if (ahead === undefined) return this.#timeline;
    const { clock } = this;
    return new Timeline({ now: () => clock.now(), epochNanos: () => clock.epochNanos() + ahead });
  }

  /** What a collection does before it reads, all of it. */
  takeIn(): void {
    const round = this.collector.scan();
    while (!this.collector.step(round)) {}
  }

  reader(temporality: ReaderTemporality = 'cumulative'): CellReader {
    return new CellReader(this.collector, this.#timeline, temporality);
  }

  counter(thread: number, name: string, labels?: Labels): CounterSink {
    return (this.#cell(thread, 'counter', name, labels) as Cell<CounterSink>).sink;
  }

  gauge(thread: number, name: string, labels?: Labels): Cell<GaugeSink> {
    return this.#cell(thread, 'gauge', name, labels) as Cell<GaugeSink>;
  }

  histogram(thread: number, name: string, labels?: Labels, meta?: Meta): HistogramSink {
    return (this.#cell(thread, 'histogram', name, labels, meta) as Cell<HistogramSink>).sink;
  }

  #cell(thread: number, kind: Kind, name: string, labels?: Labels, meta: Meta = {}) {
    return this.registries[thread]!.cell(kind, makeKey(name, labels), meta);
  }
}
