import type { Key } from '@ostinato/core';

type Labels = Key['labels'];

const FIRST_CAPACITY = 4;

/** A table is never fuller than this. */
const FULL = 0.75;

/** Nobody outside can choose labels that all have one place. */
const SEED = (Math.random() * 2 ** 32) | 0;

/**
 * Finds what belongs to a list of labels, sorted by name. Values are compared as text, so 200 and '200' are one; label
 * by label, whatever their hash, so no two lists can be taken for each other.
 *
 * The entries lie one after the other. A hash table with open addressing, at most three quarters full, holds their
 * numbers: what is looked for is at the place of its hash or in one after it, with none empty between. So when it
 * doubles, at once, only numbers move. It costs 25 to 45 bytes an entry; a Map a label, or a node, would be many times that.
 */
export class LabelTable<T> {
  /** Numbers of entries, from 1; 0: the place is empty. */
  #places = new Int32Array(FIRST_CAPACITY);
  #hashes = new Int32Array(FIRST_CAPACITY * FULL);
  readonly #labels: Labels[] = [];
  readonly #values: T[] = [];
  readonly #hashOf: (labels: Labels) => number;

  /** `hash`: equal for equal labels. */
  constructor(hash: (labels: Labels) => number = hashOf) {
    this.#hashOf = hash;
  }

  get(labels: Labels): T | undefined {
    const number = this.#places[this.#find(labels, this.#hashOf(labels))] as number;
    return number === 0 ? undefined : this.#values[number - 1];
  }

  set(labels: Labels, value: T): void {
    const hash = this.#hashOf(labels);
    let at = this.#find(labels, hash);
    const known = this.#places[at] as number;
    if (known > 0) {
      this.#values[known - 1] = value;
      return;
    }
    if (this.#labels.length === this.#hashes.length) {
      this.#grow();
      at = this.#find(labels, hash);
    }
    this.#hashes[this.#labels.length] = hash;
    this.#values.push(value);
    this.#places[at] = this.#labels.push(labels);
  }

  /** What stands behind the place that becomes empty moves up, where it would not be found any more. */
  delete(labels: Labels): void {
    const places = this.#places;
    const mask = places.length - 1;
    let gap = this.#find(labels, this.#hashOf(labels));
    const number = places[gap] as number;
    if (number === 0) return;
    for (let at = (gap + 1) & mask; places[at] !== 0; at = (at + 1) & mask) {
      const home = (this.#hashes[(places[at] as number) - 1] as number) & mask;
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      places[gap] = places[at] as number;
      gap = at;
    }
    places[gap] = 0;
    this.#fill(number);
  }

  /** The last entry takes the number of one that is in no place any more. */
  #fill(number: number): void {
    const last = this.#labels.length;
    const labels = this.#labels.pop() as Labels;
    const value = this.#values.pop() as T;
    if (number === last) return;
    const hash = this.#hashes[last - 1] as number;
    const mask = this.#places.length - 1;
    let at = hash & mask;
    while (this.#places[at] !== last) at = (at + 1) & mask;
    this.#places[at] = number;
    this.#hashes[number - 1] = hash;
    this.#labels[number - 1] = labels;
    this.#values[number - 1] = value;
  }

  /** The place of these labels, or the empty one where they belong. */
  #find(labels: Labels, hash: number): number {
    const mask = this.#places.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const entry = (this.#places[at] as number) - 1;
      if (entry < 0) return at;
      if (this.#hashes[entry] === hash && areEqual(this.#labels[entry] as Labels, labels)) return at;
    }
  }

  #grow(): void {
    const capacity = this.#places.length * 2;
    const places = new Int32Array(capacity);
    const hashes = new Int32Array(capacity * FULL);
    hashes.set(this.#hashes);
    for (let entry = 0; entry < this.#labels.length; entry++) {
      let at = (hashes[entry] as number) & (capacity - 1);
      while (places[at] !== 0) at = (at + 1) & (capacity - 1);
      places[at] = entry + 1;
    }
    this.#places = places;
    this.#hashes = hashes;
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
