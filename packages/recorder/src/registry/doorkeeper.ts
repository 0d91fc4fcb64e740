import type { Key } from '@ostinato/core';

/** Bits of a generation, and how many label sets it takes: 16 bits each, so 1 in 400 is taken for one seen before. */
const BITS = 2 ** 20;
const CAPACITY = BITS / 16;
const PROBES = 4;
/** Milliseconds after which a generation is replaced. */
const PERIOD = 10 * 60_000;

/**
 * Remembers, roughly and in bounded memory, which label sets were seen: a Bloom filter of two generations. A label
 * set goes into the newer one; when this is full or its time is over, it becomes the older one and what that one
 * had is forgotten. So a label set is remembered for one to two periods, or until 65,536 others came.
 *
 * What was seen is always known; of what was not, 1 in 200 at most is taken for known.
 */
export class Doorkeeper {
  readonly #now: () => number;
  #newer = new Uint32Array(BITS / 32);
  #older = new Uint32Array(BITS / 32);
  #taken = 0;
  #since: number;

  /** `now`: milliseconds, monotonic. */
  constructor(now: () => number) {
    this.#now = now;
    this.#since = now();
  }

  /** Whether this series was seen; from now on it was. */
  knows(key: Key): boolean {
    this.#turn();
    hash(key);
    const known = has(this.#newer) || has(this.#older);
    if (put(this.#newer)) this.#taken++;
    return known;
  }

  #turn(): void {
    const now = this.#now();
    const periods = (now - this.#since) / PERIOD;
    if (this.#taken < CAPACITY && periods < 1) return;
    [this.#newer, this.#older] = [this.#older.fill(0), this.#newer];
    if (periods >= 2) this.#older.fill(0);
    this.#taken = 0;
    this.#since = now;
  }
}

/** Two independent hashes of the series that is asked for, of which all probes are made. */
let first = 0;
let second = 0;

function hash({ scope, name, labels }: Key): void {
  first = 0x811c9dc5;
  second = 0x9747b28c;
  mix(scope.name);
  mix(scope.version ?? '');
  mix(name);
  for (const label of labels) {
    mix(label[0]);
    mix(String(label[1]));
  }
  first = scatter(first);
  // Odd, so that the probes of one series are all different.
  second = scatter(second) | 1;
}

/** The length goes first, so that no two lists of strings run into the same letters. */
function mix(text: string): void {
  first = Math.imul(first ^ text.length, 0x01000193);
  second = Math.imul(second ^ text.length, 0x5bd1e995);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    first = Math.imul(first ^ unit, 0x01000193);
    second = Math.imul((second >>> 15) ^ second ^ unit, 0x5bd1e995);
  }
}

function scatter(hash: number): number {
  let bits = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

function has(bits: Uint32Array): boolean {
  for (let i = 0; i < PROBES; i++) {
    const bit = (first + i * second) & (BITS - 1);
    if (((bits[bit >>> 5] as number) & (1 << (bit & 31))) === 0) return false;
  }
  return true;
}

/** False: all its bits were set. */
function put(bits: Uint32Array): boolean {
  let added = false;
  for (let i = 0; i < PROBES; i++) {
    const bit = (first + i * second) & (BITS - 1);
    const word = bits[bit >>> 5] as number;
    const mask = 1 << (bit & 31);
    if ((word & mask) !== 0) continue;
    bits[bit >>> 5] = word | mask;
    added = true;
  }
  return added;
}
