import { type Cell, type CounterSink, UNOPENED } from './recorder.ts';

/** Carries out what is done to the counters of many series. */
export interface CounterStore {
  increment(by: number, cell: CounterCell): void;
  absolute(value: number, cell: CounterCell): void;
  /**
   * Where it is present: the increment that counts it down to 0 comes to the store, and all before it take the fast path.
   * A small integer, set by the store.
   */
  left?: number;
}

/**
 * A counter's cell and its sink in one, which leaves all to a store that it shares with others: one small object a series.
 * Any other cell will do, but handles begin with one of this class, and a look at their cells is cheapest while
 * all are of it.
 */
export class CounterCell implements Cell<CounterSink>, CounterSink {
  gate: number;
  slots: Float64Array | undefined;
  readonly index: number;
  /** The store's. */
  series: number;
  store: CounterStore;

  constructor(store: CounterStore, series: number, index: number, slots: Float64Array | undefined) {
    this.gate = UNOPENED;
    this.slots = slots;
    this.index = index;
    this.series = series;
    this.store = store;
  }

  get sink(): this {
    return this;
  }

  increment(by: number): void {
    this.store.increment(by, this);
  }

  absolute(value: number): void {
    this.store.absolute(value, this);
  }
}
