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
} from '../../src/index.ts';
import { UNOPENED } from '../../src/index.ts';

interface TestCell<S> extends Cell<S> {
  gate: number;
  slots: Float64Array | undefined;
  /** As that of a `CounterCell`. */
  store?: { left?: number };
}

/** A series as tests name it: `orders{type=retail}`, with the scope's name before it unless it is the default one. */
export function seriesName({ scope, name, labels }: Key): string {
  const metric = scope.name === 'ostinato' ? name : `${scope.name}/${name}`;
  return labels.length === 0 ? metric : `${metric}{${labels.map(([l, v]) => `${l}=${v}`).join()}}`;
}

/**
 * A recorder that keeps everything it is told. `fast` gives cells with slots, as the real recorder does; without it
 * all operations must come through the sinks.
 */
export class TestRecorder implements Recorder {
  readonly fast: boolean;
  readonly described: { kind: Kind; scope: Scope; name: string; meta: Meta }[] = [];
  readonly bound: { kind: Kind; key: Key; meta: Meta }[] = [];
  readonly refusals: string[] = [];
  /** How many operations came through a sink. */
  sunk = 0;
  now?: () => number;
  private readonly counters = new Map<string, TestCell<CounterSink>>();
  private readonly gauges = new Map<string, TestCell<GaugeSink>>();
  private readonly histograms = new Map<string, TestCell<HistogramSink>>();
  private readonly numbers = new Map<string, Float64Array>();
  private readonly recorded = new Map<string, number[]>();

  constructor({ fast = true }: { fast?: boolean } = {}) {
    this.fast = fast;
  }

  describe(kind: Kind, scope: Scope, name: string, meta: Meta): void {
    this.described.push({ kind, scope, name, meta });
  }

  counter(key: Key, meta: Meta): Cell<CounterSink> {
    this.bound.push({ kind: 'counter', key, meta });
    return this.cell(this.counters, key, (value) => ({
      increment: (by) => {
        this.sunk += 1;
        value[0]! += by;
      },
      absolute: (total) => {
        this.sunk += 1;
        value[0] = Math.max(value[0]!, total);
      },
    }));
  }

  gauge(key: Key, meta: Meta): Cell<GaugeSink> {
    this.bound.push({ kind: 'gauge', key, meta });
    return this.cell(this.gauges, key, (value) => ({
      set: (to) => {
        this.sunk += 1;
        value[0] = to;
        value[1]! += 1;
      },
      add: (by) => {
        this.sunk += 1;
        value[0]! += by;
        value[1]! += 1;
      },
    }));
  }

  histogram(key: Key, meta: Meta): Cell<HistogramSink> {
    this.bound.push({ kind: 'histogram', key, meta });
    const series = seriesName(key);
    return this.cell(this.histograms, key, () => ({
      record: (sample, count) => {
        this.sunk += 1;
        const samples = this.recorded.get(series) ?? [];
        this.recorded.set(series, samples);
        for (let i = 0; i < count; i++) samples.push(sample);
      },
    }));
  }

  refused(kind: Kind, reason: RefusalReason): void {
    this.refusals.push(`${kind} ${reason}`);
  }

  /** The value of a counter or gauge; undefined if nothing was bound to it. */
  value(series: string): number | undefined {
    return this.numbers.get(series)?.[0];
  }

  writes(series: string): number | undefined {
    return this.numbers.get(series)?.[1];
  }

  samples(series: string): readonly number[] {
    return this.recorded.get(series) ?? [];
  }

  /** The series that were bound, in the order of the first time. */
  series(): readonly string[] {
    return [...new Set(this.bound.map(({ key }) => seriesName(key)))];
  }

  /** Withdraws the cell of a counter, as expiry does; its value starts again. */
  revokeCounter(series: string, revoked: number): void {
    const cell = this.counters.get(series);
    if (cell === undefined) throw new Error(`no counter ${series}`);
    cell.gate = revoked;
    this.counters.delete(series);
    this.numbers.delete(series);
  }

  counterCell(series: string): TestCell<CounterSink> | undefined {
    return this.counters.get(series);
  }

  private cell<S>(cells: Map<string, TestCell<S>>, key: Key, sink: (value: Float64Array) => S): Cell<S> {
    const series = seriesName(key);
    let cell = cells.get(series);
    if (cell === undefined) {
      const value = new Float64Array(2);
      this.numbers.set(series, value);
      cell = { gate: UNOPENED, slots: this.fast ? value : undefined, index: 0, sink: sink(value) };
      cells.set(series, cell);
    }
    return cell;
  }
}
