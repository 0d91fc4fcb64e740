/// <reference lib="esnext.disposable" preserve="true" />
import { OptionCheck, OstinatoError, report } from '@ostinato/core';
import { type Consume, Consumer } from './consumer.ts';
import { allocateBucket, BucketMemory, isBucketMemory } from './memory.ts';
import { type AtomicBucketOptions, readBucketOptions, readMillis } from './options.ts';
import { Producer } from './producer.ts';
import { listenForWorkers, releaseAtEndOfWorkers } from './worker-ends.ts';

/** Samples that are drained at an interval. Disposing of it stops it. */
export interface Draining extends Disposable {
  /** Drains once more, and then no more. */
  stop(): void;
}

/**
 * A bounded buffer of raw samples, for consumers that need every value. Any number of threads push, each into a ring
 * of its own, without locks; one consumer drains them all. A sample is a number and the series it belongs to, by
 * whatever 32-bit number the two sides agree on.
 *
 * Within one thread:
 *
 * ```ts
 * const bucket = new AtomicBucket();
 * const latency = [new Array<number>(), new Array<number>()];
 * const draining = bucket.drainEvery((value, series) => latency[series]?.push(value));
 * bucket.push(12.5);
 * bucket.push(17.25, 1);
 * draining.stop();
 * ```
 *
 * Across threads, the memory is handed to workers as it is:
 *
 * ```ts
 * import { Worker, workerData } from 'node:worker_threads';
 *
 * // in the thread that consumes
 * const bucket = new AtomicBucket({ capacity: 8_192 });
 * new Worker('./worker.js', { workerData: bucket.share() });
 * bucket.drainEvery((value, series) => console.log(series, value));
 *
 * // in worker.js
 * AtomicBucket.attach(workerData).push(12.5);
 * ```
 *
 * Samples of one thread are drained in the order in which they were pushed, each exactly once, whatever the consumer
 * throws and whenever threads end: what a thread has pushed is there after its end, and its ring goes to the next
 * one. (Two exceptions, where nobody can be told: a worker that was started before this bucket was known in the
 * thread that started it, and is then terminated, keeps its ring; and if the consumer's own thread is terminated, it
 * may have finished with the last sample it was handed or not.)
 */
export class AtomicBucket implements Disposable {
  readonly #memory: BucketMemory;
  readonly #producer: Producer;
  readonly #consumer: Consumer;
  #draining: Draining | undefined;

  /**
   * Throws an `OstinatoError`: `OSTINATO_INVALID_OPTION`, and `OSTINATO_PLATFORM` where Node.js is not 64-bit. Where
   * there is no shared memory, the bucket is for the one thread.
   */
  constructor(options?: AtomicBucketOptions);
  constructor(given?: AtomicBucketOptions | BucketMemory) {
    this.#memory = given instanceof BucketMemory ? given : newMemory(given);
    this.#producer = new Producer(this.#memory);
    this.#consumer = new Consumer(this.#memory);
    listenForWorkers();
  }

  /**
   * The bucket that another thread shared: push to it, or drain it. Throws an `OstinatoError` with the code
   * `OSTINATO_INVALID_OPTION` for what does not come from `share()`.
   */
  static attach(shared: SharedArrayBuffer): AtomicBucket {
    if (!isBucketMemory(shared)) {
      const check = new OptionCheck('AtomicBucket.attach');
      throw check.refused('the argument', 'what share() of an AtomicBucket of this version returned', shared);
    }
    const memory = new BucketMemory(shared);
    releaseAtEndOfWorkers(memory);
    return new AtomicBucket(memory);
  }

