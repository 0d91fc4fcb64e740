import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { type Bridge, bridgeInstruments, metricProducer, type Running, start } from '@ostinato/otel';
import { OtlpMetricExporter } from '@ostinato/otlp';
import { createRecorder } from '@ostinato/recorder';

const recorder = createRecorder();
const stock = new OTLPMetricExporter();
const ours = new OtlpMetricExporter({ endpoint: 'grpc://localhost:4317', fallback: false });
const metricProducers = [metricProducer(recorder, { temporality: 'delta' })];
const readers = [
  new PeriodicExportingMetricReader({ exporter: stock, metricProducers }),
  new PeriodicExportingMetricReader({ exporter: ours, metricProducers }),
];
const provider = new MeterProvider({ readers });
const bridge: Bridge = bridgeInstruments(recorder, provider, { mode: 'direct' });
bridge.dispose();
export const running: Running = start({ exporter: stock });
