import type { Key } from '@ostinato/core';
import { entry } from '../entry.ts';

/** One step: a label's name, or its value as text. */
class Node<T> {
  value: T | undefined = undefined;
  /** The first step from here, and the others: most nodes have one, and a Map each would be most of the memory. */
  #text = '';
  #next: Node<T> | undefined = undefined;
  #others: Map<string, Node<T>> | undefined = undefined;

  get(text: string): Node<T> | undefined {
    return this.#next !== undefined && this.#text === text ? this.#next : this.#others?.get(text);
  }

  add(text: string): Node<T> {
    const node = new Node<T>();
    if (this.#next === undefined) {
      this.#text = text;
      this.#next = node;
    } else {
      this.#others ??= new Map();
      this.#others.set(text, node);
    }
    return node;
  }

  remove(text: string): void {
    if (this.#text === text) this.#next = undefined;
    else this.#others?.delete(text);
  }

  get isEmpty(): boolean {
    const { value } = this;
    return value === undefined && this.#next === undefined && (this.#others?.size ?? 0) === 0;
  }
}

/**
 * Finds what belongs to a list of labels, sorted by name. Values are compared as text, so 200 and '200' are one; no
 * string is built of several, so no two lists can be taken for each other.
 */
export class LabelTrie<T> {
  readonly #root = new Node<T>();

  get(labels: Key['labels']): T | undefined {
    let node: Node<T> | undefined = this.#root;
    for (const label of labels) {
      node = node.get(label[0])?.get(String(label[1]));
      if (node === undefined) return undefined;
    }
    return node.value;
  }

  set(labels: Key['labels'], value: T): void {
    let node = this.#root;
    for (const label of labels) {
      const text = String(label[1]);
      node = node.get(label[0]) ?? node.add(label[0]);
      node = node.get(text) ?? node.add(text);
    }
    node.value = value;
  }

  delete(labels: Key['labels']): void {
    prune(this.#root, labels, 0);
  }
}

/** Takes the value of these labels out, from the `at`th label on, and the nodes that only led to it. */
function prune<T>(node: Node<T>, labels: Key['labels'], at: number): void {
  const label = labels[at];
  if (label === undefined) {
    node.value = undefined;
    return;
  }
  const text = String(label[1]);
  const values = node.get(label[0]);
  const next = values?.get(text);
  if (values === undefined || next === undefined) return;
  prune(next, labels, at + 1);
  if (next.isEmpty) values.remove(text);
  if (values.isEmpty) node.remove(label[0]);
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
