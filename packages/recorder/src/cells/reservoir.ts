import type { ExemplarPool } from './exemplar-pool.ts';

/** More samples than there are between two collections, and an integer that needs no allocation. */
const NEVER = 2 ** 30 - 1;
/** So many samples go by at most before the next is tried, when one that was wanted was not eligible. */
const LONGEST_STRIDE = 16;
/** The weight of a group that is as full as it will be, before its first use. */
const FULL = 1 - Number.EPSILON;

/**
 * Chooses the samples of a series that become exemplars (OpenTelemetry metrics SDK, "ExemplarReservoir"): the same
 * number for each of its groups. One group of some samples is `SimpleFixedSizeExemplarReservoir`; a group of one sample
 * for each bucket is `AlignedHistogramBucketExemplarReservoir`.
 *
 * In each round the first samples fill the group, and from then on each takes the place of a random one, so that all
 * samples are equally likely to stay. Not for each one a random number is drawn, but for how many to skip until the
 * next that is taken (Li's algorithm L). So a sample costs the countdown, which those who extend this keep, and the span
 * is looked for only at its end.
 *
 * Samples are counted whether they are eligible or not; where the one that is wanted is not, later ones are tried in
 * growing strides. Where few samples are eligible, those after a long gap are therefore a little more likely to stay.
 */
export abstract class Reservoir {
  readonly #pool: ExemplarPool;
  readonly #series: number;
  readonly #incarnation: number;
  readonly #size: number;
  /** Addresses of the exemplars, by group; of groups that have some. */
  #slots: number[][] = [];
  /** By group: the variable W of algorithm L; 1, or none, while it is being filled. */
  #weights: number[] = [];
  #round = -1;
  #claimed = 0;
  #stride = 1;

  /** `series` is the series' record; each group keeps `size` samples. */
  constructor(pool: ExemplarPool, series: number, size: number) {
    this.#pool = pool;
    this.#series = series;
    this.#incarnation = pool.incarnation(series);
    this.#size = size;
  }

  /** Whether it has begun in this round. */
  isIn(round: number): boolean {
    return round === this.#round;
  }

  /** A new round: the next sample of each group is wanted. */
  abstract rearm(): void;

  /** A sample for which the countdown of its group has ended. Returns where the next one begins. */
  protected offer(group: number, value: number): number {
    const pool = this.#pool;
    const { round } = pool;
    if (round !== this.#round) this.#begin(round);
    const span = pool.eligible();
    if (span === undefined) {
      const stride = this.#stride;
      this.#stride = Math.min(stride * 2, LONGEST_STRIDE);
      return stride;
    }
    this.#stride = 1;
    const slot = this.#slotFor(group);
    if (slot !== 0) pool.write(slot, this.#series, this.#incarnation, value, span);
    return this.#skip(group);
  }

  #begin(round: number): void {
    this.#round = round;
    this.#weights = [];
    this.#slots = [];
    this.#claimed = 0;
    this.#stride = 1;
    this.#pool.enter(this);
    this.rearm();
  }

  /** Where the sample goes, 0: nowhere. */
  #slotFor(group: number): number {
    this.#slots[group] ??= [];
    const slots = this.#slots[group] as number[];
    if (this.#weight(group) === 1) {
      const slot = this.#pool.claim(this.#claimed);
      if (slot !== 0) {
        this.#claimed++;
        slots.push(slot);
        return slot;
      }
      // There are no more for it: it stays as large as it is.
      this.#weights[group] = FULL;
      if (this.#pool.random() * (slots.length + 1) >= slots.length) return 0;
    }
    return slots[Math.floor(this.#pool.random() * slots.length)] ?? 0;
  }

  /** How many samples to go on to the next that is wanted. */
  #skip(group: number): number {
    const { length } = this.#slots[group] as number[];
    if (length === 0) return NEVER;
    if (this.#weight(group) === 1 && length < this.#size) return 1;
    const weight = this.#weight(group) * this.#uniform() ** (1 / length);
    this.#weights[group] = weight;
    const skipped = Math.log(this.#uniform()) / Math.log(1 - weight);
    return skipped < NEVER ? Math.floor(skipped) + 1 : NEVER;
  }

  #weight(group: number): number {
    return this.#weights[group] ?? 1;
  }

  /** Above 0 and below 1: neither has a logarithm to divide by. */
  #uniform(): number {
    return Math.max(Number.EPSILON, Math.min(1 - Number.EPSILON, this.#pool.random()));
  }
}
