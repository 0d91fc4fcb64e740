import type { Cell, GaugeSink } from '@ostinato/core';
import type { Arena } from '../arena/arena.ts';
import { GAUGE_VALUE, GAUGE_WRITES } from '../arena/layout.ts';
import { makeCell } from './cell.ts';

const scratch = new Float64Array(1);
const bits = new BigInt64Array(scratch.buffer);

/**
 * The one cell that all threads share. `set` is a plain store, as in the handle's fast path. `add` swaps the value
 * it read for the sum, and starts anew when another thread was faster, so no increment is lost; a `set` that falls
 * between the two makes the swap fail, and the sum is then built on what was set.
 */
export class GaugeCell implements GaugeSink {
  readonly cell: Cell<GaugeSink>;
  readonly #arena: Arena;
  readonly #index: number;

  constructor(arena: Arena, index: number) {
    this.cell = makeCell<GaugeSink>(arena.doubles, index, this);
    this.#arena = arena;
    this.#index = index;
  }

  set(value: number): void {
    const { doubles } = this.#arena;
    doubles[this.#index + GAUGE_VALUE] = value;
    (doubles[this.#index + GAUGE_WRITES] as number) += 1;
  }

  add(by: number): void {
    const { longs, doubles } = this.#arena;
    const at = this.#index + GAUGE_VALUE;
    for (let seen = Atomics.load(longs, at); ; ) {
      bits[0] = seen;
      scratch[0] = (scratch[0] as number) + by;
      const found = Atomics.compareExchange(longs, at, seen, bits[0]);
      if (found === seen) break;
      seen = found;
    }
    (doubles[this.#index + GAUGE_WRITES] as number) += 1;
  }
}
