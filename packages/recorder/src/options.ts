import { type Kind, OptionCheck } from '@ostinato/core';
import { MAX_MEMORY, MIN_MEMORY } from './arena/arena.ts';
import { type Clock, systemClock } from './clock.ts';
import { readLayers } from './layers/given.ts';
import type { Layer } from './layers/layer.ts';
import type { Limits } from './registry/admission.ts';

/** What `createRecorder` takes. */
export interface RecorderOptions {
  /**
   * What is done to metrics before they have series, such as `[prefix('shop'), redact({ drop: ['email'] })]`. The first
   * one sees what is recorded, each further one what the one before made of it. Free per record for held handles.
   */
  readonly layers?: readonly Layer[];
  /**
   * Buckets of histograms by metric name (as the layers leave it), over what their definition says: upper bounds
   * (each inclusive, finite, ascending), or `'exponential'`.
   */
  readonly buckets?: { readonly [metric: string]: readonly number[] | 'exponential' };
  /**
   * How many series there may be, per metric (default 2,000) and in all (10,000); a number is that per metric. Each
   * metric keeps one of its places for the series `otel.metric.overflow=true`, into which the others are summed.
   *
   * `doorkeeper`: a label set takes a place only when a thread meets it for the second time within ten minutes; its
   * first sample is summed into the overflow series. Default false.
   *
   * `evict: 'leastRecentlyUpdated'`: when a metric has more series than it may, those that were recorded on least
   * recently expire, and later ones take their places. Default `'none'`: who
   * came first stays.
   */
  readonly cardinality?:
    | number
    | {
        readonly perMetric?: number;
        readonly total?: number;
        readonly doorkeeper?: boolean;
        readonly evict?: 'none' | 'leastRecentlyUpdated';
      };
  /**
   * Milliseconds after which a series that nobody records on leaves the export and makes room for others; a number is
   * that for all three kinds. What is recorded later begins anew, with a new start time. Counters that are set by
   * `absolute` do not expire: what they count is kept elsewhere, and would be counted twice. A gauge keeps its last
   * value for those that go on from there. Default: nothing expires.
   */
  readonly idleTimeout?:
    | number
    | { readonly counter?: number; readonly gauge?: number; readonly histogram?: number };
  /** Bytes that series may take, from 1 MiB to 2 GiB; resident only as they are used. Default 64 MiB. */
  readonly maxMemory?: number;
  /**
   * Which samples of counters and histograms may be kept as exemplars: those recorded in a span whose trace is kept
   * (`'trace_based'`, the default), all (`'always_on'`), or none (`'always_off'`). Costs nothing where there is no
   * tracing (see `setTraceContext` of core; `start()` sets one).
   */
  readonly exemplars?: ExemplarFilter;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** A number of at least 0 and below 1, by which exemplars are chosen. Default `Math.random`. */
  readonly random?: () => number;
}

/** OpenTelemetry metrics SDK, "ExemplarFilter". */
export type ExemplarFilter = 'trace_based' | 'always_on' | 'always_off';

/**
 * What a reader's points cover: `cumulative` the time since a series began, `delta` the time since the reader last
 * passed it. `lowmemory` is delta, but for counters that are set by `absolute`, which stay cumulative.
 */
export type ReaderTemporality = 'cumulative' | 'delta' | 'lowmemory';

/** The options, complete and valid. */
export interface Settings {
  readonly layers: readonly Layer[];
  readonly buckets: ReadonlyMap<string, readonly number[] | 'exponential'>;
  readonly limits: Limits;
  /** Milliseconds by kind; Infinity: never. */
  readonly idleTimeout: Readonly<Record<Kind, number>>;
  /** Whether there are series that expire. */
  readonly expires: boolean;
  readonly maxMemory: number;
  readonly exemplars: ExemplarFilter;
  readonly clock: Clock;
  readonly random: () => number;
}

/** What of the options is not data, and so cannot be given to other threads. */
export type ThreadTools = Pick<Settings, 'clock' | 'random'>;

type Options = Readonly<Record<string, unknown>>;

