// Beside an SDK that the project has: our producer in its reader, its exporter, our exporter under its instruments, the
// bridge onto its provider, and start() with its exporter.
import assert from 'node:assert/strict';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { counter, histogram, setGlobalRecorder } from '@ostinato/core';
import { bridgeInstruments, metricProducer, start } from '@ostinato/otel';
import { OtlpMetricExporter } from '@ostinato/otlp';
import { createRecorder } from '@ostinato/recorder';
import { startCollector } from '@ostinato/testing';

const collector = await startCollector();
const { endpoint } = collector;
const never = 2 ** 31 - 1;
const reader = (exporter, options) =>
  new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: never, ...options });
const recorder = createRecorder();
const installation = setGlobalRecorder(recorder);

const producing = new MeterProvider({
  readers: [
    reader(new OTLPMetricExporter({ url: endpoint }), { metricProducers: [metricProducer(recorder)] }),
  ],
});
const bridged = new MeterProvider({
  readers: [reader(new OtlpMetricExporter({ endpoint }))],
  views: [{ instrumentName: 'wait', name: 'bridged.wait' }],
});
const bridge = bridgeInstruments(recorder, bridged);
counter('orders', { shop: 'a' }).increment(3);
histogram('wait').record(12.5);
producing.getMeter('stock').createCounter('stock.orders').add(2);
bridge.dispose();
await producing.shutdown();
await bridged.shutdown();
installation.uninstall();

const running = start({ exporter: new OTLPMetricExporter({ url: endpoint }), signals: false });
counter('started').increment(4);
await running.forceFlush();
await running.shutdown();

const last = (metric) => collector.points().findLast((point) => point.metric === metric);
assert.equal(last('orders').value, 3);
assert.equal(last('stock.orders').value, 2);
assert.equal(last('wait').type, 'exponentialHistogram');
assert.equal(last('bridged.wait').sum, 12.5);
assert.equal(last('started').value, 4);
await collector.stop();
