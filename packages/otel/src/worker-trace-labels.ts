import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import type { TraceLabels } from './trace-labels.ts';

/** Under this key a worker finds the labels that `start()` was given in the thread that started it. */
const KEY = 'ostinato.trace-labels.v1';

/** Worker threads that are started from now on have these labels. Returns what ends it. */
export function publishTraceLabels({ spanAttributes = [], baggage = [] }: TraceLabels): () => void {
  setEnvironmentData(KEY, { spanAttributes: [...spanAttributes], baggage: [...baggage] });
  return () => setEnvironmentData(KEY);
}

export function inheritedTraceLabels(): TraceLabels {
  return (getEnvironmentData(KEY) as TraceLabels | undefined) ?? {};
}
