import type { Key } from '@ostinato/core';

interface Node<T> {
  value: T | undefined;
  /** By label name, then by the label's value as text. */
  next: Map<string, Map<string, Node<T>>> | undefined;
}

/**
 * Finds what belongs to a list of labels, sorted by name. Values are compared as text, so 200 and '200' are one; no
 * string is built of several, so no two lists can be taken for each other.
 */
export class LabelTrie<T> {
  readonly #root: Node<T> = { value: undefined, next: undefined };

  get(labels: Key['labels']): T | undefined {
    let node: Node<T> | undefined = this.#root;
    for (const [name, value] of labels) {
      node = node.next?.get(name)?.get(String(value));
      if (node === undefined) return undefined;
    }
    return node.value;
  }

  set(labels: Key['labels'], value: T): void {
    let node = this.#root;
    for (const [name, text] of labels) {
      node.next ??= new Map();
      const values = entry(node.next, name, () => new Map<string, Node<T>>());
      node = entry(values, String(text), () => ({ value: undefined, next: undefined }));
    }
    node.value = value;
  }
}

/** Finds what belongs to a scope and a name in it. */
export class NameTable<T> {
  readonly #scopes = new Map<string, Map<string, Map<string, T>>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(scope: Key['scope'], name: string): T | undefined {
    return this.#scopes
      .get(scope.name)
      ?.get(scope.version ?? '')
      ?.get(name);
  }

  /** `name` is new in its scope. */
  add(scope: Key['scope'], name: string, value: T): void {
    const versions = entry(this.#scopes, scope.name, () => new Map<string, Map<string, T>>());
    entry(versions, scope.version ?? '', () => new Map<string, T>()).set(name, value);
    this.#size++;
  }
}

/** What a map has for a key; made if there is nothing. */
export function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
