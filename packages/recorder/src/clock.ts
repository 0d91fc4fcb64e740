/** Where a recorder's times come from. */
export interface Clock {
  /** Milliseconds from any origin, monotonic: what timers read. */
  now(): number;
  /** Wall-clock time, nanoseconds since 1970. It may be set back: the recorder's times never are. */
  epochNanos(): bigint;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  epochNanos: () => BigInt(Date.now()) * 1_000_000n,
};

/**
 * The recorder's wall-clock time, which never goes back. A collection's time is later than every time before it, so
 * that no two points of a series have the same time and no point ends where it starts.
 */
export class Timeline {
  readonly #clock: Clock;
  #last = 0n;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** When a series begins. One object for as long as the time is the same. */
  start(): bigint {
    const now = this.#clock.epochNanos();
    if (now > this.#last) this.#last = now;
    return this.#last;
  }

  /** When a collection takes place: later than `start`, the latest of any series, by whichever thread's clock. */
  collection(start: bigint): bigint {
    const now = this.#clock.epochNanos();
    if (start > this.#last) this.#last = start;
    this.#last = now > this.#last ? now : this.#last + 1n;
    return this.#last;
  }
}
