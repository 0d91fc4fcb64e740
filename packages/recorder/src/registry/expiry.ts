import type { Arena } from '../arena/arena.ts';
import {
  EXPIRY_ROUND,
  SERIES_ACK,
  SERIES_DONE,
  SERIES_INCARNATION,
  SERIES_REQUEST,
} from '../arena/layout.ts';

/** How much one answer does: some tenths of a millisecond. */
const WORK = 4_096;
/** To look at a slot, and to close or free it. */
const LOOK = 1;
const CHANGE = 32;

/** What a thread does with its slots. */
export interface SlotKeeper<S> {
  /** From now on nothing is recorded in the slot: its series is not found any more, and its handles ask again. */
  close(slot: S): void;
  /** Nobody reads the slot any more: its memory serves another series. */
  free(slot: S): void;
}

/**
 * The slots of one thread, which gives back those that the collector asks for: the owner's side of the protocol
 * that layout.ts describes. `record` is the address of a slot's series record.
 */
export class Slots<S extends { readonly record: number }> {
  readonly #words: Int32Array;
  readonly #keeper: SlotKeeper<S>;
  readonly #inUse = new Laps<S>();
  readonly #closed = new Laps<S>();
  #round = 0;

  constructor({ words }: Arena, keeper: SlotKeeper<S>) {
    this.#words = words;
    this.#keeper = keeper;
  }

  add(slot: S): void {
    this.#inUse.add(slot);
  }

  /**
   * Does what the collector asked for since the last time, if it did, or some of it, so that no call takes long. True:
   * there is no more to do. Not while an operation is under way.
   */
  answer(): boolean {
    const round = Atomics.load(this.#words, EXPIRY_ROUND);
    if (round !== this.#round) {
      this.#round = round;
      this.#closed.begin();
      this.#inUse.begin();
    }
    let work = WORK;
    for (; this.#closed.left > 0 && work > 0; work -= LOOK) {
      const slot = this.#closed.next();
      if (!this.#has(slot, SERIES_DONE)) continue;
      this.#closed.remove();
      this.#keeper.free(slot);
      work -= CHANGE;
    }
    for (; this.#inUse.left > 0 && work > 0; work -= LOOK) {
      const slot = this.#inUse.next();
      if (!this.#has(slot, SERIES_REQUEST)) continue;
      this.#inUse.remove();
      this.#keeper.close(slot);
      const at = slot.record * 2;
      Atomics.store(this.#words, at + SERIES_ACK, this.#words[at + SERIES_INCARNATION] as number);
      this.#closed.add(slot);
      work -= CHANGE;
    }
    return this.#closed.left === 0 && this.#inUse.left === 0;
  }

  /** Whether the word says so of the current incarnation. */
  #has({ record }: S, word: number): boolean {
    const words = this.#words;
    return Atomics.load(words, record * 2 + word) === words[record * 2 + SERIES_INCARNATION];
  }
}

/**
 * Slots that are gone through in laps, each slot once a lap, some at a time. A lap that begins before the last one is
 * over goes on from where that one is, so each slot has its turn however often laps begin.
 */
class Laps<S> {
  readonly #all: S[] = [];
  /** Below it is the next one; after the first comes the last. */
  #at = 0;
  /** How many there are to come in this lap. */
  left = 0;

  /** A slot that comes during a lap is part of it. */
  add(slot: S): void {
    this.#all.push(slot);
    if (this.left > 0) this.left++;
  }

  begin(): void {
    this.left = this.#all.length;
  }

  next(): S {
    if (this.#at === 0) this.#at = this.#all.length;
    this.left--;
    return this.#all[--this.#at] as S;
  }

  /** Takes out what `next` returned. The last one comes in its place, and is next. */
  remove(): void {
    const last = this.#all.pop() as S;
    if (this.#at < this.#all.length) this.#all[this.#at++] = last;
  }
}
