// The OpenTelemetry SDK as the cases use it, and rivals that are not installed with this repository.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { AggregationType, InstrumentType, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';

/** A reader that collects when told to. */
export class ManualReader extends MetricReader {
  async onForceFlush() {}
  async onShutdown() {}
}

const EXPONENTIAL = {
  instrumentName: '*',
  instrumentType: InstrumentType.HISTOGRAM,
  aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM },
};

/** A meter with one reader; its histograms have the 15 default bounds, or are exponential. */
export function otel({ exponential = false, series = 2_000 } = {}) {
  const reader = new ManualReader({ cardinalitySelector: () => series });
  const views = exponential ? [{ ...EXPONENTIAL, aggregationCardinalityLimit: series }] : [];
  const meter = new MeterProvider({ readers: [reader], views }).getMeter('bench');
  return { meter, reader };
}

/** The default bounds of OpenTelemetry. */
export const BOUNDS = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000];

/** A package of `newer-node/package.json`: those need Node 22. */
export function newer(name) {
  return createRequire(join(process.env.OSTINATO_BENCH_NEWER, 'package.json'))(name);
}
