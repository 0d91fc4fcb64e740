import type { Cell, CounterSink, GaugeSink, HistogramSink } from '@ostinato/core';
import { makeCell } from './cell.ts';

/**
 * A cell that counts what it is given as refused and keeps none of it. It permits no fast path, so that it sees
 * every operation.
 */
export class DroppedCell implements CounterSink, GaugeSink, HistogramSink {
  readonly cell: Cell<CounterSink & GaugeSink & HistogramSink>;
  readonly #refuse: () => void;

  constructor(refuse: () => void) {
    this.cell = makeCell<CounterSink & GaugeSink & HistogramSink>(undefined, 0, this);
    this.#refuse = refuse;
  }

  increment(): void {
    this.#refuse();
  }
  absolute(): void {
    this.#refuse();
  }
  set(): void {
    this.#refuse();
  }
  add(): void {
    this.#refuse();
  }
  record(): void {
    this.#refuse();
  }
}
