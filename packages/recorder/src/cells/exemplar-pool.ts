import { type ActiveSpan, activeSpan } from '@ostinato/core';
import type { Arena } from '../arena/arena.ts';
import { defineExemplars, incarnationOf } from '../arena/dictionary.ts';
import {
  EXEMPLAR_INCARNATION,
  EXEMPLAR_ROUND,
  EXEMPLAR_SEQUENCE,
  EXEMPLAR_SERIES,
  EXEMPLAR_TIME,
  EXEMPLAR_TRACE,
  EXEMPLAR_VALUE,
  EXEMPLAR_WORDS,
  EXEMPLARS_USED,
  MAX_EXEMPLARS,
} from '../arena/layout.ts';
import { SlabAllocator } from '../arena/slab.ts';
import type { Settings } from '../options.ts';
import type { Reservoir } from './reservoir.ts';

/** So many reservoirs begin anew at a time. */
const ARMED = 4_096;

const TRACE_ID = /^[0-9a-f]{32}$/i;
const SPAN_ID = /^[0-9a-f]{16}$/i;
const NO_IDS = [0, 0, 0, 0, 0, 0];

const double = new Float64Array(1);
const halves = new Int32Array(double.buffer);

/**
 * The exemplars of one thread: slots in shared memory, which its reservoirs share. In each round, the time between two
 * collections, they are given out anew: the first half to whoever asks, the other one by one, lest a few busy series
 * have them all. Nothing is allocated before the first exemplar.
 */
export class ExemplarPool {
  readonly random: () => number;
  readonly #arena: Arena;
  readonly #slabs: SlabAllocator;
  readonly #now: () => bigint;
  readonly #all: boolean;
  /** Those that have begun in the current round. */
  #entered: Reservoir[] = [];
  /** Those that are still to begin anew. */
  #arming: Reservoir[] = [];
  /** The rounds in which slots were given out last, and in which reservoirs were armed last. */
  #round = -1;
  #armed = -1;
  /** Address of the slots, 0: none yet, or no memory for them; and of the record that tells of them. */
  #slots = 0;
  #record = 0;
  /** Slots that were given out in this round, and at most in any. */
  #used = 0;
  #mostUsed = 0;

  /** `thread` as for the thread's other memory; `now` is in epoch nanoseconds. */
  constructor(arena: Arena, thread: number, { exemplars, random }: Settings, now: () => bigint) {
    this.random = random;
    this.#arena = arena;
    this.#slabs = new SlabAllocator(arena, thread);
    this.#now = now;
    this.#all = exemplars === 'always_on';
  }

  get round(): number {
    return Atomics.load(this.#arena.words, EXEMPLAR_ROUND);
  }

  /** A reservoir has found that there is another round; so do all others, in a thread that is too busy for `refresh`. */
  enter(reservoir: Reservoir): void {
    this.refresh();
    this.#entered.push(reservoir);
  }

  /**
   * Lets the reservoirs begin anew, some of them, if there is another round. True: there is no more to do. From time to
   * time; costs one load if there is nothing.
   */
  refresh(): boolean {
    const { round } = this;
    if (round !== this.#armed) {
      this.#armed = round;
      this.#arming = this.#arming.concat(this.#entered);
      this.#entered = [];
    }
    for (let left = ARMED; this.#arming.length > 0 && left > 0; left--) {
      const reservoir = this.#arming.pop() as Reservoir;
      if (!reservoir.isIn(round)) reservoir.rearm();
    }
    return this.#arming.length === 0;
  }

  /** Whether a sample that is recorded now may be an exemplar, and in which span it is: undefined if it may not. */
  eligible(): ActiveSpan | 'no span' | undefined {
    const span = activeSpan();
    if (this.#all) return span ?? 'no span';
    return span?.sampled === true ? span : undefined;
  }

  /** A slot for a reservoir that has `own` of them in this round, or 0: there are no more for it. */
  claim(own: number): number {
    const { round } = this;
    if (round !== this.#round) {
      this.#round = round;
      this.#used = 0;
    }
    const most = own === 0 ? MAX_EXEMPLARS : MAX_EXEMPLARS / 2;
    if (this.#used >= most || !this.#hasSlots()) return 0;
    const slot = this.#slots * 2 + this.#used++ * EXEMPLAR_WORDS;
    if (this.#used > this.#mostUsed) {
      this.#mostUsed = this.#used;
      Atomics.store(this.#arena.words, this.#record * 2 + EXEMPLARS_USED, this.#mostUsed);
    }
    return slot;
  }

  #hasSlots(): boolean {
    if (this.#record !== 0) return true;
    this.#slots ||= this.#slabs.cell((MAX_EXEMPLARS * EXEMPLAR_WORDS) / 2, false) ?? 0;
    if (this.#slots === 0) return false;
    this.#record = defineExemplars(this.#arena, this.#slabs, this.#slots) ?? 0;
    return this.#record !== 0;
  }

  /** Fills a slot that was claimed in this round. `series` is the series' record. */
  write(
    slot: number,
    series: number,
    incarnation: number,
    value: number,
    span: ActiveSpan | 'no span',
  ): void {
    const { words } = this.#arena;
    const now = this.#now();
    const ids = span === 'no span' ? NO_IDS : wordsOf(span);
    // From here on nothing is called that may throw: the sequence would stay odd.
    const sequence = words[slot + EXEMPLAR_SEQUENCE] as number;
    Atomics.store(words, slot + EXEMPLAR_SEQUENCE, sequence + 1);
    Atomics.store(words, slot + EXEMPLAR_SERIES, series);
    Atomics.store(words, slot + EXEMPLAR_INCARNATION, incarnation);
    double[0] = value;
    Atomics.store(words, slot + EXEMPLAR_VALUE, halves[0] as number);
    Atomics.store(words, slot + EXEMPLAR_VALUE + 1, halves[1] as number);
    Atomics.store(words, slot + EXEMPLAR_TIME, Number(BigInt.asIntN(32, now)));
    Atomics.store(words, slot + EXEMPLAR_TIME + 1, Number(now >> 32n));
    for (let i = 0; i < ids.length; i++) Atomics.store(words, slot + EXEMPLAR_TRACE + i, ids[i] as number);
    Atomics.store(words, slot + EXEMPLAR_SEQUENCE, sequence + 2);
  }

  /** Which incarnation of a series record is in use. */
  incarnation(series: number): number {
    return incarnationOf(this.#arena, series);
  }
}

/** The ids of a span, of which a receiver refuses those that are malformed. */
function wordsOf({ traceId, spanId }: ActiveSpan): readonly number[] {
  if (!TRACE_ID.test(traceId) || !SPAN_ID.test(spanId)) return NO_IDS;
  const digits = traceId + spanId;
  return NO_IDS.map((_, i) => Number.parseInt(digits.slice(i * 8, i * 8 + 8), 16) | 0);
}