  /**
   * What `attach` takes, in any thread of this process: give it to a worker as `workerData`, as environment data or
   * by message. Throws an `OstinatoError` with the code `OSTINATO_PLATFORM` where there is no shared memory.
   */
  share(): SharedArrayBuffer {
    const { buffer } = this.#memory;
    if (!isBucketMemory(buffer)) {
      const problem = 'there is no SharedArrayBuffer here, so threads cannot share it';
      throw new OstinatoError('OSTINATO_PLATFORM', `AtomicBucket: ${problem}.`);
    }
    releaseAtEndOfWorkers(this.#memory);
    return buffer;
  }

  /**
   * Adds a sample, in a few nanoseconds and without garbage. Returns whether it was kept: a sample that finds the
   * ring full, or no ring free, is dropped, counted in `dropped`, and reported once. Never throws.
   *
   * @param series an integer from 0 to 2^32 - 1
   */
  push(value: number, series = 0): boolean {
    return this.#producer.push(value, series);
  }

  /** Adds a sample `count` times, an integer of at least 0. Returns whether all were kept. Never throws. */
  pushMany(value: number, series: number, count: number): boolean {
    return this.#producer.pushMany(value, series, count);
  }

  /**
   * Hands `consume` what was pushed, ring by ring, or the first `limit` samples of it. Returns how many that were. What
   * is pushed while their ring is drained stays for the next time.
   *
   * An error of `consume` ends the drain and is thrown from here; the sample that it was called with is gone, and the
   * next drain begins with the one behind it. The first drain makes this bucket the consumer: `OstinatoError` with the
   * code `OSTINATO_BUCKET_CONSUMER` is thrown while another one is, and when `consume` drains.
   */
  drain(consume: Consume, limit = Infinity): number {
    return this.#consumer.drain(checked('drain', consume), limit);
  }

  /**
   * Drains every `millis` milliseconds, and besides when half a ring is used, if it is this bucket that pushes into
   * it; of other threads nothing is learned before the interval is over, so their rings must hold what they push in
   * that time. Does not keep the process alive. An error of `consume` is reported once, and the drain goes on.
   *
   * Throws an `OstinatoError`: `OSTINATO_INVALID_OPTION`, and `OSTINATO_BUCKET_CONSUMER` while another bucket is the
   * consumer, or this one drains already.
   */
  drainEvery(consume: Consume, millis = 100): Draining {
    checked('drainEvery', consume);
    const every = readMillis(millis);
    if (this.#draining !== undefined) {
      throw new OstinatoError(
        'OSTINATO_BUCKET_CONSUMER',
        'AtomicBucket: drainEvery is under way; stop() that first.',
      );
    }
    this.#consumer.claim();
    this.#draining = this.#startDraining(this.#guarded(consume), every);
    return this.#draining;
  }

  #startDraining(consume: Consume, millis: number): Draining {
    const producer = this.#producer;
    let stopped = false;
    const drain = () => {
      if (stopped) return;
      this.#consumer.drain(consume);
      producer.watch(soon);
    };
    const soon = () => queueMicrotask(drain);
    const timer: { unref?(): unknown } = setInterval(drain, millis);
    timer.unref?.();
    producer.watch(soon);
    const stop = () => {
      if (stopped) return;
      if (!this.#consumer.draining) drain();
      stopped = true;
      clearInterval(timer as NodeJS.Timeout);
      producer.watch(undefined);
      this.#draining = undefined;
    };
    return { stop, [Symbol.dispose]: stop };
  }

  #guarded(consume: Consume): Consume {
    return (value, series) => {
      try {
        consume(value, series);
      } catch (error) {
        report('OSTINATO_BUCKET_CONSUMER_FAILED', `bucket ${this.#memory.id}`, () => {
          return `AtomicBucket: the function given to drainEvery throws: ${String((error as Error | undefined)?.message)}. The samples that it throws on are lost.`;
        });
      }
    };
  }

  /** How many samples of one thread can wait. */
  get capacity(): number {
    return this.#memory.capacity;
  }

  /** How many samples of all threads were dropped so far. Exact when nothing is pushed at the same time. */
  get dropped(): number {
    return this.#memory.dropped;
  }

  /**
   * Stops what `drainEvery` started, and gives the ring and the part of the consumer back: others may have them. What
   * the ring holds stays to be drained, and a bucket that is used again afterwards takes what it needs again.
   */
  close(): void {
    this.#draining?.stop();
    this.#producer.release();
    this.#consumer.release();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function newMemory(options: AtomicBucketOptions | undefined): BucketMemory {
  const { capacity, producers } = readBucketOptions(options);
  return new BucketMemory(allocateBucket(capacity, producers));
}

function checked(where: string, consume: unknown): Consume {
  if (typeof consume === 'function') return consume as Consume;
  throw new OptionCheck(where).refused('consume', 'a function of value and series', consume);
}
