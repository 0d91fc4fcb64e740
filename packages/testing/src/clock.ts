import { OptionCheck } from '@ostinato/core';

/** What `setTimeout` and its like return; as in Node, it can be unref'd (which means nothing to a manual clock). */
export interface ManualTimer {
  ref(): this;
  unref(): this;
  hasRef(): boolean;
}

class Timer implements ManualTimer {
  readonly callback: () => void;
  readonly period: number | undefined;
  readonly order: number;
  due: number;
  #ref = true;

  constructor(callback: () => void, due: number, period: number | undefined, order: number) {
    this.callback = callback;
    this.due = due;
    this.period = period;
    this.order = order;
  }

  ref(): this {
    this.#ref = true;
    return this;
  }

  unref(): this {
    this.#ref = false;
    return this;
  }

  hasRef(): boolean {
    return this.#ref;
  }
}

// Taken once: fake timers of a test framework replace the global later.
const nextTurn = globalThis.setImmediate;

/**
 * A clock that stands still until a test moves it, with the timers that go by it. Its functions are bound: hand
 * over the clock, or `clock.now` alone, wherever an option takes a clock or timers.
 *
 * ```ts
 * const clock = new ManualClock();
 * clock.setTimeout(() => console.log('a minute later'), 60_000);
 * await clock.advance(60_000);
 * ```
 */
export class ManualClock {
  readonly #epochNanos: bigint;
  readonly #timers = new Set<Timer>();
  #now = 0;
  #orders = 0;

  /** `epochMillis`: the wall-clock time at which `now()` is 0. Default: 2026-01-01T00:00:00Z. */
  constructor({ epochMillis = Date.UTC(2026, 0, 1) }: { readonly epochMillis?: number } = {}) {
    this.#epochNanos = BigInt(epochMillis) * 1_000_000n;
  }

  /** Milliseconds since the clock was made; monotonic, as `performance.now`. */
  readonly now = (): number => this.#now;

  /** Wall-clock time, milliseconds, as `Date.now`. */
  readonly epochMillis = (): number => Number(this.epochNanos() / 1_000_000n);

  /** Wall-clock time, nanoseconds. */
  readonly epochNanos = (): bigint => this.#epochNanos + BigInt(Math.round(this.#now * 1e6));

  readonly setTimeout = <A extends unknown[]>(
    callback: (...args: A) => void,
    millis = 0,
    ...args: A
  ): ManualTimer => this.#add(() => callback(...args), atLeastOne(millis), undefined);

  readonly setInterval = <A extends unknown[]>(
    callback: (...args: A) => void,
    millis = 0,
    ...args: A
  ): ManualTimer => this.#add(() => callback(...args), atLeastOne(millis), atLeastOne(millis));

  /** Due at once: it runs at the next `advance`, `advance(0)` included. */
  readonly setImmediate = <A extends unknown[]>(callback: (...args: A) => void, ...args: A): ManualTimer =>
    this.#add(() => callback(...args), 0, undefined);

  readonly clearTimeout = (timer: ManualTimer | undefined): void => {
    this.#timers.delete(timer as Timer);
  };
  readonly clearInterval = this.clearTimeout;
  readonly clearImmediate = this.clearTimeout;

  /** `setTimeout` in another form: it returns how to cancel. */
  readonly after = (millis: number, callback: () => void): (() => void) => {
    const timer = this.setTimeout(callback, millis);
    return () => this.clearTimeout(timer);
  };

  /** `setImmediate`, without a way to cancel. */
  readonly soon = (callback: () => void): void => void this.setImmediate(callback);

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Milliseconds until the next timer is due (0: it is overdue), or undefined without one. */
  get untilNext(): number | undefined {
    const next = this.#next();
    return next && Math.max(0, next.due - this.#now);
  }

  /**
   * Moves the time on and runs what becomes due, in order, each at its own time. Before each timer and at the end
   * everything that promises can do is done, so a chain of awaits and new timers unfolds as in real life.
   */
  async advance(millis: number): Promise<void> {
    const target = this.#now + checked(millis);
    await settle();
    for (let timer = this.#next(); timer !== undefined && timer.due <= target; timer = this.#next()) {
      this.#now = Math.max(this.#now, timer.due);
      if (timer.period === undefined) this.#timers.delete(timer);
      else timer.due += timer.period;
      timer.callback();
      await settle();
    }
    this.#now = target;
  }

  /** Moves the time on and runs nothing, as when a machine was suspended; what is overdue runs at the next `advance`. */
  jump(millis: number): void {
    this.#now += checked(millis);
  }

  #add(callback: () => void, millis: number, period: number | undefined): ManualTimer {
    const timer = new Timer(callback, this.#now + millis, period, this.#orders++);
    this.#timers.add(timer);
    return timer;
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (
        next === undefined ||
        timer.due < next.due ||
        (timer.due === next.due && timer.order < next.order)
      ) {
        next = timer;
      }
    }
    return next;
  }
}

/** One turn of the event loop: the microtask queue is empty afterwards. */
function settle(): Promise<void> {
  return new Promise((resolve) => nextTurn(resolve));
}

/** The shortest delay of a timer, as in Node; NaN included. */
function atLeastOne(millis: number): number {
  return millis > 1 ? millis : 1;
}

function checked(millis: number): number {
  if (Number.isFinite(millis) && millis >= 0) return millis;
  throw new OptionCheck('ManualClock').refused('millis', 'a finite number that is not negative', millis);
}
