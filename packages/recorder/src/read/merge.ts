import { type Key, report } from '@ostinato/core';
import type { Arena } from '../arena/arena.ts';
import {
  EXPLICIT_BUCKETS,
  EXPONENTIAL_BASE,
  EXPONENTIAL_BUCKETS,
  EXPONENTIAL_CAPACITY,
  EXPONENTIAL_SCALE,
  EXPONENTIAL_ZERO,
  GAUGE_VALUE,
  GAUGE_WRITES,
  HISTOGRAM_MAX,
  HISTOGRAM_MIN,
  HISTOGRAM_SUM,
  HISTOGRAM_WRITES,
  MODE_MAX,
  MODE_NONE,
  SERIES_CELL,
  SERIES_MODE,
} from '../arena/layout.ts';
import { MAX_BUCKETS } from '../cells/exponential-cells.ts';
import { MAX_SCALE } from '../cells/exponential-index.ts';
import { finite, type Point } from './point.ts';

// What is imported is loaded and checked at each use, in both builds; a constant of this file is compiled in.
const BUCKETS = EXPONENTIAL_BUCKETS;
const CAPACITY = EXPONENTIAL_CAPACITY;
const SCALE = EXPONENTIAL_SCALE;
const BASE = EXPONENTIAL_BASE;
const ZERO = EXPONENTIAL_ZERO;
const SUM = HISTOGRAM_SUM;
const MIN = HISTOGRAM_MIN;
const MAX = HISTOGRAM_MAX;

/** Addresses of series records; one alone without a list, as most series have one. */
export type Records = number | readonly number[];

export function recordCount(records: Records): number {
  return typeof records === 'number' ? 1 : records.length;
}

export function recordAt(records: Records, at: number): number {
  return typeof records === 'number' ? records : (records[at] as number);
}

export function recordsOf({ records }: { readonly records: Records }): readonly number[] {
  return typeof records === 'number' ? [records] : records;
}

/** The cells of a series. */
export interface Cells {
  /** Each names a cell. */
  readonly records: Records;
  /** What threads that are gone recorded: a cell as in the arena, at 0. Of a gauge: its cell's address, at 0. */
  readonly retired: Float64Array | undefined;
  /** The same of what was recorded before the series expired and began anew. Counters and histograms. */
  readonly past?: Float64Array | undefined;
  /**
   * The value of a counter, the sum of a histogram, before cells of the gone were last added up for good: additions
   * of fractions in another order may come out lower by their last bit, and nothing goes back.
   */
  readonly floor: number;
}

/** As often no cell was written: always to be read. */
export const UNKNOWN = -1;

/** In place of the address of a gauge's cell. */
const NEVER_WRITTEN = 0;

/*
 * What the cells of a series hold together. Cells are read while they may be written: each value is one that the
 * cell had, values of one cell may be apart by what was recorded in between, and all are exact at rest.
 */

/** The sum, or the highest, of a counter's cells. Those of threads that record in the other mode are left out. */
export function counterValue(arena: Arena, series: Cells & { readonly key: Key }, mode: number): number {
  const { words, doubles } = arena;
  const { records } = series;
  let value = (series.retired?.[0] ?? 0) + (series.past?.[0] ?? 0);
  for (let i = 0; i < recordCount(records); i++) {
    const record = recordAt(records, i);
    const own = words[record * 2 + SERIES_MODE];
    if (own !== mode) {
      if (own !== MODE_NONE) reportMode(series.key);
      continue;
    }
    const cell = doubles[words[record * 2 + SERIES_CELL] as number] as number;
    value = mode === MODE_MAX ? Math.max(value, cell) : value + cell;
  }
  return finite(Math.max(value, series.floor));
}

function reportMode({ scope, name }: Key): void {
  report('OSTINATO_MODE', `${scope.name} ${name}`, () => {
    return `counter "${name}": threads use both increment and absolute on one series; what was first stays, and what the others record is dropped.`;
  });
}

/**
 * Puts a gauge's value into `point` and returns how often it was written, 0: never. All records of a gauge name one
 * cell, but for those of refused series in an overflow series, of which one stands for all.
 */
