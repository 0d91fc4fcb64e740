import type { Cell, CounterSink, GaugeSink, HistogramSink } from '@ostinato/core';
import { REVOKED } from '@ostinato/core';
import { makeCell } from './cell.ts';

type AnySink = CounterSink & GaugeSink & HistogramSink;

/**
 * The cell of a series that may come only once: what is recorded goes to the metric's overflow series, and the cell
 * is revoked with its first sample, so that the handle asks for another one with its second. It permits no fast path.
 */
export class FirstSample implements CounterSink, GaugeSink, HistogramSink {
  readonly cell: Cell<AnySink>;
  readonly #overflow: () => Cell<unknown>;

  /** `overflow` finds the overflow series' cell. */
  constructor(overflow: () => Cell<unknown>) {
    this.cell = makeCell<AnySink>(undefined, 0, this);
    this.#overflow = overflow;
  }

  increment(by: number): void {
    this.#pass().increment(by);
  }
  absolute(value: number): void {
    this.#pass().absolute(value);
  }
  set(value: number): void {
    this.#pass().set(value);
  }
  add(by: number): void {
    this.#pass().add(by);
  }
  record(value: number, count: number): void {
    this.#pass().record(value, count);
  }

  #pass(): AnySink {
    this.cell.gate = REVOKED;
    return this.#overflow().sink as AnySink;
  }
}
