import { OptionCheck, rebind } from '@ostinato/core';
import { applyCommonLabels } from './common-labels.ts';
import { applyFanout, type FanoutLayer } from './fanout.ts';
import { Filter, type FilterLayer, readFilter } from './filter.ts';
import { ForwardingRecorder } from './forwarding.ts';
import type { Layer, LayeredRecorder, Mapping } from './layer.ts';
import { MappingRecorder } from './mapping-recorder.ts';
import { applyPrefix } from './prefix.ts';
import { applyRedact } from './redact.ts';
import { applyRename } from './rename.ts';
import { applyRoute, type RouteLayer } from './route.ts';
import type { SharedFilter } from './shared-filter.ts';

/** The recorder that a thread's layers end in. */
export interface Base extends LayeredRecorder {
  /** From now on answers with cells that no handle holds yet. */
  renew(): void;
}

type ForwardingLayer = RouteLayer | FanoutLayer;

const ADMIT_ALL: FilterLayer = Object.freeze({ layer: 'filter' });

/**
 * The layers of one thread in front of its series. The first one sees a key first. One filter can be changed at run
 * time, the first that is listed; if there is none, one in front of all.
 */
export class Layers {
  /** What the thread's handles ask. */
  readonly front: LayeredRecorder;
  readonly #base: Base;
  readonly #shared: SharedFilter;
  readonly #mapping: MappingRecorder[] = [];
  #changeable: Filter | undefined = undefined;
  #generation = 0;

  constructor(layers: readonly Layer[], base: Base, shared: SharedFilter) {
    this.#base = base;
    this.#shared = shared;
    const hasFilter = layers.some(({ layer }) => layer === 'filter');
    this.front = this.#compile(hasFilter ? layers : [ADMIT_ALL, ...layers]);
    this.#takeOver();
  }

  /**
   * Takes over a filter that was changed in another thread: live handles ask again at their next operation. Costs one
   * load if it was not.
   */
  refresh(): void {
    if (this.#takeOver()) this.renew();
  }

  /** Changes the filter for all threads of the recorder; the others follow by `refresh`. By the recorder's thread. */
  setFilter(options: unknown): void {
    const check = new OptionCheck('setFilter');
    const rules = readFilter(check, options);
    if (!this.#shared.write(JSON.stringify(rules)))
      throw check.error('the filter is too long: 4 KiB are possible');
    this.refresh();
  }

  #takeOver(): boolean {
    const { generation } = this.#shared;
    if (generation === this.#generation) return false;
    const text = this.#shared.read(generation);
    if (text === undefined) return false;
    this.#generation = generation;
    this.#changeable?.become(JSON.parse(text));
    return true;
  }

  /** Live handles ask again at their next operation. */
  renew(): void {
    this.#base.renew();
    rebind();
    for (const mapping of this.#mapping) mapping.renew();
  }

  #compile(layers: readonly Layer[]): LayeredRecorder {
    const mappings: Mapping[] = [];
    for (const [i, layer] of layers.entries()) {
      const mapping = this.#mappingOf(layer);
      if (mapping === undefined) {
        return this.#map(mappings, forward(layer as ForwardingLayer, this.#compile(layers.slice(i + 1))));
      }
      mappings.push(mapping);
    }
    return this.#map(mappings, this.#base);
  }

  #map(mappings: readonly Mapping[], next: LayeredRecorder): LayeredRecorder {
    if (mappings.length === 0) return next;
    const recorder = new MappingRecorder(mappings, next, () => this.renew());
    this.#mapping.push(recorder);
    return recorder;
  }

  #mappingOf(layer: Layer): Mapping | undefined {
    switch (layer.layer) {
      case 'prefix':
        return applyPrefix(layer);
      case 'filter': {
        const filter = new Filter(layer);
        this.#changeable ??= filter;
        return filter;
      }
      case 'commonLabels':
        return applyCommonLabels(layer);
      case 'rename':
        return applyRename(layer);
      case 'redact':
        return applyRedact(layer);
      case 'route':
      case 'fanout':
        return undefined;
    }
  }
}

/** Without recorders, as in worker threads, a layer that forwards lets everything pass. */
function forward(layer: ForwardingLayer, next: LayeredRecorder): LayeredRecorder {
  switch (layer.layer) {
    case 'route':
      if (Object.keys(layer.routes).length === 0) return next;
      return new ForwardingRecorder(next, Object.values(layer.routes), applyRoute(layer));
    case 'fanout':
      if (layer.to.length === 0) return next;
      return new ForwardingRecorder(next, layer.to, applyFanout(layer, next));
  }
}
