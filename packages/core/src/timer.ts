/// <reference lib="esnext.disposable" preserve="true" />
import type { Problem } from './handle.ts';
import type { Recorder } from './recorder.ts';
import { currentRecorder, type Definition } from './state.ts';
import { fromMilliseconds } from './units.ts';

/** A running measurement. `using timer = latency.startTimer()` stops it at the end of the block. */
export interface Timer extends Disposable {
  /**
   * Records the time since the start in the histogram's unit, and returns it. Further calls record nothing and return
   * the same. A histogram whose unit is no time unit refuses the sample, and the time is returned in seconds.
   */
  stop(): number;
}

/** A histogram of whichever kind, as timers use it. */
export interface TimedHistogram {
  readonly definition: Definition;
  record(value: number): void;
  refuse(problem: Problem, operation: string, value: unknown): void;
}

/** Reads the clock of the recorder that was in effect at the start, or `performance.now`, at both ends. */
export class Stopwatch {
  private readonly clock: Recorder | undefined;
  private readonly start: number;

  constructor() {
    const recorder = currentRecorder();
    this.clock = recorder?.now === undefined ? undefined : recorder;
    this.start = this.now();
  }

  /** Milliseconds since the start; a clock that goes back gives 0. */
  elapsed(): number {
    return Math.max(0, this.now() - this.start);
  }

  private now(): number {
    return this.clock?.now?.() ?? performance.now();
  }
}

/** Records `milliseconds` in the histogram's unit and returns what it recorded; seconds if it could not. */
export function recordElapsed(histogram: TimedHistogram, milliseconds: number): number {
  const unit = histogram.definition.meta.unit ?? 's';
  const value = fromMilliseconds(milliseconds, unit);
  if (value === undefined) {
    histogram.refuse('not_a_time_unit', 'stop', unit);
    return milliseconds / 1_000;
  }
  histogram.record(value);
  return value;
}

export class HandleTimer implements Timer {
  private readonly histogram: TimedHistogram;
  private readonly watch = new Stopwatch();
  private result: number | undefined = undefined;

  constructor(histogram: TimedHistogram) {
    this.histogram = histogram;
  }

  stop(): number {
    this.result ??= recordElapsed(this.histogram, this.watch.elapsed());
    return this.result;
  }

  [Symbol.dispose](): void {
    this.stop();
  }
}

export function timeCall<T>(histogram: TimedHistogram, fn: () => T | PromiseLike<T>): T | Promise<T> {
  const timer = new HandleTimer(histogram);
  let result: T | PromiseLike<T>;
  try {
    result = fn();
  } catch (error) {
    timer.stop();
    throw error;
  }
  const then = thenOf(result);
  if (then !== undefined) return settled(result as PromiseLike<T>, then, timer);
  timer.stop();
  return result as T;
}

type Then<T> = PromiseLike<T>['then'];

/** The `then` of a thenable. One that cannot be read is left to whoever awaits the value. */
function thenOf<T>(value: T | PromiseLike<T>): Then<T> | undefined {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return undefined;
  try {
    const { then } = value as { then?: unknown };
    return typeof then === 'function' ? (then as Then<T>) : undefined;
  } catch {
    return undefined;
  }
}

/** `then` is called once: a lazy thenable, such as a query builder, runs again at each call. */
function settled<T>(thenable: PromiseLike<T>, then: Then<T>, timer: Timer): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = (reason: unknown) => {
      timer.stop();
      reject(reason);
    };
    const done = (value: T) => {
      timer.stop();
      resolve(value);
    };
    try {
      then.call(thenable, done, fail);
    } catch (error) {
      fail(error);
    }
  });
}
