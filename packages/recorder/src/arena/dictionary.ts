import type { Key, Kind, MetricType, Scope, SeriesLabelValue } from '@ostinato/core';
import type { Arena } from './arena.ts';
import {
  EXEMPLARS_ADDRESS,
  EXEMPLARS_RECORD,
  EXEMPLARS_USED,
  EXEMPLARS_WORDS,
  METRIC_BOUNDS,
  METRIC_RECORD,
  METRIC_TYPE,
  METRIC_WORDS,
  MODE_NONE,
  RECORD_IDENTITY,
  RECORD_SIZE,
  RECORD_TAG,
  SERIES_CELL,
  SERIES_INCARNATION,
  SERIES_METRIC,
  SERIES_MODE,
  SERIES_RECORD,
  SERIES_START,
  SERIES_WORDS,
  SLAB_BYTES,
  SLOT_RECORD,
  SLOT_WORDS,
} from './layout.ts';
import { DEFINED, IN_USE, putMetric } from './metric-list.ts';
import type { SlabAllocator } from './slab.ts';

/**
 * How a metric is stored. `undecided`: a histogram that was described and not yet recorded, so that its buckets
 * can still be defined.
 */
export type StorageType = MetricType | 'undecided';

/** What is known of a metric, as a record of the dictionary carries it. */
export interface MetricDefinition {
  readonly scope: Scope;
  readonly name: string;
  readonly type: StorageType;
  readonly unit: string;
  readonly description: string;
  /** Explicit histograms only; empty otherwise. */
  readonly bounds: readonly number[];
}

/** What a series record says besides its cell. */
export interface SeriesDefinition {
  /** Address of the metric record. */
  readonly metric: number;
  /** Undefined: the record does not say them. */
  readonly labels: Key['labels'] | undefined;
  /** Epoch nanoseconds. */
  readonly start: bigint;
}

const TYPES: readonly StorageType[] = ['counter', 'gauge', 'histogram', 'exponentialHistogram', 'undecided'];

/** The instrument that stores so. */
export function kindOf(type: StorageType): Kind {
  return type === 'counter' || type === 'gauge' ? type : 'histogram';
}

/**
 * Lays a metric record, publishes it, and puts it into the list of those defined. Returns its address, or undefined when
 * the arena is full.
 */
export function defineMetric(
  arena: Arena,
  slabs: SlabAllocator,
  metric: MetricDefinition,
  reserve: boolean,
): number | undefined {
  const text = startText();
  text.string(metric.scope.name);
  text.string(metric.scope.version ?? '');
  text.string(metric.name);
  const identity = text.length;
  text.align();
  for (const bound of metric.bounds) text.double(bound);
  text.string(metric.unit);
  text.string(metric.description);
  const record = new RecordWriter(arena, slabs, METRIC_WORDS, text, reserve);
  if (record.address === undefined) return undefined;
  record.word(RECORD_TAG, METRIC_RECORD);
  record.word(RECORD_IDENTITY, identity);
  record.word(METRIC_TYPE, TYPES.indexOf(metric.type));
  record.word(METRIC_BOUNDS, metric.bounds.length);
  record.publish();
  putMetric(arena, DEFINED, record.address);
  return record.address;
}

/**
 * Lays a series record and publishes it, before anything is recorded on its cell; before that, its metric is put into the
 * list of those in use. Returns its address, or undefined when the arena is full. `cell` is its cell's address, 0 where
 * the first sample makes it, or finds that address for the record, which is written but not published; undefined: there
 * is none, and there will be no such record.
 */
export function defineSeries(
  arena: Arena,
  slabs: SlabAllocator,
  { metric, labels, start }: SeriesDefinition,
  cell: number | ((record: number) => number | undefined),
  reserve: boolean,
): number | undefined {
  const text = startText();
  const identity = labels === undefined ? 0 : writeLabels(text, labels);
  const isSlot = slabs.reuses;
  const record = isSlot
    ? new RecordWriter(arena, slabs, SLOT_WORDS, text, reserve, SERIES_INCARNATION)
    : new RecordWriter(arena, slabs, SERIES_WORDS, text, reserve);
  if (record.address === undefined) return undefined;
  record.word(RECORD_TAG, isSlot ? SLOT_RECORD : SERIES_RECORD);
  record.word(SERIES_MODE, MODE_NONE);
  record.word(RECORD_IDENTITY, identity);
  record.word(SERIES_METRIC, metric);
  arena.longs[record.address + SERIES_START / 2] = start;
  const index = typeof cell === 'number' ? cell : cell(record.address);
  if (index === undefined) {
    record.erase();
    return undefined;
  }
  record.word(SERIES_CELL, index);
  putMetric(arena, IN_USE, metric);
  arena.raiseLatestStart(start);
  record.publish();
  return record.address;
}

/** Returns how many bytes of it are the identity. */
function writeLabels(text: Text, labels: Key['labels']): number {
  text.number(labels.length);
  for (const [name, value] of labels) {
    text.string(name);
    text.string(String(value));
  }
  const identity = text.length;
  for (const [, value] of labels) text.byte(VALUE_TYPES.indexOf(typeof value));
  return identity;
}

