import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { counter, histogram, setGlobalRecorder } from '@ostinato/core';
import { metricProducer } from '@ostinato/otel';
import { createRecorder } from '@ostinato/recorder';
// The encoder has no public name: the exporter is.
import { encodeBatch } from '../../packages/otlp/dist/encode/batch.js';

export const title = 'Export: 10,000 series with 3 labels, collected and encoded';
export const unit = 'µs/cycle';

const SERIES = 10_000;
const CYCLES = 30;
const labels = (i) => ({ method: 'GET', route: `/route/${i % 1000}`, shard: (i / 1000) | 0 });
const limits = { cardinality: { perMetric: SERIES * 2, total: SERIES * 2 } };

class ManualReader extends MetricReader {
  async onForceFlush() {}
  async onShutdown() {}
}

/** Repeats record (not measured) and a cycle (measured). */
async function cycles(record, cycle) {
  const micros = [];
  for (let i = 0; i < CYCLES; i += 1) {
    record(i);
    const start = performance.now();
    await cycle();
    micros.push((performance.now() - start) * 1e3);
  }
  micros.sort((a, b) => a - b);
  return { min: micros[0], median: micros[CYCLES >> 1] };
}

function stock(make, record) {
  return {
    make: () => ({
      run: () => {
        const reader = new ManualReader({ cardinalitySelector: () => SERIES * 2 });
        const meter = new MeterProvider({ readers: [reader] }).getMeter('bench');
        const instrument = make(meter);
        const attributes = Array.from({ length: SERIES }, (_, i) => labels(i));
        return cycles(
          (cycle) => {
            for (const each of attributes) record(instrument, cycle, each);
          },
          async () => {
            const { resourceMetrics } = await reader.collect();
            ProtobufMetricsSerializer.serializeRequest(resourceMetrics);
          },
        );
      },
    }),
  };
}

function ours(rival, make, record, options = {}) {
  return {
    rival,
    make: () => ({
      run: () => {
        const recorder = createRecorder({ ...limits, ...options });
        setGlobalRecorder(recorder);
        const handles = Array.from({ length: SERIES }, (_, i) => make('m', labels(i)));
        const producer = metricProducer(recorder, { temporality: 'cumulative' });
        const resource = resourceFromAttributes({ 'service.name': 'bench' });
        return cycles(
          (cycle) => {
            for (const handle of handles) record(handle, cycle);
          },
          async () => {
            const { resourceMetrics } = await producer.collect();
            const batch = encodeBatch({ ...resourceMetrics, resource }, { maxBytes: 256 * 1024 });
            for (let step = batch.lazy?.next(); step && !step.done; ) step = batch.lazy.next();
          },
        );
      },
    }),
  };
}

export const cases = {
  'OTel: counters': stock(
    (meter) => meter.createCounter('m'),
    (instrument, _, attributes) => instrument.add(1, attributes),
  ),
  'OTel: histograms, 15 bounds': stock(
    (meter) => meter.createHistogram('m'),
    (instrument, cycle, attributes) => instrument.record(cycle * 7, attributes),
  ),
  counters: ours('OTel: counters', counter, (handle) => handle.increment()),
  'histograms, 15 bounds': ours(
    'OTel: histograms, 15 bounds',
    histogram,
    (handle, cycle) => handle.record(cycle * 7),
    { buckets: { m: [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000] } },
  ),
  'histograms, exponential': ours('OTel: histograms, 15 bounds', histogram, (handle, cycle) =>
    handle.record(cycle * 7),
  ),
};
