/// <reference lib="esnext.disposable" preserve="true" />
import { context, TraceFlags, trace } from '@opentelemetry/api';
import { setTraceContext, type TraceContext } from '@ostinato/core';

const traceContext: TraceContext = {
  activeSpan() {
    const span = trace.getSpanContext(context.active());
    if (span === undefined) return undefined;
    const { traceId, spanId, traceFlags } = span;
    return { traceId, spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 };
  },
};

/**
 * Lets what is recorded in this thread know the active span of the OpenTelemetry API, so that counters and histograms
 * keep exemplars. `start()` does it, and `ostinato/worker` in worker threads; call it where you use neither. It may come
 * before or after the tracer provider, and holds until it is disposed of.
 *
 * ```ts
 * followTraces();
 * ```
 */
export function followTraces(): Disposable {
  return setTraceContext(traceContext);
}
