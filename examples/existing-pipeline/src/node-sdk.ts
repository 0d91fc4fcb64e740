// NodeSDK with tracing: the recorder and our exporter in its reader, spans as ever. An exemplar leads from a metric to its span.
import { trace } from '@opentelemetry/api';
import { metrics, NodeSDK, tracing } from '@opentelemetry/sdk-node';
import { setGlobalRecorder } from '@ostinato/core';
import { followTraces, metricProducer } from '@ostinato/otel';
import { OtlpMetricExporter } from '@ostinato/otlp';
import { createRecorder } from '@ostinato/recorder';
import { openDestination } from './destination.ts';
import { placeOrder } from './shop.ts';

const destination = await openDestination();
const recorder = createRecorder();
setGlobalRecorder(recorder);
followTraces();
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
for (const span of spans.getFinishedSpans()) {
  const { traceId, spanId } = span.spanContext();
  console.log(`span ${span.name}: trace ${traceId}, span ${spanId}`);
}
await sdk.shutdown();
await destination.end();
