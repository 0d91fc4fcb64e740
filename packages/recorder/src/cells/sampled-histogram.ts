import type { Cell, HistogramSink } from '@ostinato/core';
import { makeCell } from './cell.ts';

/** Takes each sample of histograms, by the address of the series record. Never throws. */
export interface SampleSink {
  take(value: number, count: number, record: number): void;
}

/** A histogram's cell that also keeps nothing back from who wants every sample. */
interface ClosableHistogram extends HistogramSink {
  close(): void;
}

/**
 * A histogram whose samples go on one by one, after they were recorded. It permits no fast path, so that the sinks
 * that do stay as few as they are.
 */
export class SampledHistogram implements HistogramSink {
  readonly cell: Cell<HistogramSink>;
  readonly #histogram: ClosableHistogram;
  readonly #record: number;
  #samples: SampleSink | undefined;

  /** `record` is the address of its series record. */
  constructor(histogram: ClosableHistogram, record: number, samples: SampleSink) {
    this.cell = makeCell<HistogramSink>(undefined, 0, this);
    this.#histogram = histogram;
    this.#record = record;
    this.#samples = samples;
  }

  /** Nothing goes on from here, nor is it recorded: another series may have the record. */
  close(): void {
    this.#samples = undefined;
    this.#histogram.close();
  }

  record(value: number, count: number): void {
    this.#histogram.record(value, count);
    this.#samples?.take(value, count, this.#record);
  }
}
