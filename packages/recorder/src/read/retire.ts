import type { Arena } from '../arena/arena.ts';
import {
  EXPLICIT_BUCKETS,
  EXPONENTIAL_BASE,
  EXPONENTIAL_BUCKETS,
  EXPONENTIAL_CAPACITY,
  EXPONENTIAL_SCALE,
  EXPONENTIAL_ZERO,
  HISTOGRAM_MAX,
  HISTOGRAM_MIN,
  HISTOGRAM_SUM,
  HISTOGRAM_WRITES,
  MODE_MAX,
  MODE_NONE,
  SERIES_CELL,
  SERIES_MODE,
} from '../arena/layout.ts';
import type { CollectedMetric, CollectedSeries } from './collected.ts';
import { type Cells, counterValue, gaugeCell, mergeExplicit, mergeExponential, UNKNOWN } from './merge.ts';
import { Point } from './point.ts';

const point = new Point();

/**
 * Makes what the threads of `gone` records recorded on a series part of it for good, so that nothing names these
 * records and their cells any more. Counts, and sums of integers below 2^53, stay what they are. The buckets of
 * what is retired are those of its cells at the lowest of their scales, or lower to fit: never lower than the scale at
 * which a reader saw them together with the others, so what it sees next is of the same scale and window.
 */
export function retire(
  arena: Arena,
  metric: CollectedMetric,
  series: CollectedSeries,
  gone: readonly number[],
): void {
  const cells: Cells = { records: gone, retired: series.retired, floor: 0 };
  const { current } = series;
  switch (metric.type) {
    case 'counter':
      retireCounter(arena, series, gone);
      break;
    case 'gauge':
      series.retired = Float64Array.of(gaugeCell(arena, cells));
      break;
    case 'histogram': {
      const buckets = metric.bounds.length + 1;
      if (mergeExplicit(arena, current, buckets, UNKNOWN, point) > 0) series.floor = point.sum;
      const writes = mergeExplicit(arena, cells, buckets, UNKNOWN, point);
      if (writes > 0) series.retired = explicitCell(writes, point);
      break;
    }
    default: {
      if (mergeExponential(arena, current, UNKNOWN, point) > 0) series.floor = point.sum;
      const writes = mergeExponential(arena, cells, UNKNOWN, point);
      if (writes > 0) series.retired = exponentialCell(writes, point);
    }
  }
  series.forget(gone);
}

function retireCounter(arena: Arena, series: CollectedSeries, gone: readonly number[]): void {
  const mode = series.mode(arena);
  if (mode === MODE_NONE) return;
  series.floor = counterValue(arena, series.current, mode);
  const retired = series.retired ?? new Float64Array(1);
  const { words, doubles } = arena;
  for (const record of gone) {
    if (words[record * 2 + SERIES_MODE] !== mode) continue;
    const cell = doubles[words[record * 2 + SERIES_CELL] as number] as number;
    const value = retired[0] as number;
    retired[0] = mode === MODE_MAX ? Math.max(value, cell) : value + cell;
  }
  series.retired = retired;
}

/**
 * Ends a series' incarnation: what it recorded becomes its past, which delta readers go on from and cumulative ones
 * do not see. It has no records.
 */
export function archive(arena: Arena, metric: CollectedMetric, series: CollectedSeries): void {
  const { retired, past } = series;
  if (metric.type === 'gauge' || retired === undefined) return;
  series.past = past === undefined ? retired : addUp(arena, metric, retired, past);
  series.retired = undefined;
  series.floor = 0;
}

/** Two cells of one metric in one. Counters: of those that add up. */
export function addUp(
  arena: Arena,
  metric: CollectedMetric,
  retired: Float64Array,
  past: Float64Array,
): Float64Array {
  const cells: Cells = { records: [], retired, past, floor: 0 };
  switch (metric.type) {
    case 'counter':
      return Float64Array.of((retired[0] as number) + (past[0] as number));
    case 'gauge':
      return retired;
    case 'histogram':
      return explicitCell(mergeExplicit(arena, cells, metric.bounds.length + 1, UNKNOWN, point), point);
    default:
      return exponentialCell(mergeExponential(arena, cells, UNKNOWN, point), point);
  }
}

/** What a point of this metric holds, as a cell that was written `writes` times. */
export function cellOf(metric: CollectedMetric, point: Point, writes: number): Float64Array {
  if (metric.type === 'counter') return Float64Array.of(point.value);
  return metric.type === 'histogram' ? explicitCell(writes, point) : exponentialCell(writes, point);
}

function explicitCell(writes: number, point: Point): Float64Array {
  const cell = new Float64Array(EXPLICIT_BUCKETS + point.length);
  setSummary(cell, writes, point);
  cell.set(point.counts.subarray(0, point.length), EXPLICIT_BUCKETS);
  return cell;
}

function exponentialCell(writes: number, point: Point): Float64Array {
  const cell = new Float64Array(EXPONENTIAL_BUCKETS + point.length);
  setSummary(cell, writes, point);
  cell[EXPONENTIAL_ZERO] = point.zeroCount;
  cell[EXPONENTIAL_SCALE] = point.scale;
  cell[EXPONENTIAL_BASE] = point.offset;
  cell[EXPONENTIAL_CAPACITY] = point.length;
  cell.set(point.counts.subarray(0, point.length), EXPONENTIAL_BUCKETS);
  return cell;
}

function setSummary(cell: Float64Array, writes: number, point: Point): void {
  cell[HISTOGRAM_WRITES] = writes;
  cell[HISTOGRAM_SUM] = point.sum;
  cell[HISTOGRAM_MIN] = point.min;
  cell[HISTOGRAM_MAX] = point.max;
}
