import { newAsyncScope } from './async-scope.ts';
import { readLabels } from './key.ts';
import type { Labels } from './labels.ts';
import type { SeriesLabelValue } from './recorder.ts';
import { report } from './report.ts';
import { type LabelContext, sharedState } from './state.ts';
import { traceLabel } from './trace.ts';

const state = sharedState();

/**
 * Calls `fn` with these labels in its context: in all that `fn` calls and awaits, also after it returned. Metrics that
 * were defined with `contextLabels` have those of them that they name; all others are as ever. Scopes nest: an inner
 * label hides an outer one of the same name, one that is absent (undefined or '') hides nothing. Where there is no
 * AsyncLocalStorage (browsers), the scope ends when `fn` returns.
 *
 * Labels that cannot be any are reported once, and `fn` is called without these labels.
 *
 * ```ts
 * const orders = defineCounter('orders', { contextLabels: ['tenant'] });
 * await withLabels({ tenant: 'acme' }, async () => {
 *   orders.increment(); // orders{tenant="acme"}
 * });
 * ```
 */
export function withLabels<T>(labels: Labels, fn: () => T): T {
  const entries = readLabels(labels);
  if (typeof entries === 'string') {
    report('OSTINATO_INVALID_LABEL', 'withLabels', `withLabels: ${entries}. None of these labels is used.`);
    return fn();
  }
  state.labels ??= newAsyncScope();
  return state.labels.run(new Map([...(contextLabels() ?? []), ...entries]), fn);
}

/** The labels of the scopes of `withLabels` that are in effect here and now. */
export function contextLabels(): LabelContext | undefined {
  return state.labels?.getStore();
}

/** Whether labels may come from elsewhere than `withLabels`. */
export function hasTraceLabels(): boolean {
  return state.trace?.label !== undefined;
}

/** What the context says of one label: `withLabels` comes before spans and baggage. */
export function contextLabel(name: string, labels: LabelContext | undefined): SeriesLabelValue | undefined {
  return labels?.get(name) ?? traceLabel(name);
}
