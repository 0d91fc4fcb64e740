import { OstinatoError } from '@ostinato/core';
import { unsupported } from '../arena/arena.ts';
import {
  BUCKET_CAPACITY,
  BUCKET_CONSUMER,
  BUCKET_FORMAT,
  BUCKET_HEAD_WORDS,
  BUCKET_HOMELESS,
  BUCKET_MARK,
  BUCKET_REPORTED,
  BUCKET_RINGS,
  CLAIM_PARENT,
  CLAIM_THREAD,
  RING_DROPPED,
  RING_PRODUCER,
  RING_WORDS,
} from '../arena/layout.ts';
import type { Thread } from '../worker-threads.ts';

let seen = 0;

/** A bucket's block of memory, as every thread sees it. */
export class BucketMemory {
  /** Tells the buckets of this isolate apart. */
  readonly id = ++seen;
  readonly buffer: ArrayBufferLike;
  readonly words: Int32Array;
  readonly longs: BigInt64Array;
  readonly doubles: Float64Array;
  readonly capacity: number;
  readonly rings: number;

  /** `buffer` comes from `allocateBucket`, in whatever thread. */
  constructor(buffer: ArrayBufferLike) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer);
    this.longs = new BigInt64Array(buffer, 0, BUCKET_HEAD_WORDS / 2);
    this.doubles = new Float64Array(buffer);
    this.capacity = this.words[BUCKET_CAPACITY] as number;
    this.rings = this.words[BUCKET_RINGS] as number;
  }

  /** The first word of a ring's head. */
  ring(ring: number): number {
    return BUCKET_HEAD_WORDS + ring * RING_WORDS;
  }

  values(ring: number): Float64Array {
    return new Float64Array(this.buffer, valuesStart(this.rings) + ring * this.capacity * 8, this.capacity);
  }

  series(ring: number): Uint32Array {
    const start = valuesStart(this.rings) + this.rings * this.capacity * 8;
    return new Uint32Array(this.buffer, start + ring * this.capacity * 4, this.capacity);
  }

  /** Takes the claim at these words, unless another thread has it: then, returns which. */
  claim(at: number, { number, parent }: Thread): number {
    const holder = Atomics.compareExchange(this.words, at + CLAIM_THREAD, 0, number);
    if (holder === 0) Atomics.store(this.words, at + CLAIM_PARENT, parent);
    return holder;
  }

  /** By the claimant, when it is done. */
  release(at: number): void {
    Atomics.store(this.words, at + CLAIM_PARENT, 0);
    Atomics.store(this.words, at + CLAIM_THREAD, 0);
  }

  /** Takes back the claims of a thread that has ended, and of those that it had started: they ended with it. */
  releaseThread(thread: number): void {
    this.#releaseThread(BUCKET_CONSUMER, thread);
    for (let ring = 0; ring < this.rings; ring++) {
      this.#releaseThread(this.ring(ring) + RING_PRODUCER, thread);
    }
  }

  #releaseThread(at: number, thread: number): void {
    const holder = Atomics.load(this.words, at + CLAIM_THREAD);
    if (holder === thread) this.release(at);
    else if (holder !== 0 && Atomics.load(this.words, at + CLAIM_PARENT) === thread)
      this.releaseThread(holder);
  }

  /** Counts samples of a thread that has no ring. */
  dropHomeless(samples: number): void {
    Atomics.add(this.longs, BUCKET_HOMELESS, BigInt(samples));
  }

  /** Whether a drop is to be reported now: once for all threads. */
  mustReport(): boolean {
    return Atomics.compareExchange(this.words, BUCKET_REPORTED, 0, 1) === 0;
  }

  /** Samples that found no room. */
  get dropped(): number {
    let dropped = Number(Atomics.load(this.longs, BUCKET_HOMELESS));
    for (let ring = 0; ring < this.rings; ring++) {
      dropped += this.doubles[this.ring(ring) / 2 + RING_DROPPED] as number;
    }
    return dropped;
  }
}

/** Where the values begin, in bytes. */
function valuesStart(rings: number): number {
  return (BUCKET_HEAD_WORDS + rings * RING_WORDS) * 4;
}

/** New memory of `rings` rings of `capacity` samples, a power of two; without shared memory, of one ring. */
export function allocateBucket(capacity: number, rings: number): ArrayBufferLike {
  const refusal = unsupported(globalThis.process?.arch, true);
  if (refusal !== undefined) throw new OstinatoError('OSTINATO_PLATFORM', refusal);
  return typeof SharedArrayBuffer === 'undefined'
    ? allocate(capacity, 1, (bytes) => new ArrayBuffer(bytes))
    : allocate(capacity, rings, (bytes) => new SharedArrayBuffer(bytes));
}

function allocate(
  capacity: number,
  rings: number,
  make: (bytes: number) => ArrayBufferLike,
): ArrayBufferLike {
  const bytes = valuesStart(rings) + rings * capacity * 12;
  try {
    const buffer = make(bytes);
    const words = new Int32Array(buffer);
    words[BUCKET_FORMAT] = BUCKET_MARK;
    words[BUCKET_CAPACITY] = capacity;
    words[BUCKET_RINGS] = rings;
    return buffer;
  } catch (cause) {
    throw new OstinatoError(
      'OSTINATO_INVALID_OPTION',
      `AtomicBucket: a capacity of ${capacity} for ${rings} producers takes ${bytes} bytes, which the system does not give; choose less.`,
      { cause },
    );
  }
}

/** Whether something is the memory of a bucket, of this layout. */
export function isBucketMemory(given: unknown): given is SharedArrayBuffer {
  if (Object.prototype.toString.call(given) !== '[object SharedArrayBuffer]') return false;
  const buffer = given as SharedArrayBuffer;
  if (buffer.byteLength < BUCKET_HEAD_WORDS * 4) return false;
  return new Int32Array(buffer, 0, 1)[BUCKET_FORMAT] === BUCKET_MARK;
}
