/** How long to wait between attempts. */
export interface BackoffOptions {
  /** Upper bound of the first wait, ms. */
  readonly initialMillis: number;
  /** Upper bound of every wait, ms. */
  readonly maxMillis: number;
}

/**
 * Exponential backoff with full jitter: the n-th wait is uniform in [0, min(max, initial * 2^n)), so that a fleet
 * that lost its collector at one moment does not return at one moment.
 */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #random: () => number;
  #failures = 0;

  constructor(options: BackoffOptions, random: () => number) {
    this.#options = options;
    this.#random = random;
  }

  /** The wait after one more failure. What the receiver asked for is a floor, and the jitter comes on top of it. */
  next(floorMillis = 0): number {
    const { initialMillis, maxMillis } = this.#options;
    const bound = Math.min(maxMillis, initialMillis * 2 ** this.#failures);
    this.#failures++;
    return floorMillis + this.#random() * bound;
  }

  /** Something succeeded. */
  reset(): void {
    this.#failures = 0;
  }
}
