import { isMetricName, NAME_RULE, OptionCheck } from '@ostinato/core';
import type { Mapping } from './layer.ts';

export interface PrefixLayer {
  readonly layer: 'prefix';
  readonly prefix: string;
}

/**
 * Puts `prefix` and a dot before the name of every metric. Throws `OSTINATO_INVALID_OPTION`.
 *
 * ```ts
 * createRecorder({ layers: [prefix('shop')] }); // orders -> shop.orders
 * ```
 */
export function prefix(prefix: string): PrefixLayer {
  if (!isMetricName(prefix) || prefix.endsWith('.')) {
    const allowed = `${NAME_RULE}, without a dot at the end`;
    throw new OptionCheck('prefix').refused('the prefix', allowed, prefix);
  }
  return Object.freeze({ layer: 'prefix', prefix });
}

export function applyPrefix({ prefix }: PrefixLayer): Mapping {
  return { rename: (name) => `${prefix}.${name}` };
}
