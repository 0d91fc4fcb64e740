/**
 * How much of a round's work one step does: a unit is what takes some 0.1 µs, so a step takes well below a
 * millisecond.
 */
const STEP = 2_048;

/** Units of work. */
export const LOOK = 1;
export const LIST = 8;
export const MERGE = 32;
export const DEFINE = 64;
export const FREE = 256;

/** Tells who works on a round when it is time to yield. One is shared by all that a round consists of. */
export class Pace {
  #left = STEP;

  /** Notes work that was done. True: a step is over. */
  spent(units: number): boolean {
    this.#left -= units;
    if (this.#left > 0) return false;
    this.#left = STEP;
    return true;
  }
}

/**
 * Work that comes in rounds and is done in steps, so that none takes long. Who needs a round asks for it, gets one
 * that begins after that, and takes the steps itself, or those that are left when others did: several may be waiting
 * for one round, and whatever they like may happen between two steps.
 */
export class Rounds {
  readonly #round: () => Iterator<void>;
  #current: Iterator<void> | undefined;
  #stepping = false;
  #asked = 0;
  #begun = 0;
  #done = 0;

  /** `round` yields after each step. */
  constructor(round: () => Iterator<void>) {
    this.#round = round;
  }

  /** Returns the number of a round that begins after this call. */
  ask(): number {
    return ++this.#asked;
  }

  /** Takes a step towards the end of round `asked`. True: it is over. */
  step(asked: number): boolean {
    // A step may call what others gave, which may collect: they see what there is so far.
    if (this.#done >= asked || this.#stepping) return true;
    this.#stepping = true;
    try {
      if (this.#current === undefined) {
        this.#begun = this.#asked;
        this.#current = this.#round();
      }
      if (this.#current.next().done === true) {
        this.#current = undefined;
        this.#done = this.#begun;
      }
    } finally {
      this.#stepping = false;
    }
    return this.#done >= asked;
  }
}
