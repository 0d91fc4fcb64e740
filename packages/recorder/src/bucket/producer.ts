import { report } from '@ostinato/core';
import { RING_DROPPED, RING_HEAD, RING_PRODUCER, RING_TAIL } from '../arena/layout.ts';
import { currentThread } from '../worker-threads.ts';
import type { BucketMemory } from './memory.ts';

/**
 * The pushing end of one ring, claimed at the first push.
 *
 * A sample is written plainly and published by one `Atomics.store` of the head. The consumer loads the head before
 * it reads samples, so it sees them complete; a thread that is killed between the two leaves a sample that nobody
 * sees, and the next owner of the ring writes over it. The place of a sample is written again only when the tail has
 * passed it, and the consumer stores the tail after it has read what is before.
 *
 * The tail is loaded only where the head meets `limit`, a position up to which there is known to be room: where no
 * ring was claimed yet, where the ring may be full, and where half of it is used, if somebody is to be told of that.
 */
export class Producer {
  private readonly memory: BucketMemory;
  private readonly words: Int32Array;
  private readonly capacity: number;
  private readonly mask: number;
  private values: Float64Array = new Float64Array(0);
  private series: Uint32Array = new Uint32Array(0);
  private head = 0;
  private limit = 0;
  private headWord = 0;
  /** The first word of the ring's head, 0: there is no ring. */
  private ring = 0;
  private halfFull: (() => void) | undefined = undefined;

  constructor(memory: BucketMemory) {
    this.memory = memory;
    this.words = memory.words;
    this.capacity = memory.capacity;
    this.mask = memory.capacity - 1;
  }

  /** Pushes the sample `count` times; whether all were kept. */
  pushMany(value: number, series: number, count: number): boolean {
    for (let i = 0; i < count; i++) {
      if (this.push(value, series)) continue;
      this.#drop(count - i - 1);
      return false;
    }
    return true;
  }

  /** Whether the sample was kept. What is not kept is counted. Never throws. */
  push(value: number, series: number): boolean {
    if (typeof value !== 'number' || typeof series !== 'number' || series >>> 0 !== series) {
      return this.#refuse();
    }
    if (this.head === this.limit && !this.#findRoom()) return this.#dropFull();
    const { head } = this;
    const at = head & this.mask;
    this.values[at] = value;
    this.series[at] = series;
    this.head = (head + 1) | 0;
    Atomics.store(this.words, this.headWord, this.head);
    return true;
  }

  /** `told` is called, once until the next `watch`, by the push that finds the ring half full. */
  watch(told: (() => void) | undefined): void {
    this.halfFull = told;
    this.limit = this.head;
  }

  /** Gives the ring back with what is in it. The next push claims one again. */
  release(): void {
    if (this.ring === 0) return;
    this.memory.release(this.ring + RING_PRODUCER);
    this.ring = 0;
    this.limit = this.head;
  }

  #findRoom(): boolean {
    if (this.ring === 0 && !this.#claim()) return false;
    const { capacity, halfFull } = this;
    const tail = Atomics.load(this.words, this.ring + RING_TAIL);
    const used = (this.head - tail) | 0;
    const half = capacity >> 1;
    if (halfFull !== undefined && used < half) {
      this.limit = (tail + half) | 0;
      return true;
    }
    this.limit = (tail + capacity) | 0;
    if (halfFull !== undefined) {
      this.halfFull = undefined;
      halfFull();
    }
    return used < capacity;
  }

  #claim(): boolean {
    const { memory } = this;
    for (let i = 0; i < memory.rings; i++) {
      const ring = memory.ring(i);
      if (memory.claim(ring + RING_PRODUCER, currentThread()) !== 0) continue;
      this.ring = ring;
      this.values = memory.values(i);
      this.series = memory.series(i);
      this.headWord = ring + RING_HEAD;
      this.head = Atomics.load(this.words, this.headWord);
      return true;
    }
    return false;
  }

  #dropFull(): false {
    const { ring, memory } = this;
    this.#drop(1);
    if (memory.mustReport()) {
      report('OSTINATO_BUCKET_FULL', `bucket ${memory.id}`, () => {
        return ring === 0
          ? `AtomicBucket: samples are dropped, since other producers have all of its ${memory.rings} rings. Raise the option producers.`
          : `AtomicBucket: samples are dropped, since ${memory.capacity} of one thread wait to be drained. Drain more often, or raise the option capacity (METRICS_BUFFER_SIZE).`;
      });
    }
    return false;
  }

  #refuse(): false {
    this.#drop(1);
    report('OSTINATO_NOT_A_NUMBER', `bucket ${this.memory.id}`, () => {
      return 'AtomicBucket: a sample is dropped; push takes a number, and as series an integer from 0 to 2^32 - 1.';
    });
    return false;
  }

  #drop(samples: number): void {
    const { ring, memory } = this;
    if (ring === 0) memory.dropHomeless(samples);
    else (memory.doubles[ring / 2 + RING_DROPPED] as number) += samples;
  }
}
