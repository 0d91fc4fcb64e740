// The same by require.
const assert = require('node:assert/strict');
const { OTLPMetricExporter } = require('@opentelemetry/exporter-metrics-otlp-grpc');
const { MeterProvider, PeriodicExportingMetricReader } = require('@opentelemetry/sdk-metrics');
const { counter, histogram, setGlobalRecorder } = require('@ostinato/core');
const { bridgeInstruments, metricProducer } = require('@ostinato/otel');
const { OtlpMetricExporter } = require('@ostinato/otlp');
const { createRecorder } = require('@ostinato/recorder');
const { startCollector } = require('@ostinato/testing');

async function main() {
  const collector = await startCollector();
  const { endpoint } = collector;
  const never = 2 ** 31 - 1;
  const recorder = createRecorder();
  setGlobalRecorder(recorder);
  const stock = new OTLPMetricExporter({ url: endpoint });
  const metricProducers = [metricProducer(recorder)];
  const producing = new MeterProvider({
    readers: [
      new PeriodicExportingMetricReader({ exporter: stock, exportIntervalMillis: never, metricProducers }),
    ],
  });
  const ours = new OtlpMetricExporter({ endpoint });
  const bridged = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter: ours, exportIntervalMillis: never })],
  });
  const bridge = bridgeInstruments(recorder, bridged);
  counter('orders').increment(3);
  histogram('wait').record(12.5);
  producing.getMeter('stock').createCounter('stock.orders').add(2);
  await producing.shutdown();
  assert.equal(collector.points().findLast(({ metric }) => metric === 'orders').value, 3);
  assert.equal(collector.points().findLast(({ metric }) => metric === 'stock.orders').value, 2);
  bridge.dispose();
  await bridged.shutdown();
  assert.equal(collector.points().findLast(({ metric }) => metric === 'wait').type, 'histogram');
  await collector.stop();
}
void main();
