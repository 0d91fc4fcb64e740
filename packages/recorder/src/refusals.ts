import type { RefusalReason } from '@ostinato/core';
import type { Arena } from './arena/arena.ts';
import { REFUSALS } from './arena/layout.ts';

/** Where each reason is counted. */
const PLACES: { readonly [R in RefusalReason]: number } = {
  not_a_number: 0,
  not_finite: 1,
  negative: 2,
  invalid_count: 3,
  invalid_name: 4,
  invalid_label: 5,
  mode: 6,
  kind: 7,
  limit: 8,
  not_a_time_unit: 9,
  callback: 10,
};

/** How often each reason was met, by all threads of an arena. */
export class Refusals {
  readonly #longs: BigInt64Array;

  constructor(arena: Arena) {
    this.#longs = arena.longs;
  }

  add(reason: RefusalReason): void {
    Atomics.add(this.#longs, REFUSALS / 2 + PLACES[reason], 1n);
  }

  /** Reasons that were never met are left out. */
  counts(): Readonly<Partial<Record<RefusalReason, number>>> {
    const counts: Partial<Record<RefusalReason, number>> = {};
    for (const reason of Object.keys(PLACES) as RefusalReason[]) {
      const count = Atomics.load(this.#longs, REFUSALS / 2 + PLACES[reason]);
      if (count > 0n) counts[reason] = Number(count);
    }
    return counts;
  }
}
