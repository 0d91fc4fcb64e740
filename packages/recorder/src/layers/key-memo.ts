import { type Key, makeKey } from '@ostinato/core';
import { LabelTable } from '../registry/label-table.ts';
import { NameTable } from '../registry/name-table.ts';
import type { Mapping } from './layer.ts';

const SERIES = 10_000;
const CHARACTERS = SERIES * 256;

/**
 * The keys behind some layers: one object per result, also of several keys that come to the same, and none computed
 * twice while its source is alive. Results are kept within bounds; past these, equal results may be several objects.
 */
export class KeyMemo {
  readonly #mappings: readonly Mapping[];
  readonly #results = new WeakMap<Key, Key>();
  readonly #known = new NameTable<LabelTable<Key>>();
  #series = SERIES;
  #characters = CHARACTERS;

  constructor(mappings: readonly Mapping[]) {
    this.#mappings = mappings;
  }

  get(source: Key): Key {
    let result = this.#results.get(source);
    if (result === undefined) {
      result = this.#intern(this.#map(source));
      this.#results.set(source, result);
    }
    return result;
  }

  #map(source: Key): Key {
    let { name, labels } = source;
    for (const mapping of this.#mappings) {
      if (mapping.relabel !== undefined) labels = mapping.relabel(name, labels);
      if (mapping.rename !== undefined) name = mapping.rename(name);
    }
    return makeKey(source.scope, name, [], labels);
  }

  #intern(key: Key): Key {
    const { scope, name, labels } = key;
    const known = this.#known.get(scope, name)?.get(labels);
    // Scopes of one name and version may have different levels, which filters behind may look at.
    if (known !== undefined) return known.scope === scope ? known : key;
    const characters = labels.reduce(
      (sum, [label, value]) => sum + label.length + `${value}`.length,
      name.length,
    );
    if (this.#series === 0 || characters > this.#characters) return key;
    this.#series -= 1;
    this.#characters -= characters;
    let series = this.#known.get(scope, name);
    if (series === undefined) {
      series = new LabelTable();
      this.#known.add(scope, name, series);
    }
    series.set(labels, key);
    return key;
  }
}
