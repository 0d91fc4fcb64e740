import { type OptionCheck, report } from '@ostinato/core';
import { commonLabels } from './common-labels.ts';
import { fanout } from './fanout.ts';
import { filter } from './filter.ts';
import type { Layer } from './layer.ts';
import { prefix } from './prefix.ts';
import { redact } from './redact.ts';
import { rename } from './rename.ts';
import { route } from './route.ts';

/** What `createRecorder({ layers })` was given, checked. Throws as the functions do that make layers. */
export function readLayers(check: OptionCheck, given: unknown): readonly Layer[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) {
    throw check.refused('layers', "an array of layers, such as [prefix('shop')]", given);
  }
  return Object.freeze(Array.from(given, (layer, i) => readLayer(check, layer, i)));
}

/** Layers are data, which may have been written by hand: they are made once more, by the functions that check. */
function readLayer(check: OptionCheck, given: unknown, index: number): Layer {
  const layer = given as Layer | undefined | null;
  switch (layer?.layer) {
    case 'prefix':
      return prefix(layer.prefix);
    case 'filter': {
      const { layer: _, ...options } = layer;
      return filter(options);
    }
    case 'commonLabels':
      return commonLabels(layer.labels);
    case 'rename':
      return rename(layer.names, { labels: layer.labels });
    case 'redact': {
      const { layer: _, ...options } = layer;
      return redact(options);
    }
    case 'route':
      return route(layer.routes);
    case 'fanout':
      return fanout(...(layer.to ?? []));
    default: {
      const allowed = 'made by prefix, filter, commonLabels, rename, redact, route or fanout';
      throw check.refused(`layers[${index}]`, allowed, given);
    }
  }
}

/** What other threads are given: recorders cannot leave theirs, so a layer that holds some is left empty. */
export function layersForWorkers(layers: readonly Layer[]): readonly Layer[] {
  return layers.map((layer) => {
    switch (layer.layer) {
      case 'route':
        return { layer: 'route', routes: {} };
      case 'fanout':
        return { layer: 'fanout', to: [] };
      default:
        return layer;
    }
  });
}

/** In a worker: says which layers it does not apply. */
export function reportLayersOfOneThread(layers: readonly Layer[]): void {
  const names = layers
    .filter(({ layer }) => layer === 'route' || layer === 'fanout')
    .map(({ layer }) => layer);
  if (names.length === 0) return;
  report('OSTINATO_LAYER_OF_ONE_THREAD', 'layers', () => {
    return `The layers ${names.join(', ')} hold recorders, which exist in one thread only: worker threads record without them, in the shared recorder.`;
  });
}
