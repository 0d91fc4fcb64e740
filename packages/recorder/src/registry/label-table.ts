import type { Key } from '@ostinato/core';

type Labels = Key['labels'];

const FIRST_CAPACITY = 4;

/** Nobody outside can choose labels that all have one place. */
const SEED = (Math.random() * 2 ** 32) | 0;

/**
 * Finds what belongs to a list of labels, sorted by name. Values are compared as text, so 200 and '200' are one; label
 * by label, whatever their hash, so no two lists can be taken for each other.
 *
 * A hash table with open addressing, at most three quarters full: what is looked for is at the place of its hash or in
 * one after it, with none empty between. It costs 20 bytes a place; a Map a label, or a node, would be many times that.
 */
export class LabelTable<T> {
  #hashes = new Int32Array(FIRST_CAPACITY);
  /** Undefined: the place is empty. */
  #labels = new Array<Labels | undefined>(FIRST_CAPACITY).fill(undefined);
  #values = new Array<T | undefined>(FIRST_CAPACITY).fill(undefined);
  #size = 0;
  readonly #hashOf: (labels: Labels) => number;

  /** `hash`: equal for equal labels. */
  constructor(hash: (labels: Labels) => number = hashOf) {
    this.#hashOf = hash;
  }

  get(labels: Labels): T | undefined {
    return this.#values[this.#find(labels, this.#hashOf(labels))];
  }

  set(labels: Labels, value: T): void {
    const hash = this.#hashOf(labels);
    let at = this.#find(labels, hash);
    if (this.#labels[at] === undefined) {
      if (this.#size >= this.#hashes.length * 0.75) {
        this.#grow();
        at = this.#find(labels, hash);
      }
      this.#size++;
      this.#labels[at] = labels;
      this.#hashes[at] = hash;
    }
    this.#values[at] = value;
  }

  /** What stands behind the place that becomes empty moves up, where it would not be found any more. */
  delete(labels: Labels): void {
    const mask = this.#hashes.length - 1;
    let gap = this.#find(labels, this.#hashOf(labels));
    if (this.#labels[gap] === undefined) return;
    this.#size--;
    for (let at = (gap + 1) & mask; this.#labels[at] !== undefined; at = (at + 1) & mask) {
      const home = (this.#hashes[at] as number) & mask;
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      this.#labels[gap] = this.#labels[at];
      this.#values[gap] = this.#values[at];
      this.#hashes[gap] = this.#hashes[at] as number;
      gap = at;
    }
    this.#labels[gap] = undefined;
    this.#values[gap] = undefined;
  }

  /** The place of these labels, or the empty one where they belong. */
  #find(labels: Labels, hash: number): number {
    const mask = this.#hashes.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const known = this.#labels[at];
      if (known === undefined) return at;
      if (this.#hashes[at] === hash && areEqual(known, labels)) return at;
    }
  }

  #grow(): void {
    const hashes = this.#hashes;
    const labels = this.#labels;
    const values = this.#values;
    const capacity = hashes.length * 2;
    this.#hashes = new Int32Array(capacity);
    this.#labels = new Array<Labels | undefined>(capacity).fill(undefined);
    this.#values = new Array<T | undefined>(capacity).fill(undefined);
    for (let from = 0; from < hashes.length; from++) {
      if (labels[from] === undefined) continue;
      let at = (hashes[from] as number) & (capacity - 1);
      while (this.#labels[at] !== undefined) at = (at + 1) & (capacity - 1);
      this.#hashes[at] = hashes[from] as number;
      this.#labels[at] = labels[from];
      this.#values[at] = values[from];
    }
  }
}

function areEqual(a: Labels, b: Labels): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    const one = a[i] as Labels[number];
    const other = b[i] as Labels[number];
    if (one === other) continue;
    if (one[0] !== other[0]) return false;
    if (one[1] !== other[1] && String(one[1]) !== String(other[1])) return false;
  }
  return true;
}

function hashOf(labels: Labels): number {
  let hash = SEED;
  for (const label of labels) hash = mix(mix(hash, label[0]), String(label[1]));
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}

/** The length goes in too, so that the same letters in other strings give another hash. */
function mix(from: number, text: string): number {
  let hash = from ^ text.length;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul((hash >>> 15) ^ hash ^ text.charCodeAt(i), 0x5bd1e995);
  }
  return hash;
}
