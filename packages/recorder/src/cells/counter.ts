import type { Cell, CounterSink } from '@ostinato/core';
import type { Arena } from '../arena/arena.ts';
import { MODE_MAX, MODE_NONE, MODE_SUM, SERIES_MODE } from '../arena/layout.ts';
import { makeCell, type OpenCell } from './cell.ts';

/** In place of the record of a series that has expired. */
const CLOSED = 0;

/** What the cells of a metric have in common. */
export interface CounterHome {
  readonly arena: Arena;
  /** Is told of operations of the other mode. */
  readonly refuse: () => void;
}

/**
 * One double, written by one thread. The first operation says what it is: a sum of increments, or the highest
 * absolute value, since the two cannot be told apart in one double. The other operation is refused from then on.
 */
export class CounterCell implements CounterSink {
  private open: OpenCell<CounterSink>;
  private record: number;
  private readonly home: CounterHome;

  /** `series` is the series' record, `index` addresses its double. */
  constructor(home: CounterHome, series: number, index: number) {
    this.open = makeCell<CounterSink>(undefined, index, this);
    this.record = series;
    this.home = home;
  }

  get index(): number {
    return this.open.index;
  }

  /** The series' record; none after `close`. */
  get series(): number {
    return this.record;
  }

  /** Nothing is written here again: an operation that comes in spite of the revoked cell is refused. */
  close(): void {
    this.record = CLOSED;
    this.open.slots = undefined;
  }

  get cell(): Cell<CounterSink> {
    return this.open;
  }

  /** Another cell of this series; the old one stays usable by its sink. */
  renew(): Cell<CounterSink> {
    this.open = makeCell<CounterSink>(this.open.slots, this.open.index, this);
    return this.open;
  }

  /** Returns whether it was carried out. */
  increment(by: number): boolean {
    const { doubles } = this.home.arena;
    if (this.open.slots === undefined) {
      if (!this.is(MODE_SUM)) return false;
      this.open.slots = doubles;
    }
    (doubles[this.open.index] as number) += by;
    return true;
  }

  absolute(value: number): void {
    if (!this.is(MODE_MAX)) return;
    const { doubles } = this.home.arena;
    const { index } = this.open;
    if (value > (doubles[index] as number)) doubles[index] = value;
  }

  /** Whether the series has this mode, now if it had none. A private name of a method would cost each cell a field. */
  private is(mode: number): boolean {
    const { arena, refuse } = this.home;
    const word = this.record * 2 + SERIES_MODE;
    const known = this.record === CLOSED ? undefined : arena.words[word];
    if (known === MODE_NONE) Atomics.store(arena.words, word, mode);
    else if (known !== mode) {
      refuse();
      return false;
    }
    return true;
  }
}