export function readGauge(arena: Arena, series: Cells, point: Point): number {
  const { doubles } = arena;
  const cell = gaugeCell(arena, series);
  if (cell === NEVER_WRITTEN) return 0;
  const writes = doubles[cell + GAUGE_WRITES] as number;
  if (writes !== 0) point.setValue(finite(doubles[cell + GAUGE_VALUE] as number));
  return writes;
}

/** The first cell of a gauge that was written, of threads that are alive if there is one. */
export function gaugeCell({ words, doubles }: Arena, { records, retired }: Cells): number {
  for (let i = 0; i < recordCount(records); i++) {
    const cell = words[recordAt(records, i) * 2 + SERIES_CELL] as number;
    if (doubles[cell + GAUGE_WRITES] !== 0) return cell;
  }
  return retired?.[0] ?? NEVER_WRITTEN;
}

/**
 * Adds up the cells of a histogram with explicit bounds in `point`, unless they were written `known` times. Returns
 * how often they were written.
 */
export function mergeExplicit(
  arena: Arena,
  series: Cells,
  buckets: number,
  known: number,
  point: Point,
): number {
  const { words, doubles } = arena;
  const { records, retired, past } = series;
  let writes = (retired?.[HISTOGRAM_WRITES] ?? 0) + (past?.[HISTOGRAM_WRITES] ?? 0);
  for (let i = 0; i < recordCount(records); i++) {
    writes += doubles[(words[recordAt(records, i) * 2 + SERIES_CELL] as number) + HISTOGRAM_WRITES] as number;
  }
  if (writes === known || writes === 0) return writes;
  point.clear(buckets);
  if (retired !== undefined) addExplicit(retired, 0, buckets, point);
  if (past !== undefined) addExplicit(past, 0, buckets, point);
  for (let i = 0; i < recordCount(records); i++)
    addExplicit(doubles, words[recordAt(records, i) * 2 + SERIES_CELL] as number, buckets, point);
  point.sum = finite(Math.max(point.sum, series.floor));
  return writes;
}

function addExplicit(doubles: Float64Array, cell: number, buckets: number, point: Point): void {
  const { counts } = point;
  let count = 0;
  for (let i = 0; i < buckets; i++) {
    const samples = doubles[cell + EXPLICIT_BUCKETS + i] as number;
    (counts[i] as number) += samples;
    count += samples;
  }
  point.count += count;
  addSummary(doubles, cell, point);
}

function addSummary(doubles: Float64Array, cell: number, point: Point): void {
  point.sum += doubles[cell + SUM] as number;
  const min = doubles[cell + MIN] as number;
  const max = doubles[cell + MAX] as number;
  if (min < point.min) point.min = min;
  if (max > point.max) point.max = max;
}

/** The cells of the series that is read, `cellCount` of them, and where each lies. */
const cells: number[] = [];
const places: Float64Array[] = [];
let cellCount = 0;

/**
 * Adds up the cells of an exponential histogram in `point`, at the lowest of their scales or lower, so that at most
 * 160 buckets hold them; unless they were written `known` times. Returns how often they were written.
 */
export function mergeExponential(arena: Arena, series: Cells, known: number, point: Point): number {
  const { words, doubles } = arena;
  const { records } = series;
  arena.beginPass();
  cellCount = 0;
  let writes = 0;
  if (series.retired !== undefined) writes += take(series.retired, 0);
  if (series.past !== undefined) writes += take(series.past, 0);
  for (let i = 0; i < recordCount(records); i++) {
    const cell = Atomics.load(words, recordAt(records, i) * 2 + SERIES_CELL);
    if (cell !== 0) writes += take(doubles, cell);
  }
  if (writes !== known && writes !== 0) {
    addCells(point);
    point.sum = finite(Math.max(point.sum, series.floor));
  }
  arena.endPass();
  return writes;
}

/** Puts a cell on the list, and returns how often it was written. */
function take(doubles: Float64Array, cell: number): number {
  cells[cellCount] = cell;
  places[cellCount++] = doubles;
  return doubles[cell + HISTOGRAM_WRITES] as number;
}

