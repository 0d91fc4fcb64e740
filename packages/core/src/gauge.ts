import { Handle, whyNotFinite } from './handle.ts';
import type { Fault } from './key.ts';
import { noopGauge } from './noop.ts';
import { type Cell, type GaugeSink, type Key, REVOKED, type Recorder } from './recorder.ts';
import { type Definition, sharedState } from './state.ts';

/** A value that goes up and down: queue length, temperature. Get one from `gauge` or `defineGauge`. */
export interface Gauge {
  /** Sets the value, any finite number. Anything else is refused, counted and warned of once. Never throws. */
  set(value: number): void;
  /** Adds `by`, any finite number; by default 1. Costs more than `set`, since other threads may do it too. */
  increment(by?: number): void;
  /** Subtracts `by`, any finite number; by default 1. */
  decrement(by?: number): void;
}

const state = sharedState();
const { usual } = state;
const noop: Cell<GaugeSink> = noopGauge;

export class GaugeHandle extends Handle<GaugeSink> implements Gauge {
  constructor(definition: Definition, target: Key | Fault) {
    super(definition, target, noopGauge);
  }

  protected noop(): Cell<GaugeSink> {
    return noopGauge;
  }

  protected ask(recorder: Recorder, key: Key): Cell<GaugeSink> {
    return recorder.gauge(key, this.definition.meta);
  }

  set(value: number): void {
    const { cell } = this;
    if (cell.gate === state.gate && typeof value === 'number' && value > -Infinity && value < Infinity) {
      // As in counters.
      if (cell.slots === usual.slots) {
        const slots = usual.slots as Float64Array;
        const { index } = cell;
        slots[index] = value;
        slots[index + 1] = (slots[index + 1] as number) + 1;
      } else if (cell !== noop) {
        store(cell.slots as Float64Array, cell.index, value);
      }
    } else {
      this.setByEscape(value);
    }
  }

  private setByEscape(value: number): void {
    if (!this.admits(whyNotFinite(value), 'set', value)) return;
    const cell = this.resolve();
    if (cell.slots !== undefined && cell.gate !== REVOKED) store(cell.slots, cell.index, value);
    else cell.sink.set(value);
    if (this.mayOpen(cell)) cell.gate = state.gate;
  }

  increment(by: number = 1): void {
    if (!this.admits(whyNotFinite(by), 'increment', by)) return;
    this.resolve().sink.add(by);
  }

  decrement(by: number = 1): void {
    if (!this.admits(whyNotFinite(by), 'decrement', by)) return;
    this.resolve().sink.add(-by);
  }
}

/** The second slot is the write counter, which tells a gauge that is set to the same value from one that is idle. */
function store(slots: Float64Array, index: number, value: number): void {
  slots[index] = value;
  slots[index + 1] = (slots[index + 1] as number) + 1;
}
