import { OptionCheck, OstinatoError } from '@ostinato/core';
import {
  FREED,
  headSlabs,
  LATEST_START,
  OWNER,
  PASS,
  PUBLISHED,
  SLAB_BYTES,
  SLAB_TABLE,
  SLAB_TABLE_WORDS,
  UNTOUCHED,
} from './layout.ts';

/** The smallest arena: its head, a few slabs, and the reserve. */
export const MIN_MEMORY = 16 * SLAB_BYTES;
/** The largest one: byte offsets stay within 31 bits. */
export const MAX_MEMORY = 2 ** 31;

/** One slab in this many is kept for overflow series and for cells that have to grow. */
const RESERVE = 16;

/**
 * The recorder's memory: one block of a fixed size, of which only what is touched becomes resident. It is shared
 * memory where there is any, so that other threads can claim slabs of their own.
 */
export class Arena {
  readonly buffer: ArrayBufferLike;
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly longs: BigInt64Array;
  readonly doubles: Float64Array;
  /** The first slab that is not the head's. */
  readonly firstSlab: number;
  readonly slabs: number;
  readonly #reserveFrom: number;

  /** `buffer` is zero, or another arena's. */
  constructor(buffer: ArrayBufferLike) {
    const refusal = unsupported(globalThis.process?.arch, littleEndian());
    if (refusal !== undefined) throw new OstinatoError('OSTINATO_PLATFORM', refusal);
    this.buffer = buffer;
    this.slabs = Math.floor(buffer.byteLength / SLAB_BYTES);
    this.firstSlab = headSlabs(this.slabs);
    this.#reserveFrom = this.slabs - Math.ceil(this.slabs / RESERVE);
    this.bytes = new Uint8Array(buffer);
    this.words = new Int32Array(buffer);
    this.longs = new BigInt64Array(buffer);
    this.doubles = new Float64Array(buffer);
  }

  /** Whether other threads can be given this memory; a copy is what they would get of another one. */
  get shared(): boolean {
    return this.buffer[Symbol.toStringTag] === 'SharedArrayBuffer';
  }

  /**
   * Makes `thread` the owner of `run` neighbouring slabs; `reserve` opens those that are kept back. Returns the
   * first, or undefined when no such run is free.
   */
  claim(thread: number, run: number, reserve: boolean): number | undefined {
    const end = reserve ? this.slabs : this.#reserveFrom;
    for (let first = this.firstSlab; first + run <= end; first++) {
      let claimed = 0;
      while (claimed < run && this.#own(first + claimed, thread)) claimed++;
      if (claimed === run) return first;
      for (let slab = first; slab < first + claimed; slab++) this.unclaim(slab);
      first += claimed;
    }
    return undefined;
  }

  /** Gives one slab back to which nothing was written. By who claimed it. */
  unclaim(slab: number): void {
    Atomics.store(this.words, slabWord(slab, OWNER), 0);
  }

  /** Gives back a slab of the dead, zero again. By the collector, when nothing names an address in it any more. */
  free(slab: number): void {
    this.bytes.fill(0, slab * SLAB_BYTES, (slab + 1) * SLAB_BYTES);
    Atomics.store(this.words, slabWord(slab, PUBLISHED), 0);
    Atomics.store(this.words, slabWord(slab, OWNER), 0);
    Atomics.add(this.words, FREED, 1);
  }

  /** Changes whenever slabs were freed. */
  freed(): number {
    return Atomics.load(this.words, FREED);
  }

  /** Slabs from this one on were never claimed. */
  get untouched(): number {
    return Atomics.load(this.words, UNTOUCHED);
  }

  #own(slab: number, thread: number): boolean {
    for (let end = this.untouched; end <= slab; end = this.untouched) {
      Atomics.compareExchange(this.words, UNTOUCHED, end, slab + 1);
    }
    return Atomics.compareExchange(this.words, slabWord(slab, OWNER), 0, thread) === 0;
  }

  /** Which thread owns a slab, 0: it is free, `COMMON`: nobody. */
  owner(slab: number): number {
    return Atomics.load(this.words, slabWord(slab, OWNER));
  }

  /** How many bytes of finished records a slab starts with. */
  published(slab: number): number {
    return Atomics.load(this.words, slabWord(slab, PUBLISHED));
  }

  /** By the slab's owner. */
  publish(slab: number, bytes: number): void {
    Atomics.store(this.words, slabWord(slab, PUBLISHED), bytes);
  }

  /** The latest start of any series that is published, or of one that is about to be. */
  get latestStart(): bigint {
    return Atomics.load(this.longs, LATEST_START / 2);
  }

  /** By whoever publishes a series that begins then, before it does. */
  raiseLatestStart(start: bigint): void {
    for (let latest = this.latestStart; latest < start; ) {
      const found = Atomics.compareExchange(this.longs, LATEST_START / 2, latest, start);
      if (found === latest) return;
      latest = found;
    }
  }

  /** By the collector, before it loads the address of a cell that can be replaced. */
  beginPass(): void {
    Atomics.store(this.words, PASS, ((this.words[PASS] as number) + 1) | 0);
  }

  /** By the collector, when it holds no such address any more. */
  endPass(): void {
    Atomics.store(this.words, PASS, ((this.words[PASS] as number) + 1) | 0);
  }

  /** Odd while the collector reads. */
  pass(): number {
    return Atomics.load(this.words, PASS);
  }

  /** Bytes that threads have claimed, the head included. */
  get claimed(): number {
    let slabs = this.firstSlab;
    for (let slab = this.firstSlab; slab < this.untouched; slab++) if (this.owner(slab) !== 0) slabs++;
    return slabs * SLAB_BYTES;
  }
}

function slabWord(slab: number, word: number): number {
  return SLAB_TABLE + slab * SLAB_TABLE_WORDS + word;
}

/** A new arena's memory. */
export function allocateArena(maxMemory: number): ArrayBufferLike {
  const bytes = Math.floor(maxMemory / SLAB_BYTES) * SLAB_BYTES;
  try {
    return typeof SharedArrayBuffer === 'undefined' ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes);
  } catch (cause) {
    const problem = `the system does not give maxMemory ${maxMemory}; choose less`;
    throw new OptionCheck('createRecorder').error(problem, { cause });
  }
}

function littleEndian(): boolean {
  return new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
}

/** Why the recorder cannot run here: cells rely on atomic 8-byte accesses, and on the order of a double's halves. */
export function unsupported(arch: string | undefined, isLittleEndian: boolean): string | undefined {
  if (!isLittleEndian) return 'the recorder needs a little-endian machine';
  if (arch !== undefined && ['arm', 'ia32', 'mips', 'mipsel', 'ppc', 's390'].includes(arch)) {
    return `the recorder needs a 64-bit Node.js, not ${arch}: there, 8-byte accesses are not atomic`;
  }
  return undefined;
}
