import type { Cell, CounterSink } from '@ostinato/core';
import type { Arena } from '../arena/arena.ts';
import { MODE_MAX, MODE_NONE, MODE_SUM, SERIES_MODE } from '../arena/layout.ts';
import { makeCell, type OpenCell } from './cell.ts';

/** The series has expired. */
const MODE_CLOSED = -1;

/**
 * One double, written by one thread. The first operation says what it is: a sum of increments, or the highest
 * absolute value, since the two cannot be told apart in one double. The other operation is refused from then on.
 */
export class CounterCell implements CounterSink {
  #open: OpenCell<CounterSink>;
  readonly series: number;
  readonly #arena: Arena;
  readonly #refuse: () => void;
  #mode = MODE_NONE;

  /** `series` is the series' record, `index` addresses its double; `refuse` is told of the other operation. */
  constructor(arena: Arena, series: number, index: number, refuse: () => void) {
    this.#open = makeCell<CounterSink>(undefined, index, this);
    this.series = series;
    this.#arena = arena;
    this.#refuse = refuse;
  }

  get index(): number {
    return this.#open.index;
  }

  /** Nothing is written here again: an operation that comes in spite of the revoked cell is refused. */
  close(): void {
    this.#mode = MODE_CLOSED;
    this.#open.slots = undefined;
  }

  get cell(): Cell<CounterSink> {
    return this.#open;
  }

  /** Another cell of this series; the old one stays usable by its sink. */
  renew(): Cell<CounterSink> {
    this.#open = makeCell<CounterSink>(this.#open.slots, this.#open.index, this);
    return this.#open;
  }

  /** Returns whether it was carried out. */
  increment(by: number): boolean {
    if (this.#mode !== MODE_SUM) {
      if (!this.#become(MODE_SUM)) return false;
      this.#open.slots = this.#arena.doubles;
    }
    (this.#arena.doubles[this.#open.index] as number) += by;
    return true;
  }

  absolute(value: number): void {
    if (this.#mode !== MODE_MAX && !this.#become(MODE_MAX)) return;
    const { doubles } = this.#arena;
    const { index } = this.#open;
    if (value > (doubles[index] as number)) doubles[index] = value;
  }

  #become(mode: number): boolean {
    if (this.#mode !== MODE_NONE) {
      this.#refuse();
      return false;
    }
    this.#mode = mode;
    Atomics.store(this.#arena.words, this.series * 2 + SERIES_MODE, mode);
    return true;
  }
}