/** Tells the collector where a thread's exemplars are. Returns the record's address, or undefined: no room. */
export function defineExemplars(arena: Arena, slabs: SlabAllocator, slots: number): number | undefined {
  const record = new RecordWriter(arena, slabs, EXEMPLARS_WORDS, startText(), false);
  if (record.address === undefined) return undefined;
  record.word(RECORD_TAG, EXEMPLARS_RECORD);
  record.word(EXEMPLARS_ADDRESS, slots);
  record.word(EXEMPLARS_USED, 0);
  record.publish();
  return record.address;
}

const VALUE_TYPES: readonly string[] = ['string', 'number', 'boolean'];

export function readMetric(arena: Arena, address: number): MetricDefinition {
  const words = address * 2;
  const text = new TextReader(arena.bytes, (words + METRIC_WORDS) * 4);
  const name = text.string();
  const version = text.string();
  const metric = text.string();
  text.align();
  const bounds: number[] = [];
  for (let i = arena.words[words + METRIC_BOUNDS] as number; i > 0; i--) bounds.push(text.double());
  return {
    scope: Object.freeze(version === '' ? { name } : { name, version }),
    name: metric,
    type: TYPES[arena.words[words + METRIC_TYPE] as number] as StorageType,
    bounds: Object.freeze(bounds),
    unit: text.string(),
    description: text.string(),
  };
}

/** `labels`: who knows them need not have a copy. */
export function readSeries(
  arena: Arena,
  address: number,
  labels = readLabels(arena, address),
): SeriesDefinition & { readonly labels: Key['labels'] } {
  return {
    metric: arena.words[address * 2 + SERIES_METRIC] as number,
    labels,
    start: arena.longs[address + SERIES_START / 2] as bigint,
  };
}

/** Whether it is the record of a series. */
export function isSeries(tag: number): boolean {
  return tag === SERIES_RECORD || tag === SLOT_RECORD;
}

/** Which of the series that have the record one after the other has it now; 0: there is only one. */
export function incarnationOf({ words }: Arena, series: number): number {
  const at = series * 2;
  return words[at + RECORD_TAG] === SLOT_RECORD ? Atomics.load(words, at + SERIES_INCARNATION) : 0;
}

/** Where a series record's text is, in bytes. */
function textOf({ words }: Arena, series: number): number {
  const fixed = words[series * 2 + RECORD_TAG] === SLOT_RECORD ? SLOT_WORDS : SERIES_WORDS;
  return (series * 2 + fixed) * 4;
}

function readLabels(arena: Arena, address: number): Key['labels'] {
  const from = textOf(arena, address);
  const text = new TextReader(arena.bytes, from);
  const types = from + (arena.words[address * 2 + RECORD_IDENTITY] as number);
  const labels: (readonly [name: string, value: SeriesLabelValue])[] = [];
  const count = text.number();
  for (let i = 0; i < count; i++) {
    const name = text.string();
    labels.push(Object.freeze([name, typed(text.string(), arena.bytes[types + i] as number)]));
  }
  return Object.freeze(labels);
}

function typed(value: string, type: number): SeriesLabelValue {
  if (VALUE_TYPES[type] === 'number') return Number(value);
  return VALUE_TYPES[type] === 'boolean' ? value === 'true' : value;
}

/*
 * What identifies a series, whoever defined it: the identity of its metric's record and that of its own, one after
 * the other.
 */

/** How long the two parts are. */
export function identityBytes(
  { words }: Arena,
  series: number,
): { readonly metric: number; readonly labels: number } {
  const metric = words[series * 2 + SERIES_METRIC] as number;
  return {
    metric: words[metric * 2 + RECORD_IDENTITY] as number,
    labels: words[series * 2 + RECORD_IDENTITY] as number,
  };
}

