import type { Key } from '@ostinato/core';

export type Labels = Key['labels'];

const FIRST_CAPACITY = 4;

/** A table is never fuller than this. */
const FULL = 0.75;

/** Nobody outside can choose labels that all have one place. */
const SEED = (Math.random() * 2 ** 32) | 0;

/**
 * Finds the number of an entry by its labels, sorted by name. Values are compared as text, so 200 and '200' are one; label
 * by label, whatever their hash, so no two lists can be taken for each other. What an entry is, and where its labels
 * are, is for those that extend this.
 *
 * The entries have numbers from 0 on. A hash table with open addressing, at most three quarters full, holds these: what is
 * looked for is at the place of its hash or in one after it, with none empty between. So when it doubles, at once, only
 * numbers move. It costs 9 to 18 bytes an entry; a Map a label, or a node, would be many times that.
 */
export abstract class LabelIndex {
  /** Numbers of entries, from 1; 0: the place is empty. */
  private places = new Int32Array(FIRST_CAPACITY);
  private hashes = new Int32Array(FIRST_CAPACITY * FULL);
  private count = 0;
  /** Equal for equal labels. */
  protected readonly hashOf: (labels: Labels) => number;

  constructor(hash: (labels: Labels) => number = hashOf) {
    this.hashOf = hash;
  }

  /** Whether the entry is found by these labels. */
  protected abstract has(entry: number, labels: Labels): boolean;

  /** The entry of these labels; -1: there is none. */
  protected find(labels: Labels, hash: number): number {
    return (this.places[this.placeOf(labels, hash)] as number) - 1;
  }

  /** Adds an entry, with the next number, whose labels are not found yet. */
  protected add(hash: number): void {
    if (this.count === this.hashes.length) this.grow();
    this.hashes[this.count++] = hash;
    this.places[this.emptyFrom(hash)] = this.count;
  }

  /**
   * Takes out the entry of these labels, and gives the last one its number. What stands behind the place that becomes
   * empty moves up, where it would not be found any more. Returns the number; -1: there is none.
   */
  protected remove(labels: Labels): number {
    const { places } = this;
    const mask = places.length - 1;
    let gap = this.placeOf(labels, this.hashOf(labels));
    const number = places[gap] as number;
    if (number === 0) return -1;
    for (let at = (gap + 1) & mask; places[at] !== 0; at = (at + 1) & mask) {
      const home = (this.hashes[(places[at] as number) - 1] as number) & mask;
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      places[gap] = places[at] as number;
      gap = at;
    }
    places[gap] = 0;
    this.renumberLast(number);
    return number - 1;
  }

  private renumberLast(number: number): void {
    const last = this.count--;
    if (number === last) return;
    const { places, hashes } = this;
    const hash = hashes[last - 1] as number;
    const mask = places.length - 1;
    let at = hash & mask;
    while (places[at] !== last) at = (at + 1) & mask;
    places[at] = number;
    hashes[number - 1] = hash;
  }

  /** The place of these labels, or the empty one where they belong. */
  private placeOf(labels: Labels, hash: number): number {
    const { places, hashes } = this;
    const mask = places.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const entry = (places[at] as number) - 1;
      if (entry < 0) return at;
      if (hashes[entry] === hash && this.has(entry, labels)) return at;
    }
  }

  private emptyFrom(hash: number): number {
    const { places } = this;
    const mask = places.length - 1;
    let at = hash & mask;
    while (places[at] !== 0) at = (at + 1) & mask;
    return at;
  }

  private grow(): void {
    const capacity = this.places.length * 2;
    const hashes = new Int32Array(capacity * FULL);
    hashes.set(this.hashes);
    this.places = new Int32Array(capacity);
    this.hashes = hashes;
    for (let entry = 0; entry < this.count; entry++) {
      this.places[this.emptyFrom(hashes[entry] as number)] = entry + 1;
    }
  }
}

export function areEqual(a: Labels, b: Labels): boolean {
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
