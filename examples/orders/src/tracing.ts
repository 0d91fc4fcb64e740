import type { IncomingHttpHeaders } from 'node:http';
import { context, propagation, type Span, SpanKind, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

const tracer = trace.getTracer('orders');

/**
 * The tracer of a service: metrics that are recorded in a span have exemplars with its ids. With
 * `OTEL_TRACES_EXPORTER=otlp` the spans go to the collector too, by OpenTelemetry's own exporter; without they go nowhere.
 * Returns what sends the last of them.
 */
export function startTracing(service: string): () => Promise<void> {
  const spanProcessors =
    process.env.OTEL_TRACES_EXPORTER === 'otlp' ? [new BatchSpanProcessor(new OTLPTraceExporter())] : [];
  const resource = resourceFromAttributes({ 'service.name': service });
  const provider = new NodeTracerProvider({ resource, spanProcessors });
  provider.register();
  return () => provider.shutdown();
}

/** Answers a request in a span, which belongs to the trace of whoever asks (W3C trace context). */
export function serve<T>(name: string, headers: IncomingHttpHeaders, work: () => Promise<T>): Promise<T> {
  const caller = propagation.extract(context.active(), headers);
  return tracer.startActiveSpan(name, { kind: SpanKind.SERVER }, caller, ending(work));
}

/** Asks another service in a span; `work` is given the headers that let it go on with the trace. */
export function ask<T>(name: string, work: (headers: Record<string, string>) => Promise<T>): Promise<T> {
  const asking = () => {
    const headers: Record<string, string> = {};
    propagation.inject(context.active(), headers);
    return work(headers);
  };
  return tracer.startActiveSpan(name, { kind: SpanKind.CLIENT }, ending(asking));
}

function ending<T>(work: () => Promise<T>): (span: Span) => Promise<T> {
  return async (span) => {
    try {
      return await work();
    } finally {
      span.end();
    }
  };
}
