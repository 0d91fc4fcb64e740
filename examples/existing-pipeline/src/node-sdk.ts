// NodeSDK with tracing: the recorder and our exporter in its reader, spans as ever.
import { trace } from '@opentelemetry/api';
import { metrics, NodeSDK, tracing } from '@opentelemetry/sdk-node';
import { setGlobalRecorder } from '@ostinato/core';
import { metricProducer } from '@ostinato/otel';
import { OtlpMetricExporter } from '@ostinato/otlp';
import { createRecorder } from '@ostinato/recorder';
import { openDestination } from './destination.ts';
import { placeOrder } from './shop.ts';

const destination = await openDestination();
const recorder = createRecorder();
setGlobalRecorder(recorder);
const spans = new tracing.InMemorySpanExporter();
const sdk = new NodeSDK({
  serviceName: 'shop',
  autoDetectResources: false,
  spanProcessors: [new tracing.SimpleSpanProcessor(spans)],
  metricReaders: [
    new metrics.PeriodicExportingMetricReader({
      exporter: new OtlpMetricExporter({ endpoint: destination.endpoint }),
      metricProducers: [metricProducer(recorder)],
    }),
  ],
});
sdk.start();

const tracer = trace.getTracer('shop');
for (const [i, kind] of (['retail', 'wholesale', 'retail'] as const).entries()) {
  tracer.startActiveSpan(`order ${kind}`, (span) => {
    placeOrder(kind, `customer-${i}`, 3 * i + 1);
    span.end();
  });
}
for (const span of spans.getFinishedSpans()) console.log(`span ${span.name}`);
await sdk.shutdown();
await destination.end();
