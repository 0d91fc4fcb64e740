import type { Cell, CounterSink, GaugeSink, HistogramSink, Kind, Meta } from '@ostinato/core';
import { ManualClock } from '@ostinato/testing';
import { Arena, allocateArena } from '../../src/arena/arena.ts';
import { Timeline } from '../../src/clock.ts';
import { type ReaderTemporality, type RecorderOptions, readSettings } from '../../src/options.ts';
import { Collector } from '../../src/read/collector.ts';
import { CellReader } from '../../src/read/reader.ts';
import { Refusals } from '../../src/refusals.ts';
import { Registry } from '../../src/registry/registry.ts';
import { type Labels, makeKey } from './series.ts';

/** Several threads' registries and a collector on one arena, each with its own view of the memory, in one isolate. */
export class Threads {
  readonly clock = new ManualClock();
  readonly buffer: ArrayBufferLike;
  readonly collector: Collector;
  readonly registries: readonly Registry[];
  readonly #timeline: Timeline;

  constructor(count: number, options: RecorderOptions = {}) {
    const settings = readSettings({ ...options, clock: this.clock });
    this.buffer = allocateArena(settings.maxMemory);
    this.#timeline = new Timeline(this.clock);
    this.collector = new Collector(new Arena(this.buffer), settings.limits);
    this.registries = Array.from({ length: count }, (_, i) => {
      return new Registry(new Arena(this.buffer), i + 1, settings, this.#timeline, new Refusals());
    });
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
