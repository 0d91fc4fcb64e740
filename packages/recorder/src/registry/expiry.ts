import type { Arena } from '../arena/arena.ts';
import {
  EXPIRY_ROUND,
  SERIES_ACK,
  SERIES_DONE,
  SERIES_INCARNATION,
  SERIES_REQUEST,
} from '../arena/layout.ts';

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
  readonly #inUse: S[] = [];
  readonly #closed: S[] = [];
  #round = 0;

  constructor({ words }: Arena, keeper: SlotKeeper<S>) {
    this.#words = words;
    this.#keeper = keeper;
  }

  add(slot: S): void {
    this.#inUse.push(slot);
  }

  /** Does what the collector asked for since the last time, if it did. Not while an operation is under way. */
  answer(): void {
    const round = Atomics.load(this.#words, EXPIRY_ROUND);
    if (round === this.#round) return;
    this.#round = round;
    keep(this.#closed, (slot) => {
      if (!this.#has(slot, SERIES_DONE)) return true;
      this.#keeper.free(slot);
      return false;
    });
    keep(this.#inUse, (slot) => {
      if (!this.#has(slot, SERIES_REQUEST)) return true;
      this.#keeper.close(slot);
      const at = slot.record * 2;
      Atomics.store(this.#words, at + SERIES_ACK, this.#words[at + SERIES_INCARNATION] as number);
      this.#closed.push(slot);
      return false;
    });
  }

  /** Whether the word says so of the current incarnation. */
  #has({ record }: S, word: number): boolean {
    const words = this.#words;
    return Atomics.load(words, record * 2 + word) === words[record * 2 + SERIES_INCARNATION];
  }
}

/** Takes those out for which `keeps` is false, in place: there may be many, and few that go. */
function keep<S>(slots: S[], keeps: (slot: S) => boolean): void {
  let kept = 0;
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i] as S;
    if (keeps(slot)) slots[kept++] = slot;
  }
  slots.length = kept;
}
