import { type Cell, UNOPENED } from '@ostinato/core';

/**
 * A cell as handles hold it. All but those of counters, which are a `CounterCell`, are made here, by one literal, so that
 * they have one shape and a handle's look at `gate` and `slots` stays monomorphic.
 */
export interface OpenCell<S> extends Cell<S> {
  slots: Float64Array | undefined;
}

export function makeCell<S>(slots: Float64Array | undefined, index: number, sink: S): OpenCell<S> {
  return { gate: UNOPENED, slots, index, sink };
}
