import { checkRecorder, isMetricName, OptionCheck, type Recorder } from '@ostinato/core';
import { isWithin } from './directives.ts';
import type { Choice } from './forwarding.ts';
import { remember } from './remember.ts';

export interface RouteLayer {
  readonly layer: 'route';
  readonly routes: { readonly [prefix: string]: Recorder };
}

/**
 * Sends metrics to other recorders by the beginning of their names, the longest that fits; all others go on. `orders`
 * fits `orders` and all below it (`orders.db`, not `ordersize`), `orders.` only what is below. Works in the thread that
 * makes it: workers record these metrics in what stands behind this layer. Throws `OSTINATO_INVALID_RECORDER`.
 *
 * ```ts
 * createRecorder({ layers: [route({ 'audit.': auditRecorder })] });
 * ```
 */
export function route(routes: RouteLayer['routes']): RouteLayer {
  const check = new OptionCheck('route');
  const given = check.object<RouteLayer['routes']>(routes, undefined, 'the routes') as RouteLayer['routes'];
  const pairs = Object.entries(given);
  if (pairs.length === 0) throw check.error('at least one route is needed, none was given');
  for (const [prefix, recorder] of pairs) {
    if (!isMetricName(prefix)) throw check.refused('the prefixes', 'beginnings of metric names', prefix);
    checkRecorder(`route: '${prefix}'`, recorder);
  }
  return Object.freeze({ layer: 'route', routes: Object.freeze(Object.fromEntries(pairs)) });
}

export function applyRoute({ routes }: RouteLayer): Choice {
  const longestFirst = Object.entries(routes).sort(([a], [b]) => b.length - a.length);
  const find = (name: string) => longestFirst.find(([prefix]) => isWithin(prefix, name));
  return remember((name) => find(name)?.slice(1) as [Recorder] | undefined);
}
