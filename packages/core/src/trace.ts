/// <reference lib="esnext.disposable" preserve="true" />
import { isAbsent, labelValueProblem } from './key.ts';
import type { SeriesLabelValue } from './recorder.ts';
import { report } from './report.ts';
import { nextEpoch, sharedState } from './state.ts';

/** The span that is active where something is recorded. */
export interface ActiveSpan {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  /** Whether the trace is kept. */
  readonly sampled: boolean;
}

/** How a tracing library makes itself known, so that nothing here depends on one. */
export interface TraceContext {
  /**
   * The active span, if there is one. Called for the few samples that may become exemplars, but for those that are recorded
   * by it or by `label`.
   */
  activeSpan(): ActiveSpan | undefined;
  /** Whether a span can be active at all. Asked from time to time: while it says no, none is looked for. Absent: yes. */
  isTracing?(): boolean;
  /**
   * The value that spans or baggage give to a label of a metric with `contextLabels`. Called whenever such a metric is
   * recorded on; what is no label value counts as absent. Absent: they give none.
   */
  label?(name: string): unknown;
}

const state = sharedState();

/** Whether a trace context is called: it may record too, and would be called for that again, without end. */
let isAsked = false;

/**
 * Says how to find the active span in this thread, which is what exemplars need. The last one stays; disposing of it
 * ends it, unless another one was set meanwhile. Handles that are held take it up at their next operation.
 */
export function setTraceContext(trace: TraceContext): Disposable {
  state.trace = trace;
  nextEpoch();
  return {
    [Symbol.dispose]() {
      if (state.trace !== trace) return;
      state.trace = undefined;
      nextEpoch();
    },
  };
}

/** The label's value by spans or baggage. Never throws. */
export function traceLabel(name: string): SeriesLabelValue | undefined {
  const { trace } = state;
  if (trace?.label === undefined || isAsked) return undefined;
  try {
    isAsked = true;
    const value = trace.label(name);
    const isValue = labelValueProblem(name, value) === undefined && !isAbsent(value);
    return isValue ? (value as SeriesLabelValue) : undefined;
  } catch (error) {
    report('OSTINATO_TRACE_CONTEXT', 'label', () => {
      return `The labels of the active span could not be found: ${String(error)}`;
    });
    return undefined;
  } finally {
    isAsked = false;
  }
}

/** Whether a span can be active in this thread. Never throws. */
export function isTracing(): boolean {
  const { trace } = state;
  // Where it cannot be said, looking for a span tells more.
  if (isAsked) return true;
  try {
    isAsked = true;
    return trace !== undefined && trace.isTracing?.() !== false;
  } catch {
    return true;
  } finally {
    isAsked = false;
  }
}

/** The span that is active here and now. Never throws: a trace context that does is reported, once. */
export function activeSpan(): ActiveSpan | undefined {
  if (isAsked) return undefined;
  try {
    isAsked = true;
    const span = state.trace?.activeSpan();
    if (span === undefined) return undefined;
    // Read here, where it is no matter what they are.
    const { traceId, spanId, sampled } = span;
    return { traceId, spanId, sampled };
  } catch (error) {
    report('OSTINATO_TRACE_CONTEXT', 'activeSpan', () => {
      return `The active span could not be found, so there are no exemplars: ${String(error)}`;
    });
    return undefined;
  } finally {
    isAsked = false;
  }
}
