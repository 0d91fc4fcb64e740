import { CounterCell, type CounterStore } from '@ostinato/core';
import type { Arena } from '../arena/arena.ts';
import { MODE_MAX, MODE_NONE, MODE_SUM, SERIES_MODE } from '../arena/layout.ts';

/** In place of the record of a series that has expired. */
const CLOSED = 0;

/** What there is behind a cell that another one of its series took the place of. */
class Renewed implements CounterStore {
  private readonly cell: CounterCell;

  constructor(cell: CounterCell) {
    this.cell = cell;
  }

  increment(by: number): void {
    this.cell.increment(by);
  }

  absolute(value: number): void {
    this.cell.absolute(value);
  }
}

/**
 * The counters of a metric. Each is one double, written by one thread. The first operation says what it is: a sum of
 * increments, or the highest absolute value, since the two cannot be told apart in one double. The other operation is
 * refused from then on.
 */
export class Counters implements CounterStore {
  private readonly arena: Arena;
  private readonly refuse: () => void;

  /** `refuse` is told of operations of the other mode. */
  constructor(arena: Arena, refuse: () => void) {
    this.arena = arena;
    this.refuse = refuse;
  }

  /** `series` is the series' record, `index` addresses its double. */
  open(series: number, index: number): CounterCell {
    return new CounterCell(this, series, index, undefined);
  }

  /** Another cell of the series; what comes by this one goes there. */
  renew(cell: CounterCell): CounterCell {
    const other = new CounterCell(this, cell.series, cell.index, cell.slots);
    cell.store = new Renewed(other);
    return other;
  }

  /** Nothing is written there again: an operation that comes in spite of the revoked cell is refused. */
  close(cell: CounterCell): void {
    cell.series = CLOSED;
    cell.slots = undefined;
  }

  /** Returns whether it was carried out. */
  increment(by: number, cell: CounterCell): boolean {
    const { doubles } = this.arena;
    if (cell.slots === undefined) {
      if (!this.is(MODE_SUM, cell)) return false;
      cell.slots = doubles;
    }
    (doubles[cell.index] as number) += by;
    return true;
  }

  absolute(value: number, cell: CounterCell): void {
    if (!this.is(MODE_MAX, cell)) return;
    const { doubles } = this.arena;
    const { index } = cell;
    if (value > (doubles[index] as number)) doubles[index] = value;
  }

  /** Whether the series has this mode, now if it had none. */
  private is(mode: number, { series }: CounterCell): boolean {
    const { words } = this.arena;
    const word = series * 2 + SERIES_MODE;
    const known = series === CLOSED ? undefined : words[word];
    if (known === MODE_NONE) Atomics.store(words, word, mode);
    else if (known !== mode) {
      this.refuse();
      return false;
    }
    return true;
  }
}
