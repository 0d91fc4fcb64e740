import { CounterCell } from './counter-cell.ts';
import { type Cell, type CounterSink, type GaugeSink, type HistogramSink, UNOPENED } from './recorder.ts';

class NoopCounter {
  increment(): void {}
  absolute(): void {}
}
class NoopGauge implements GaugeSink {
  set(): void {}
  add(): void {}
}
class NoopHistogram implements HistogramSink {
  record(): void {}
  take(): number {
    return 0;
  }
}

/**
 * What the escape writes to while there is no recorder: an array that nobody reads. The cells are shared by all handles, and
 * their gate is only opened while no recorder is installed. Behind it, a look at which cell it is ends the operation.
 */
const slots = new Float64Array(2);

export const noopCounter: Cell<CounterSink> = new CounterCell(new NoopCounter(), 0, 0, slots);
export const noopGauge: Cell<GaugeSink> = { gate: UNOPENED, slots, index: 0, sink: new NoopGauge() };
export const noopHistogram: Cell<HistogramSink> = {
  gate: UNOPENED,
  slots,
  index: 0,
  sink: new NoopHistogram(),
};
