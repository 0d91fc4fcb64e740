import type { Cell, CounterSink, GaugeSink, HistogramSink } from '@ostinato/core';
import { makeCell } from '../cells/cell.ts';

export type AnyCell = Cell<CounterSink & GaugeSink & HistogramSink>;

class Nothing implements CounterSink, GaugeSink, HistogramSink {
  increment(): void {}
  absolute(): void {}
  set(): void {}
  add(): void {}
  record(): void {}
  /** What is refused is refused here too. */
  take(value: number): number {
    return value >= 0 && value < Infinity ? 0 : -1;
  }
}

const scratch = new Float64Array(2);
const nothing = new Nothing();

/** A cell for what a filter holds back: the fast path of core's "off", writing to an array that nobody reads. */
export function heldBack(): AnyCell {
  return makeCell<CounterSink & GaugeSink & HistogramSink>(scratch, 0, nothing);
}
