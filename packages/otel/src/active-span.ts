/// <reference lib="esnext.disposable" preserve="true" />
import { context, createContextKey, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { type ActiveSpan, OptionCheck, setTraceContext } from '@ostinato/core';
import { labelFinder, readTraceLabels, type TraceLabels } from './trace-labels.ts';

const PROBE = createContextKey('ostinato: is there a context manager?');

/** Whether a span can be active: where no context manager is registered, none is. */
function isTracing(): boolean {
  const probe = ROOT_CONTEXT.setValue(PROBE, true);
  return context.with(probe, () => context.active() === probe);
}

function activeSpan(): ActiveSpan | undefined {
  const span = trace.getSpanContext(context.active());
  if (span === undefined) return undefined;
  const { traceId, spanId, traceFlags } = span;
  return { traceId, spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 };
}

/**
 * Lets what is recorded in this thread know the active span of the OpenTelemetry API, so that counters and histograms
 * keep exemplars, and metrics with `contextLabels` have the labels that `labels` names. `start()` does it, and
 * `ostinato/worker` in worker threads; call it where you use neither. It may come before or after the tracer provider,
 * and holds until it is disposed of. Throws `OSTINATO_INVALID_OPTION`.
 *
 * ```ts
 * followTraces();
 * followTraces({ spanAttributes: ['tenant'], baggage: ['tenant'] });
 * ```
 */
export function followTraces(labels: TraceLabels = {}): Disposable {
  return follow(readTraceLabels(new OptionCheck('followTraces'), undefined, labels));
}

/** The same with labels that are known to be valid. */
export function follow(labels: TraceLabels): Disposable {
  const label = labelFinder(labels);
  return setTraceContext({ activeSpan, isTracing, ...(label === undefined ? {} : { label }) });
}
