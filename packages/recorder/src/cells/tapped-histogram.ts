import type { Cell, HistogramSink } from '@ostinato/core';
import { makeCell } from './cell.ts';
import type { ExplicitHistogram } from './explicit-histogram.ts';
import type { ExponentialHistogram } from './exponential-histogram.ts';

/** Takes each sample of histograms, by the address of the series record. Never throws. */
export interface SampleSink {
  take(value: number, count: number, record: number): void;
}

/**
 * A histogram whose samples go on one by one, after they were recorded. It permits no fast path, so that the sinks
 * that do stay as few as they are.
 */
export class TappedHistogram implements HistogramSink {
  readonly cell: Cell<HistogramSink>;
  /** The one that counts. */
  readonly histogram: ExplicitHistogram | ExponentialHistogram;
  readonly #inner: HistogramSink;
  #samples: SampleSink | undefined;

  /** `inner` records: `histogram`, or what keeps exemplars in front of it. */
  constructor(
    inner: HistogramSink,
    histogram: ExplicitHistogram | ExponentialHistogram,
    samples: SampleSink,
  ) {
    this.cell = makeCell<HistogramSink>(undefined, 0, this);
    this.histogram = histogram;
    this.#inner = inner;
    this.#samples = samples;
  }

  /** Nothing goes on from here: another series may have the record. */
  close(): void {
    this.#samples = undefined;
  }

  record(value: number, count: number): void {
    this.#inner.record(value, count);
    this.#samples?.take(value, count, this.histogram.series);
  }
}