/** A hash of it. */
export function hashSeries(arena: Arena, series: number): number {
  let hash = 0x811c9dc5;
  for (const part of identityOf(arena, series)) {
    for (const byte of part) hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return hash >>> 0;
}

/** Copies it to the byte `to`. */
export function copyIdentity(arena: Arena, series: number, to: number): void {
  const [metric, labels] = identityOf(arena, series);
  arena.bytes.set(metric, to);
  arena.bytes.set(labels, to + metric.length);
}

/** Whether such a copy, of the same lengths, is one of this series. */
export function hasIdentity(arena: Arena, series: number, at: number): boolean {
  let next = at;
  for (const part of identityOf(arena, series)) {
    for (const byte of part) if (byte !== arena.bytes[next++]) return false;
  }
  return true;
}

function identityOf(arena: Arena, series: number): readonly [metric: Uint8Array, labels: Uint8Array] {
  const { bytes, words } = arena;
  const metric = words[series * 2 + SERIES_METRIC] as number;
  const ofMetric = (metric * 2 + METRIC_WORDS) * 4;
  const ofSeries = textOf(arena, series);
  return [
    bytes.subarray(ofMetric, ofMetric + (words[metric * 2 + RECORD_IDENTITY] as number)),
    bytes.subarray(ofSeries, ofSeries + (words[series * 2 + RECORD_IDENTITY] as number)),
  ];
}

/** What a published record is, and how many bytes it takes. */
export function recordHead(
  { words }: Arena,
  address: number,
): { readonly tag: number; readonly size: number } {
  const at = address * 2;
  return { tag: words[at + RECORD_TAG] as number, size: words[at + RECORD_SIZE] as number };
}

/**
 * One record under construction in its slab. Those that have an incarnation may take the place of one that was given
 * back, and are then published by the next number.
 */
class RecordWriter {
  /** Undefined: there was no room. */
  readonly address: number | undefined;
  readonly #arena: Arena;
  readonly #slabs: SlabAllocator;
  readonly #doubles: number;
  readonly #incarnation: number | undefined;
  readonly #reused: boolean;

  constructor(
    arena: Arena,
    slabs: SlabAllocator,
    words: number,
    text: Text,
    reserve: boolean,
    incarnation?: number,
  ) {
    this.#arena = arena;
    this.#slabs = slabs;
    this.#incarnation = incarnation;
    const needed = Math.ceil((words * 4 + text.length) / 8);
    this.#doubles = incarnation === undefined ? needed : slabs.recordSize(needed);
    const reused = incarnation === undefined ? undefined : slabs.reuse(this.#doubles);
    this.#reused = reused !== undefined;
    this.address = reused ?? slabs.record(this.#doubles, reserve);
    if (this.address === undefined) return;
    this.word(RECORD_SIZE, this.#doubles * 8);
    arena.bytes.set(text.bytes.subarray(0, text.length), (this.address * 2 + words) * 4);
  }

  word(offset: number, value: number): void {
    this.#arena.words[(this.address as number) * 2 + offset] = value;
  }

  publish(): void {
    const address = this.address as number;
    const { words } = this.#arena;
    if (this.#incarnation !== undefined) {
      const word = address * 2 + this.#incarnation;
      Atomics.store(words, word, (words[word] as number) + 1);
    }
    if (!this.#reused) this.#slabs.publish(this.#doubles);
  }

  /** Leaves its place for others. */
  erase(): void {
    const address = this.address as number;
    if (this.#reused) this.#slabs.freeRecord(address, this.#doubles);
    else this.#arena.doubles.fill(0, address, address + this.#doubles);
  }
}

/**
 * Text as bytes: lengths first, so that no two lists of strings look alike, and code units rather than UTF-8, so
 * that lone surrogates stay apart. A string is `length * 2 + wide`, then a byte a unit, or two where one needs them.
 */
class Text {
  bytes = new Uint8Array(256);
  length = 0;

  byte(value: number): void {
    if (this.length === this.bytes.length) this.#grow();
    this.bytes[this.length++] = value;
  }

  number(value: number): void {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.byte((rest % 128) + 128);
    this.byte(rest);
  }

  string(value: string): void {
    let wide = 0;
    for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) > 255) wide = 1;
    this.number(value.length * 2 + wide);
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i);
      this.byte(unit & 255);
      if (wide === 1) this.byte(unit >> 8);
    }
  }

  double(value: number): void {
    for (const byte of new Uint8Array(new Float64Array([value]).buffer)) this.byte(byte);
  }

  align(): void {
    while (this.length % 8 !== 0) this.byte(0);
  }

  #grow(): void {
    const bytes = new Uint8Array(this.bytes.length * 2);
    bytes.set(this.bytes);
    this.bytes = bytes;
  }
}

/** The one text under construction: definitions are written one after the other. */
let text = new Text();

function startText(): Text {
  if (text.bytes.length > SLAB_BYTES) text = new Text();
  text.length = 0;
  return text;
}

/** Code units on their way to a string, so many at a time: a call takes a limited number of arguments. */
const units: number[] = [];
const MAX_UNITS = 4096;

class TextReader {
  readonly #bytes: Uint8Array;
  readonly #from: number;
  #at: number;

  constructor(bytes: Uint8Array, from: number) {
    this.#bytes = bytes;
    this.#from = from;
    this.#at = from;
  }

  byte(): number {
    return this.#bytes[this.#at++] as number;
  }

  number(): number {
    let value = 0;
    for (let weight = 1; ; weight *= 128) {
      const byte = this.byte();
      value += (byte % 128) * weight;
      if (byte < 128) return value;
    }
  }

  string(): string {
    const head = this.number();
    const wide = head % 2 === 1;
    let value = '';
    for (let left = (head - (head % 2)) / 2; left > 0; left -= units.length) {
      units.length = Math.min(left, MAX_UNITS);
      for (let i = 0; i < units.length; i++) {
        const low = this.byte();
        units[i] = wide ? low + this.byte() * 256 : low;
      }
      value += String.fromCharCode.apply(undefined, units);
    }
    return value;
  }

  double(): number {
    const bytes = new Uint8Array(8);
    for (let i = 0; i < 8; i++) bytes[i] = this.byte();
    return new Float64Array(bytes.buffer)[0] as number;
  }

  align(): void {
    while ((this.#at - this.#from) % 8 !== 0) this.#at++;
  }
}
