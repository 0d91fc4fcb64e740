import { OstinatoError } from '@ostinato/core';
import { BUCKET_CONSUMER, RING_HEAD, RING_NEXT, RING_TAIL } from '../arena/layout.ts';
import { currentThread } from '../worker-threads.ts';
import type { BucketMemory } from './memory.ts';

/** Takes a sample out of a bucket. */
export type Consume = (value: number, series: number) => void;

/** After how many samples producers get their places back while a ring is drained. A power of two. */
const STEP = 256;

interface Samples {
  readonly values: Float64Array;
  readonly series: Uint32Array;
}

/**
 * The draining end of all rings: one in the process, by a claim.
 *
 * A sample is read, then the position behind it is written, then the sample is handed over: so it is never handed
 * over twice, neither after an error of `consume` nor by the consumer that takes over when this thread is killed.
 * Producers see the position by `RING_TAIL`, which is stored after the reads that it gives away.
 */
export class Consumer {
  readonly #memory: BucketMemory;
  readonly #samples: (Samples | undefined)[] = [];
  #claimed = false;
  /** Whether a drain is under way. */
  draining = false;
  #leaving = false;

  constructor(memory: BucketMemory) {
    this.#memory = memory;
  }

  /** Makes this the one consumer. */
  claim(): void {
    if (this.#claimed) return;
    const thread = currentThread();
    const holder = this.#memory.claim(BUCKET_CONSUMER, thread);
    if (holder !== 0) {
      const who = holder === thread.number ? 'another AtomicBucket of this thread' : `thread ${holder - 1}`;
      throw new OstinatoError(
        'OSTINATO_BUCKET_CONSUMER',
        `AtomicBucket: ${who} drains it already, and a bucket has one consumer. close() there lets another one take over.`,
      );
    }
    this.#claimed = true;
    // A consumer that was killed may not have given back all that it had read.
    const { words, rings } = this.#memory;
    for (let ring = 0; ring < rings; ring++) {
      const at = this.#memory.ring(ring);
      Atomics.store(words, at + RING_TAIL, words[at + RING_NEXT] as number);
    }
  }

  /** Lets another one take over; from inside a drain, when that ends. */
  release(): void {
    this.#leaving = this.draining;
    if (this.#leaving || !this.#claimed) return;
    this.#claimed = false;
    this.#memory.release(BUCKET_CONSUMER);
  }

  /** Hands over what every ring holds when its turn comes, but no more than `limit`. Returns how many samples. */
  drain(consume: Consume, limit = Infinity): number {
    if (this.draining) {
      const problem = 'a drain cannot begin inside another one, from the function that takes the samples';
      throw new OstinatoError('OSTINATO_BUCKET_CONSUMER', `AtomicBucket: ${problem}.`);
    }
    this.claim();
    this.draining = true;
    try {
      let drained = 0;
      for (let ring = 0; ring < this.#memory.rings && drained < limit; ring++) {
        drained += this.#drainRing(ring, consume, limit - drained);
      }
      return drained;
    } finally {
      this.draining = false;
      if (this.#leaving) this.release();
    }
  }

  #drainRing(index: number, consume: Consume, limit: number): number {
    const { words, capacity } = this.#memory;
    const at = this.#memory.ring(index);
    let next = words[at + RING_NEXT] as number;
    const count = Math.min((Atomics.load(words, at + RING_HEAD) - next) | 0, limit);
    if (count === 0) return 0;
    const end = (next + count) | 0;
    const { values, series } = this.#samplesOf(index);
    const mask = capacity - 1;
    try {
      while (next !== end) {
        const place = next & mask;
        const value = values[place] as number;
        const of = series[place] as number;
        next = (next + 1) | 0;
        words[at + RING_NEXT] = next;
        if ((next & (STEP - 1)) === 0) Atomics.store(words, at + RING_TAIL, next);
        consume(value, of);
      }
    } finally {
      Atomics.store(words, at + RING_TAIL, next);
    }
    return count;
  }

  #samplesOf(ring: number): Samples {
    const known = this.#samples[ring];
    if (known !== undefined) return known;
    const samples = { values: this.#memory.values(ring), series: this.#memory.series(ring) };
    this.#samples[ring] = samples;
    return samples;
  }
}
