import { OstinatoError } from '@ostinato/core';
import { MAX_MEMORY, MIN_MEMORY } from './arena/arena.ts';
import { type Clock, systemClock } from './clock.ts';
import type { Limits } from './registry/admission.ts';

/** What `createRecorder` takes. */
export interface RecorderOptions {
  /**
   * Buckets of histograms by metric name, over what their definition says: upper bounds (each inclusive, finite,
   * ascending), or `'exponential'`.
   */
  readonly buckets?: { readonly [metric: string]: readonly number[] | 'exponential' };
  /**
   * How many series there may be, per metric (default 2,000) and in all (10,000); a number is that per metric. Each
   * metric keeps one of its places for the series `otel.metric.overflow=true`, into which the others are summed.
   */
  readonly cardinality?: number | { readonly perMetric?: number; readonly total?: number };
  /** Bytes that series may take, from 1 MiB to 2 GiB; resident only as they are used. Default 64 MiB. */
  readonly maxMemory?: number;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/**
 * What a reader's points cover: `cumulative` the time since a series began, `delta` the time since the reader last
 * passed it. `lowmemory` is delta, but for counters that are set by `absolute`, which stay cumulative.
 */
export type ReaderTemporality = 'cumulative' | 'delta' | 'lowmemory';

/** The options, complete and valid. */
export interface Settings {
  readonly buckets: ReadonlyMap<string, readonly number[] | 'exponential'>;
  readonly limits: Limits;
  readonly maxMemory: number;
  readonly clock: Clock;
}

const DEFAULT_PER_METRIC = 2_000;
const DEFAULT_TOTAL = 10_000;
const DEFAULT_MEMORY = 64 * 1024 * 1024;

const TEMPORALITIES: readonly ReaderTemporality[] = ['cumulative', 'delta', 'lowmemory'];
const NAMES = ['buckets', 'cardinality', 'maxMemory', 'clock'];

/** Throws `OSTINATO_INVALID_OPTION`, with what was given and what is allowed. */
export function readSettings(options: unknown): Settings {
  const given = members('the options argument', options ?? {}, NAMES);
  return {
    buckets: readBuckets(given.buckets),
    limits: readLimits(given.cardinality),
    maxMemory: integer('maxMemory', given.maxMemory ?? DEFAULT_MEMORY, MIN_MEMORY, MAX_MEMORY),
    clock: readClock(given.clock),
  };
}

function readLimits(given: unknown): Limits {
  const isNumber = typeof given === 'number';
  const limits = isNumber
    ? { perMetric: given }
    : members('cardinality', given ?? {}, ['perMetric', 'total']);
  const perMetric = isNumber ? 'cardinality' : 'cardinality.perMetric';
  return {
    perMetric: integer(perMetric, limits.perMetric ?? DEFAULT_PER_METRIC, 1, 1_000_000),
    total: integer('cardinality.total', limits.total ?? DEFAULT_TOTAL, 1, 1_000_000),
  };
}

function readBuckets(given: unknown): Settings['buckets'] {
  const buckets = new Map<string, readonly number[] | 'exponential'>();
  for (const [metric, value] of Object.entries(members('buckets', given ?? {}))) {
    if (value !== 'exponential' && !isAscending(value)) {
      fail(
        `buckets[${show(metric)}]`,
        value,
        "an array of finite numbers, each greater than the one before, or 'exponential'",
      );
    }
    buckets.set(metric, value === 'exponential' ? value : Object.freeze([...value]));
  }
  return buckets;
}

function isAscending(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) &&
    Array.from(value).every((bound, i) => Number.isFinite(bound) && (i === 0 || bound > value[i - 1]))
  );
}

function readClock(given: unknown): Clock {
  if (given === undefined) return systemClock;
  const clock = given as Partial<Clock> | null;
  if (typeof clock?.now === 'function' && typeof clock.epochNanos === 'function') return clock as Clock;
  return fail('clock', given, 'an object with the functions now() and epochNanos()');
}

/** Throws as `readSettings` does. */
export function readReaderOptions(options: unknown): ReaderTemporality {
  const { temporality } = members('the argument of reader()', options ?? {}, ['temporality']);
  if (temporality === undefined) return 'cumulative';
  const known = TEMPORALITIES.find((one) => one === temporality);
  return known ?? fail("reader()'s temporality", temporality, `one of ${TEMPORALITIES.map(show).join(', ')}`);
}

type Members = Readonly<Record<string, unknown>>;

/** `given` as an object that has none but the allowed members. */
function members(option: string, given: unknown, allowed?: readonly string[]): Members {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) fail(option, given, 'an object');
  for (const name of Object.keys(given as object)) {
    if (allowed === undefined || allowed.includes(name)) continue;
    throw invalid(`${option} has no member ${show(name)}; allowed are ${allowed.map(show).join(', ')}`);
  }
  return given as Members;
}

function integer(option: string, given: unknown, min: number, max: number): number {
  if (Number.isInteger(given) && (given as number) >= min && (given as number) <= max) return given as number;
  return fail(option, given, `an integer from ${min} to ${max}`);
}

function fail(option: string, given: unknown, allowed: string): never {
  throw invalid(`${option} is ${show(given)}, but must be ${allowed}`);
}

function invalid(text: string): OstinatoError {
  return new OstinatoError('OSTINATO_INVALID_OPTION', `recorder: ${text}.`);
}

function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return `[${Array.from(value, show).join(', ')}]`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
