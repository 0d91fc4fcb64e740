import type { CounterCell } from './counter-cell.ts';
import { Handle, whyNotPositive } from './handle.ts';
import type { Fault } from './key.ts';
import { noopCounter } from './noop.ts';
import { type Cell, type CounterSink, type Key, REVOKED, type Recorder } from './recorder.ts';
import { type Definition, sharedState } from './state.ts';

/** A sum that only grows: requests served, bytes sent. Get one from `counter` or `defineCounter`. */
export interface Counter {
  /**
   * Adds `by`, a finite number of at least 0; by default 1. Anything else is refused, counted and warned of once.
   * Never throws.
   */
  increment(by?: number): void;
  /**
   * Says what the total is, for a count that is kept elsewhere: a finite number of at least 0. A value lower than an
   * earlier one has no effect. A series takes either `increment` or `absolute`, as its first operation did.
   */
  absolute(value: number): void;
}

const state = sharedState();
const { usual } = state;
const noop: Cell<CounterSink> = noopCounter;

export class CounterHandle extends Handle<CounterSink> implements Counter {
  constructor(definition: Definition, target: Key | Fault) {
    super(definition, target, noopCounter);
  }

  protected noop(): Cell<CounterSink> {
    return noopCounter;
  }

  protected ask(recorder: Recorder, key: Key): Cell<CounterSink> {
    return recorder.counter(key, this.definition.meta);
  }

  increment(by: number = 1): void {
    const { cell } = this;
    if (typeof by === 'number' && by >= 0 && by < Infinity) {
      // No gate is kept in a variable: the compiler would spill it to the stack, for the call that may follow.
      if (cell.gate === state.gate || (cell.gate === state.counted && --(cell as Counted).store.left > 0)) {
        // Twice the same: the first time the compiler takes the array, its address and length for constants.
        if (cell.slots === usual.slots) {
          const slots = usual.slots as Float64Array;
          const { index } = cell;
          slots[index] = (slots[index] as number) + by;
        } else if (cell !== noop) {
          const slots = cell.slots as Float64Array;
          const { index } = cell;
          slots[index] = (slots[index] as number) + by;
        }
        return;
      }
    }
    this.incrementByEscape(by);
  }

  private incrementByEscape(by: number): void {
    if (!this.admits(whyNotPositive(by), 'increment', by)) return;
    const cell = this.resolve();
    const { slots, index, sink } = cell;
    const counted = (cell as Partial<CounterCell>).store?.left !== undefined;
    if (slots !== undefined && cell.gate !== REVOKED && !counted) {
      slots[index] = (slots[index] as number) + by;
    } else {
      sink.increment(by);
    }
    if (this.mayOpen(cell)) cell.gate = counted ? state.counted : state.gate;
  }

  absolute(value: number): void {
    if (!this.admits(whyNotPositive(value), 'absolute', value)) return;
    this.resolve().sink.absolute(value);
  }
}

type Counted = Cell<CounterSink> & { readonly store: { left: number } };