function addCells(point: Point): void {
  if (cellCount === 1) {
    readCell(places[0] as Float64Array, cells[0] as number, point);
    return;
  }
  let scale = MAX_SCALE;
  for (let i = 0; i < cellCount; i++) {
    scale = Math.min(scale, integer(places[i] as Float64Array, (cells[i] as number) + SCALE));
  }
  let low = 0;
  let high = -1;
  for (let i = 0; i < cellCount; i++) {
    const cell = cells[i] as number;
    const doubles = places[i] as Float64Array;
    const buckets = cell + BUCKETS;
    const end = buckets + integer(doubles, cell + CAPACITY);
    let first = buckets;
    while (first < end && doubles[first] === 0) first++;
    if (first === end) continue;
    let last = end - 1;
    while (doubles[last] === 0) last--;
    const shift = integer(doubles, cell + SCALE) - scale;
    const base = integer(doubles, cell + BASE) - buckets;
    const empty = high < low;
    low = empty ? (base + first) >> shift : Math.min(low, (base + first) >> shift);
    high = empty ? (base + last) >> shift : Math.max(high, (base + last) >> shift);
  }
  let down = 0;
  while ((high >> down) - (low >> down) >= MAX_BUCKETS) down++;
  const offset = low >> down;
  point.clear(high < low ? 0 : (high >> down) - offset + 1);
  point.scale = scale - down;
  point.offset = offset;
  for (let i = 0; i < cellCount; i++) {
    const cell = cells[i] as number;
    const doubles = places[i] as Float64Array;
    addBuckets(doubles, cell, point);
    const zeros = doubles[cell + ZERO] as number;
    point.zeroCount += zeros;
    point.count += zeros;
    addSummary(doubles, cell, point);
  }
}

/** The one cell of a series, as most have: as it is, but for empty buckets at both ends. */
function readCell(doubles: Float64Array, cell: number, point: Point): void {
  const buckets = cell + BUCKETS;
  const end = buckets + integer(doubles, cell + CAPACITY);
  let first = buckets;
  while (first < end && doubles[first] === 0) first++;
  let last = end - 1;
  while (last > first && doubles[last] === 0) last--;
  const length = first === end ? 0 : last - first + 1;
  point.begin(length);
  point.scale = integer(doubles, cell + SCALE);
  if (length > 0) point.offset = integer(doubles, cell + BASE) + first - buckets;
  const { counts } = point;
  let count = doubles[cell + ZERO] as number;
  point.zeroCount = count;
  let i = 0;
  // By four: one addition need not wait for the one before.
  for (; i + 4 <= length; i += 4) {
    const a = doubles[first + i] as number;
    const b = doubles[first + i + 1] as number;
    const c = doubles[first + i + 2] as number;
    const d = doubles[first + i + 3] as number;
    counts[i] = a;
    counts[i + 1] = b;
    counts[i + 2] = c;
    counts[i + 3] = d;
    count += a + b + (c + d);
  }
  for (; i < length; i++) {
    const samples = doubles[first + i] as number;
    counts[i] = samples;
    count += samples;
  }
  point.count = count;
  addSummary(doubles, cell, point);
}

/** Only in the window that was found: what is recorded beside it meanwhile belongs to the next read. */
function addBuckets(doubles: Float64Array, cell: number, point: Point): void {
  const { counts, offset, length } = point;
  const base = integer(doubles, cell + BASE);
  const shift = integer(doubles, cell + SCALE) - point.scale;
  const buckets = cell + BUCKETS - base;
  const from = Math.max(base, offset << shift);
  const end = Math.min(base + integer(doubles, cell + CAPACITY), (offset + length) << shift);
  let count = 0;
  for (let i = from; i < end; i++) {
    const samples = doubles[buckets + i] as number;
    const to = (i >> shift) - offset;
    counts[to] = (counts[to] as number) + samples;
    count += samples;
  }
  point.count += count;
}

/** A double that is one, as the compiler likes it for arithmetic on addresses. */
function integer(doubles: Float64Array, address: number): number {
  return (doubles[address] as number) | 0;
}
