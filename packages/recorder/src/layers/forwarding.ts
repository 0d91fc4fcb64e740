import {
  type Cell,
  type CounterSink,
  type GaugeSink,
  type HistogramSink,
  type Key,
  type Kind,
  type Meta,
  type ObservedKind,
  REVOKED,
  type Recorder,
  type RefusalReason,
  report,
  type Scope,
} from '@ostinato/core';
import { makeCell } from '../cells/cell.ts';
import type { AnyCell } from './held-back.ts';
import type { LayeredRecorder } from './layer.ts';

/** The recorders for a metric, by its name; undefined: the one behind. */
export type Choice = (name: string) => readonly Recorder[] | undefined;

/** Hands metrics to recorders that are chosen by name; without a choice, to the one behind. */
export class ForwardingRecorder implements LayeredRecorder {
  readonly #next: LayeredRecorder;
  readonly #others: readonly Recorder[];
  readonly #choose: Choice;

  /** `others` are all that `choose` may give, but for `next`. */
  constructor(next: LayeredRecorder, others: readonly Recorder[], choose: Choice) {
    this.#next = next;
    this.#others = others;
    this.#choose = choose;
  }

  describe(kind: Kind, scope: Scope, name: string, meta: Meta): void {
    for (const recorder of this.#choose(name) ?? [this.#next]) recorder.describe(kind, scope, name, meta);
  }

  counter(key: Key, meta: Meta): Cell<CounterSink> {
    return this.#cell(key, (recorder) => recorder.counter(key, meta) as AnyCell);
  }

  gauge(key: Key, meta: Meta): Cell<GaugeSink> {
    return this.#cell(key, (recorder) => recorder.gauge(key, meta) as AnyCell);
  }

  histogram(key: Key, meta: Meta): Cell<HistogramSink> {
    return this.#cell(key, (recorder) => recorder.histogram(key, meta) as AnyCell);
  }

  /** Each recorder calls the callback when its own series are looked at. One that cannot is left out. */
  observe(kind: ObservedKind, key: Key, meta: Meta, read: () => number | undefined): () => void {
    const stops = (this.#choose(key.name) ?? [this.#next]).map((recorder) => {
      if (recorder.observe === undefined) reportUnobserved(kind, key);
      return recorder.observe?.(kind, key, meta, read);
    });
    return () => {
      for (const stop of stops) stop?.();
    };
  }

  /** What the facade refuses is given no name here: every recorder counts it. */
  refused(kind: Kind, reason: RefusalReason): void {
    this.#next.refused(kind, reason);
    for (const recorder of this.#others) recorder.refused(kind, reason);
  }

  #cell(key: Key, ask: (recorder: Recorder) => AnyCell): AnyCell {
    const chosen = this.#choose(key.name);
    return chosen === undefined ? ask(this.#next) : new Forward(chosen, ask).cell;
  }
}

/**
 * Stands for the cells of other recorders. It gives no slots, so each operation comes to its sink, and from there to
 * the sinks of the others, of which each may be revoked at any time. Their gates are never opened from here: a filter
 * in front may change without those recorders being told.
 */
class Forward implements CounterSink, GaugeSink, HistogramSink {
  readonly cell: AnyCell;
  readonly #recorders: readonly Recorder[];
  readonly #ask: (recorder: Recorder) => AnyCell;
  readonly #cells: AnyCell[];

  constructor(recorders: readonly Recorder[], ask: (recorder: Recorder) => AnyCell) {
    this.cell = makeCell<CounterSink & GaugeSink & HistogramSink>(undefined, 0, this);
    this.#recorders = recorders;
    this.#ask = ask;
    this.#cells = recorders.map(ask);
  }

  increment(by: number): void {
    for (let i = 0; i < this.#cells.length; i++) this.#sink(i).increment(by);
  }

  absolute(value: number): void {
    for (let i = 0; i < this.#cells.length; i++) this.#sink(i).absolute(value);
  }

  set(value: number): void {
    for (let i = 0; i < this.#cells.length; i++) this.#sink(i).set(value);
  }

  add(by: number): void {
    for (let i = 0; i < this.#cells.length; i++) this.#sink(i).add(by);
  }

  record(value: number, count: number): void {
    for (let i = 0; i < this.#cells.length; i++) this.#sink(i).record(value, count);
  }

  #sink(i: number): AnyCell['sink'] {
    let cell = this.#cells[i] as AnyCell;
    if (cell.gate === REVOKED) {
      cell = this.#ask(this.#recorders[i] as Recorder);
      this.#cells[i] = cell;
    }
    return cell.sink;
  }
}

function reportUnobserved(kind: ObservedKind, { name }: Key): void {
  report('OSTINATO_OBSERVE_UNSUPPORTED', `${kind} '${name}' forwarded`, () => {
    return `${kind} '${name}' is observed by a callback, which a recorder of a route or fanout cannot do (it has no observe()): it records nothing of it.`;
  });
}
