import type { Exemplar, Key } from '@ostinato/core';
import type { Arena } from '../arena/arena.ts';
import { incarnationOf } from '../arena/dictionary.ts';
import {
  EXEMPLAR_INCARNATION,
  EXEMPLAR_ROUND,
  EXEMPLAR_SEQUENCE,
  EXEMPLAR_SERIES,
  EXEMPLAR_SPAN,
  EXEMPLAR_TIME,
  EXEMPLAR_TRACE,
  EXEMPLAR_VALUE,
  EXEMPLAR_WORDS,
  EXEMPLARS_ADDRESS,
  EXEMPLARS_USED,
  MAX_EXEMPLARS,
  SERIES_DONE,
} from '../arena/layout.ts';
import { isOverflow } from '../registry/admission.ts';
import type { CollectedMetric, CollectedSeries } from './collected.ts';
import type { ExemplarInbox } from './exemplar-inbox.ts';
import { LOOK, type Pace } from './rounds.ts';
import { WeakList } from './weak-list.ts';

/** The slots of one thread. */
interface Pool {
  readonly record: number;
  /** By slot: the sequence of the exemplar that was taken last. */
  readonly taken: Int32Array;
}

/** Whose a series record is. */
export interface Owner {
  readonly metric: CollectedMetric;
  readonly series: CollectedSeries;
  /** Of the record: where it was summed into the overflow series, those of the series that it was to be. */
  readonly labels: Key['labels'];
}

/** One exemplar as it was read: its words. */
const read = new Int32Array(EXEMPLAR_WORDS);
const doubles = new Float64Array(read.buffer);
const longs = new BigInt64Array(read.buffer);

/** Units of work, as those in rounds.ts: of taking one, whose series is looked up by the labels in its record. */
const TAKE = 64;

const NO_LABELS: Key['labels'] = Object.freeze([]);

/** Takes the exemplars of all threads out of shared memory, and gives them to every reader. */
export class Exemplars {
  readonly #arena: Arena;
  readonly #answer: () => boolean;
  readonly #pools: Pool[] = [];
  readonly #ownerOf: (record: number) => Owner | undefined;
  readonly #inboxes = new WeakList<ExemplarInbox>();

  /**
   * `answer` lets the registry of this thread follow to another round at once, some of it; true: it has. `ownerOf` finds
   * whose a series record is, undefined: it was not taken in yet. Nothing is kept for that: most series never have an
   * exemplar.
   */
  constructor(arena: Arena, answer: () => boolean, ownerOf: (record: number) => Owner | undefined) {
    this.#arena = arena;
    this.#ownerOf = ownerOf;
    this.#answer = answer;
  }

  /** From now on `inbox` gets what is taken, until nobody uses it any more. */
  attach(inbox: ExemplarInbox): void {
    this.#inboxes.add(inbox);
  }

  /** A thread has slots; by the address of the record that says so. */
  found(record: number): void {
    this.#pools.push({ record, taken: new Int32Array(MAX_EXEMPLARS) });
  }

  /** Slots in the memory of threads that are gone. */
  forget(lies: (address: number) => boolean): void {
    const kept = this.#pools.filter(({ record }) => !lies(record));
    this.#pools.splice(0, this.#pools.length, ...kept);
  }

  /**
   * Takes what is new, and lets the owners begin anew. What is about a record that is not known yet is left for the next
   * time.
   */
  *take(pace: Pace): Generator<undefined, void> {
    const inboxes = this.#inboxes.active();
    if (inboxes.length === 0) return;
    const { words } = this.#arena;
    for (const { record, taken } of [...this.#pools]) {
      const used = Atomics.load(words, record * 2 + EXEMPLARS_USED);
      const first = (words[record * 2 + EXEMPLARS_ADDRESS] as number) * 2;
      for (let i = 0; i < used; i++) {
        const sequence = this.#read(first + i * EXEMPLAR_WORDS, taken[i] as number);
        if (sequence !== undefined && this.#deliver(inboxes)) taken[i] = sequence;
        if (pace.spent(sequence === undefined ? LOOK : TAKE)) yield;
      }
    }
    Atomics.add(words, EXEMPLAR_ROUND, 1);
    while (!this.#answer()) yield;
  }

  /**
   * Gives to all readers what was read. False: nobody knows whose it is. A record that is done with is not read, since its
   * owner may be writing it anew; any other stays as it is meanwhile, as it is done with only by a later part of a round.
   */
  #deliver(inboxes: readonly ExemplarInbox[]): boolean {
    const record = read[EXEMPLAR_SERIES] as number;
    const incarnation = incarnationOf(this.#arena, record);
    if (incarnation !== read[EXEMPLAR_INCARNATION]) return false;
    if (incarnation > 0 && incarnation === this.#arena.words[record * 2 + SERIES_DONE]) return false;
    const owner = this.#ownerOf(record);
    if (owner === undefined) return false;
    const { metric, series, labels } = owner;
    const isSummed = series === metric.overflow && !isOverflow(labels);
    const exemplar = this.#exemplar(isSummed ? labels : NO_LABELS);
    for (const inbox of inboxes) inbox.add(metric, series, exemplar);
    return true;
  }

  /** Reads a slot that is neither being written nor known; layout.ts has the proof that it is read whole. */
  #read(slot: number, known: number): number | undefined {
    const { words } = this.#arena;
    const sequence = Atomics.load(words, slot + EXEMPLAR_SEQUENCE);
    if (sequence === known || sequence % 2 !== 0) return undefined;
    for (let i = 1; i < EXEMPLAR_WORDS; i++) read[i] = Atomics.load(words, slot + i);
    return Atomics.load(words, slot + EXEMPLAR_SEQUENCE) === sequence ? sequence : undefined;
  }

  #exemplar(filteredLabels: Key['labels']): Exemplar {
    const traceId = hex(EXEMPLAR_TRACE, EXEMPLAR_SPAN);
    const spanId = hex(EXEMPLAR_SPAN, EXEMPLAR_WORDS);
    const hasSpan = /[^0]/.test(traceId) && /[^0]/.test(spanId);
    return Object.freeze({
      value: doubles[EXEMPLAR_VALUE / 2] as number,
      time: longs[EXEMPLAR_TIME / 2] as bigint,
      traceId: hasSpan ? traceId : undefined,
      spanId: hasSpan ? spanId : undefined,
      filteredLabels,
    });
  }
}

/** The words from `from` up to `end`. */
function hex(from: number, end: number): string {
  let digits = '';
  for (let i = from; i < end; i++) digits += ((read[i] as number) >>> 0).toString(16).padStart(8, '0');
  return digits;
}