const DEFAULT_PER_METRIC = 2_000;
const DEFAULT_TOTAL = 10_000;
const DEFAULT_MEMORY = 64 * 1024 * 1024;
const TEMPORALITIES: readonly ReaderTemporality[] = ['cumulative', 'delta', 'lowmemory'];
const FILTERS: readonly ExemplarFilter[] = ['trace_based', 'always_on', 'always_off'];
const NAMES = [
  'layers',
  'buckets',
  'cardinality',
  'idleTimeout',
  'maxMemory',
  'exemplars',
  'clock',
  'random',
] as const;
/** The longest idle timeout: 24 days. */
const MAX_IDLE = 2 ** 31 - 1;

const check = new OptionCheck('createRecorder');
const readerCheck = new OptionCheck('recorder.reader');

/** Throws `OSTINATO_INVALID_OPTION`, with what was given and what is allowed. */
export function readSettings(options: unknown): Settings {
  const given = check.object<RecorderOptions>(options, NAMES);
  const limits = readLimits(given.cardinality);
  const idleTimeout = readIdleTimeout(given.idleTimeout);
  return {
    layers: readLayers(check, given.layers),
    buckets: readBuckets(given.buckets),
    limits,
    idleTimeout,
    expires: limits.evict !== 'none' || Object.values(idleTimeout).some(Number.isFinite),
    maxMemory: check.integer('maxMemory', given.maxMemory ?? DEFAULT_MEMORY, MIN_MEMORY, MAX_MEMORY),
    exemplars: check.oneOf('exemplars', given.exemplars ?? 'trace_based', FILTERS),
    clock: readClock(given.clock),
    random: readRandom(given.random),
  };
}

function readLimits(given: RecorderOptions['cardinality']): Limits {
  const isNumber = typeof given === 'number';
  const limits = isNumber
    ? { perMetric: given }
    : check.object<Limits>(given, ['perMetric', 'total', 'doorkeeper', 'evict'], 'cardinality');
  const perMetric = isNumber ? 'cardinality' : 'cardinality.perMetric';
  return {
    perMetric: check.integer(perMetric, limits.perMetric ?? DEFAULT_PER_METRIC, 1, 1_000_000),
    total: check.integer('cardinality.total', limits.total ?? DEFAULT_TOTAL, 1, 1_000_000),
    doorkeeper: check.oneOf('cardinality.doorkeeper', limits.doorkeeper ?? false, [true, false]),
    evict: check.oneOf('cardinality.evict', limits.evict ?? 'none', ['none', 'leastRecentlyUpdated']),
  };
}

function readIdleTimeout(given: RecorderOptions['idleTimeout']): Settings['idleTimeout'] {
  if (typeof given === 'number') {
    const all = check.number('idleTimeout', given, 1, MAX_IDLE);
    return { counter: all, gauge: all, histogram: all };
  }
  const kinds = check.object<Settings['idleTimeout']>(
    given,
    ['counter', 'gauge', 'histogram'],
    'idleTimeout',
  );
  const read = (kind: Kind) => {
    const idle = kinds[kind];
    return idle === undefined ? Infinity : check.number(`idleTimeout.${kind}`, idle, 1, MAX_IDLE);
  };
  return { counter: read('counter'), gauge: read('gauge'), histogram: read('histogram') };
}

function readBuckets(given: RecorderOptions['buckets']): Settings['buckets'] {
  const buckets = new Map<string, readonly number[] | 'exponential'>();
  for (const [metric, value] of Object.entries(check.object<Options>(given, undefined, 'buckets'))) {
    const option = `buckets[${JSON.stringify(metric)}]`;
    buckets.set(metric, value === 'exponential' ? value : check.bounds(option, value, ", or 'exponential'"));
  }
  return buckets;
}

function readClock(given: unknown): Clock {
  if (given === undefined) return systemClock;
  const clock = given as Partial<Clock> | null;
  if (typeof clock?.now === 'function' && typeof clock.epochNanos === 'function') return clock as Clock;
  throw check.refused('clock', 'an object with the functions now() and epochNanos()', given);
}

function readRandom(given: unknown): () => number {
  if (given === undefined) return Math.random;
  if (typeof given === 'function') return given as () => number;
  throw check.refused('random', 'a function that returns a number of at least 0 and below 1', given);
}

/** Throws as `readSettings` does. */
export function readReaderOptions(options: unknown): ReaderTemporality {
  const { temporality = 'cumulative' } = readerCheck.object<Options>(options, ['temporality']);
  return readerCheck.oneOf('temporality', temporality, TEMPORALITIES);
}
