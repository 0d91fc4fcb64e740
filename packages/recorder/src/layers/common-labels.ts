import { type Labels, OptionCheck, readLabels } from '@ostinato/core';
import type { Mapping, SeriesLabels } from './layer.ts';

export interface CommonLabelsLayer {
  readonly layer: 'commonLabels';
  readonly labels: Labels;
}

/**
 * Gives every series these labels; one that a series has itself stays. Throws `OSTINATO_INVALID_OPTION`.
 *
 * ```ts
 * createRecorder({ layers: [commonLabels({ region: 'eu' })] });
 * ```
 */
export function commonLabels(labels: Labels): CommonLabelsLayer {
  const check = new OptionCheck('commonLabels');
  if (labels === undefined) throw check.refused('labels', 'an object', labels);
  const entries = readLabels(labels);
  if (typeof entries === 'string') throw check.error(entries);
  return Object.freeze({ layer: 'commonLabels', labels: Object.freeze(Object.fromEntries(entries)) });
}

export function applyCommonLabels(layer: CommonLabelsLayer): Mapping {
  const common = Object.entries(layer.labels) as unknown as SeriesLabels;
  return {
    relabel(_name, labels) {
      const own = new Set(labels.map(([label]) => label));
      return [...labels, ...common.filter(([label]) => !own.has(label))];
    },
  };
}
