import { Handle, whyNotPositive } from './handle.ts';
import type { Fault } from './key.ts';
import { noopHistogram } from './noop.ts';
import type { Cell, HistogramSink, Key, Recorder } from './recorder.ts';
import { type Definition, sharedState } from './state.ts';
import { HandleTimer, type Timer, timeCall } from './timer.ts';

/** A distribution: request durations, message sizes. Get one from `histogram` or `defineHistogram`. */
export interface Histogram {
  /** Records one sample, a finite number of at least 0. Anything else is refused, counted and warned of once. */
  record(value: number): void;
  /** Records `count` samples of the same value; `count` is an integer of at least 0. */
  recordMany(value: number, count: number): void;
  /** Starts to measure; `stop()` records. In the metric's time unit, seconds if it has no unit. */
  startTimer(): Timer;
  /**
   * Measures a call, up to the settling of what it returns if that is a promise. A call that throws or rejects is
   * measured too, and throws or rejects as it would. For a promise, the one returned is another that settles alike.
   */
  time<T>(fn: () => PromiseLike<T>): Promise<T>;
  time<T>(fn: () => T): T;
}

const state = sharedState();
const { usual } = state;

const noop = noopHistogram;

type TakingSink = Required<HistogramSink>;

export class HistogramHandle extends Handle<HistogramSink> implements Histogram {
  constructor(definition: Definition, target: Key | Fault) {
    super(definition, target, noopHistogram);
  }

  protected noop(): Cell<HistogramSink> {
    return noopHistogram;
  }

  protected ask(recorder: Recorder, key: Key): Cell<HistogramSink> {
    return recorder.histogram(key, this.definition.meta);
  }

  record(value: number): void {
    const { cell } = this;
    if (cell.gate === state.gate && typeof value === 'number') {
      // As in counters; "off" is not one of the others, so that these are few.
      if (cell.slots === usual.slots) {
        if ((cell.sink as TakingSink).take(value, usual.slots as Float64Array) >= 0) return;
      } else if (cell === noop || this.isTakenElsewhere(value)) return;
    }
    this.recordOne(value);
  }

  // Apart, so that `record` is small, and the compiler puts all of it into callers that have two or three.

  private recordOne(value: number): void {
    this.recordByEscape(value, 1, 'record');
  }

  private isTakenElsewhere(value: number): boolean {
    const { sink, slots } = this.cell;
    return (sink as TakingSink).take(value, slots as Float64Array) >= 0;
  }

  recordMany(value: number, count: number): void {
    if (Number.isSafeInteger(count) && count >= 0) this.recordByEscape(value, count, 'recordMany');
    else this.refuse('invalid_count', 'recordMany', count);
  }

  private recordByEscape(value: number, count: number, operation: string): void {
    if (!this.admits(whyNotPositive(value), operation, value)) return;
    if (count === 0) return;
    const cell = this.resolve();
    cell.sink.record(value, count);
    if (cell.sink.take !== undefined && this.mayOpen(cell)) cell.gate = state.gate;
  }

  startTimer(): Timer {
    return new HandleTimer(this);
  }

  time<T>(fn: () => PromiseLike<T>): Promise<T>;
  time<T>(fn: () => T): T;
  time<T>(fn: () => T | PromiseLike<T>): T | Promise<T> {
    return timeCall(this, fn);
  }
}
