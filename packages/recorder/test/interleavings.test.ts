import { deepEqual, ok } from 'node:assert/strict';
import type {
  Cell,
  CounterSink,
  GaugeSink,
  HistogramSink,
  Installation,
  Key,
  Meta,
  Snapshot,
} from '@ostinato/core';
import { currentEpoch, REVOKED, scope, setGlobalRecorder } from '@ostinato/core';
import { ManualClock } from '@ostinato/testing';
import fc from 'fast-check';
import { Arena } from '../src/arena/arena.ts';
import { ThreadTable } from '../src/arena/thread-table.ts';
import { readSettings } from '../src/options.ts';
import type { Reader } from '../src/read/reader.ts';
import { Pace } from '../src/read/rounds.ts';
import { AtomicRecorder } from '../src/recorder.ts';
import { WorkerRecorder } from '../src/worker.ts';
import { catchWarnings, makeKey, type Read, readAll, readSome } from './support/series.ts';
import { spanOf, Tracing } from './support/tracing.ts';

/*
 * All that can happen to a recorder, in any order: samples come from held handles of the main thread, which has the
 * recorder installed or not, and from three workers, one of them another one's child; readers of all kinds read, at
 * their own pace and by halves; series expire and are revived; workers answer late or never, end, and are followed by
 * others; spans are traced or not, each sample in one of its own. What was recorded is known to a Map. Values are
 * integers, so sums are exact.
 */

const METRICS = ['counter', 'gauge', 'explicit', 'exponential'] as const;
const SERIES = 4;
const TEMPORALITIES = ['cumulative', 'delta', 'lowmemory', 'delta', 'cumulative'] as const;
const IDLE = 10;
const BOUNDS = [0, 5, 1000];
const SCOPE = { name: 'interleavings' };
/** By worker: the thread that started it. Thread 0 is the main one. */
const PARENTS = [undefined, 0, 0, 1] as const;

type Metric = (typeof METRICS)[number];
interface Sample {
  readonly metric: Metric;
  readonly series: number;
  readonly value: number;
  readonly times: number;
}
type Step =
  | { readonly do: 'record'; readonly thread: number; readonly sample: Sample }
  | { readonly do: 'collect' | 'readOn'; readonly reader: number; readonly limit: number }
  | { readonly do: 'answer' | 'terminate'; readonly worker: number }
  | { readonly do: 'wait'; readonly time: number }
  | { readonly do: 'install' | 'trace' };

const thread = fc.nat(PARENTS.length - 1);
const worker = fc.integer({ min: 1, max: PARENTS.length - 1 });
const reader = fc.nat(TEMPORALITIES.length - 1);
const sample = fc.record<Sample>({
  metric: fc.constantFrom(...METRICS),
  series: fc.nat(SERIES - 1),
  value: fc.oneof(fc.nat(3), fc.nat(1000), fc.nat(2 ** 31 - 1)),
  times: fc.integer({ min: 1, max: 3 }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 16, arbitrary: fc.record({ do: fc.constant('record' as const), thread, sample }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('collect' as const),
      reader,
      limit: fc.oneof(fc.nat(8), fc.constant(Infinity)),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('readOn' as const), reader, limit: fc.nat(8) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('answer' as const), worker }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('terminate' as const), worker }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('wait' as const), time: fc.constantFrom(1, IDLE) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('install' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('trace' as const) }) },
);

/** What a series amounts to: a value; of histograms the sum, and the counts: by bucket, or of all samples. */
type Total = readonly number[];

const nothing = (metric: string): Total =>
  metric === 'explicit' ? [0, 0, 0, 0, 0] : metric === 'exponential' ? [0, 0] : [0];
const add = (a: Total, b: Total): Total => a.map((n, i) => n + b[i]!);
const minus = (a: Total, b: Total): Total => a.map((n, i) => n - b[i]!);

function amount({ name, value, sum, count, counts }: Read): Total {
  return name === 'explicit' ? [sum, ...counts] : name === 'exponential' ? [sum, count] : [value];
}

function amountOf({ metric, value, times }: Sample): Total {
  if (metric === 'exponential') return [value * times, times];
  if (metric !== 'explicit') return [value];
  const bucket = BOUNDS.findIndex((bound) => value <= bound);
  return [value * times, ...nothing(metric).slice(1)].map((n, i) => {
    return i === 1 + (bucket < 0 ? BOUNDS.length : bucket) ? times : n;
  });
}

const isSet = ({ metric, times }: Sample) => metric === 'gauge' && times === 1;

/** Held all the time, by whichever recorder, as an application holds them. */
const metrics = scope(SCOPE);
const handles = Array.from({ length: SERIES }, (_, series) => ({
  counter: metrics.counter('counter', { series }),
  gauge: metrics.gauge('gauge', { series }),
  explicit: metrics.histogram('explicit', { series }),
  exponential: metrics.histogram('exponential', { series }),
}));

function recordByHandle(sample: Sample): void {
  const { metric, series, value, times } = sample;
  const of = handles[series]!;
  if (metric === 'counter') of.counter.increment(value);
  else if (metric !== 'gauge') of[metric].recordMany(value, times);
  else if (isSet(sample)) of.gauge.set(value);
  else of.gauge.increment(value);
}

class MainRecorder extends AtomicRecorder {
  get memoryOfAll(): Arena {
    return this.arena;
  }

  ended(nodeId: number): void {
    this.threadEnded(nodeId);
  }
}

/** A worker thread with its own view of the memory, and its cells, which it holds as handles do. */
class Worker extends WorkerRecorder {
  readonly #cells = new Map<string, Cell<never>>();
  #epoch = currentEpoch();

  ended(nodeId: number): void {
    this.threadEnded(nodeId);
  }

  answer(): void {
    this.registry.answer();
  }

  record(sample: Sample): void {
    const { metric, series, value, times } = sample;
    if (metric === 'counter') this.#sink<CounterSink>('counter', metric, series).increment(value);
    else if (metric !== 'gauge') this.#sink<HistogramSink>('histogram', metric, series).record(value, times);
    else if (isSet(sample)) this.#sink<GaugeSink>('gauge', metric, series).set(value);
    else this.#sink<GaugeSink>('gauge', metric, series).add(value);
  }

  #sink<S>(kind: 'counter' | 'gauge' | 'histogram', metric: Metric, series: number): S {
    const id = `${metric} ${series}`;
    if (this.#epoch !== currentEpoch()) this.#cells.clear();
    this.#epoch = currentEpoch();
    let cell = this.#cells.get(id);
    if (cell === undefined || cell.gate === REVOKED) {
      const ask = this[kind] as (key: Key, meta: Meta) => Cell<never>;
      cell = ask.call(this, makeKey(metric, { series }, SCOPE), {});
      this.#cells.set(id, cell);
    }
    return cell.sink;
  }
}

interface Incarnation {
  readonly start: bigint;
  /** What had been recorded when it began. */
  readonly base: Total;
}

class World {
  readonly met = { expired: 0, terminated: 0, uninstalled: 0, exemplars: 0 };
  readonly #clock = new ManualClock();
  readonly #settings = readSettings({
    clock: this.#clock,
    idleTimeout: IDLE,
    maxMemory: 2 ** 21,
    buckets: { explicit: BOUNDS },
  });
  readonly #main = new MainRecorder(this.#settings);
  /** By thread: its row in the table of threads; the main one claimed the first. */
  readonly #rows: number[] = [1];
  readonly #workers: Worker[] = [];
  readonly #nodeIds: number[] = [];
  #started = 1000;
  #installation: Installation | undefined = setGlobalRecorder(this.#main);
  readonly #readers: readonly Reader[] = TEMPORALITIES.map((temporality) =>
    this.#main.reader({ temporality }),
  );
  /** By reader: the last one, and what was recorded before it. */
  readonly #collections: { readonly snapshot: Snapshot; readonly recorded: ReadonlyMap<string, Total> }[] =
    [];
  readonly #witness = this.#main.reader();
  readonly #recorded = new Map<string, Total>();
  readonly #deltas = TEMPORALITIES.map(() => new Map<string, Total>());
  #tracing: Tracing | undefined = new Tracing();
  /** By span, what was recorded in it. */
  readonly #traced: { readonly id: string; readonly value: number }[] = [];
  /** By reader, the spans of the exemplars that it has seen. */
  readonly #seen = TEMPORALITIES.map(() => new Set<number>());
  /** Series that were recorded on since the last check. */
  readonly #news = new Set<string>();
  /** By series: the time of the first check after it was recorded on last. */
  readonly #updated = new Map<string, number>();
  /** By series, those that are exported. */
  readonly #incarnations = new Map<string, Incarnation>();
  /** By series: when the last that is not exported any more began. */
  readonly #ended = new Map<string, bigint>();
  /** By series: what was recorded when it was last seen not to be exported. */
  readonly #bases = new Map<string, Total>();

  constructor() {
    for (const worker of [1, 2, 3]) this.#start(worker);
  }

  do(step: Step): void {
    switch (step.do) {
      case 'record':
        this.#record(step.thread, step.sample);
        break;
      case 'collect':
        this.#collect(step.reader, step.limit);
        break;
      case 'readOn':
        this.#readOn(step.reader, step.limit);
        break;
      case 'answer':
        this.#workers[step.worker]!.answer();
        break;
      case 'terminate':
        this.#terminate(step.worker);
        break;
      case 'wait':
        this.#clock.jump(step.time);
        break;
      case 'install':
        if (this.#installation === undefined) this.#installation = setGlobalRecorder(this.#main);
        else this.#uninstall();
        break;
      case 'trace':
        if (this.#tracing === undefined) this.#tracing = new Tracing();
        else this.#untrace();
    }
  }

  /** Reads everything, and waits until all of it has expired. */
  finish(): void {
    for (let round = 0; round < 4; round++) {
      for (const reader of TEMPORALITIES.keys()) this.#collect(reader, Infinity);
      for (const worker of this.#workers.slice(1)) worker.answer();
      this.#clock.jump(IDLE);
    }
    deepEqual([...this.#incarnations.keys()], []);
  }

  close(): void {
    this.#uninstall();
    this.#untrace();
  }

  #uninstall(): void {
    this.#installation?.uninstall();
    this.#installation = undefined;
  }

  #untrace(): void {
    this.#tracing?.[Symbol.dispose]();
    this.#tracing = undefined;
  }

  #start(worker: number): void {
    const { memoryOfAll: arena } = this.#main;
    const parent = this.#rows[PARENTS[worker]!]!;
    const nodeId = this.#started++;
    const row = new ThreadTable(arena).claim(nodeId, parent)!;
    this.#rows[worker] = row;
    this.#nodeIds[worker] = nodeId;
    this.#workers[worker] = new Worker(new Arena(arena.buffer), row, this.#settings);
  }

  /** With the workers that it started. */
  #terminate(worker: number): void {
    const parent = PARENTS[worker]!;
    (parent === 0 ? this.#main : this.#workers[parent]!).ended(this.#nodeIds[worker]!);
    this.#start(worker);
    for (const [child, starter] of PARENTS.entries()) if (starter === worker) this.#start(child);
    this.met.terminated++;
    this.#check();
  }

  #record(thread: number, sample: Sample): void {
    const id = `${sample.metric} ${sample.series}`;
    if (this.#tracing !== undefined) this.#tracing.active = spanOf(this.#traced.length + 1);
    this.#traced.push({ id, value: sample.value });
    if (thread > 0) {
      this.#workers[thread]!.record(sample);
    } else {
      recordByHandle(sample);
      if (this.#installation === undefined) {
        this.met.uninstalled++;
        return;
      }
    }
    // Adding nothing to a counter is not told from not using it.
    if (sample.metric !== 'counter' || sample.value > 0) this.#news.add(id);
    this.#recorded.set(id, isSet(sample) ? amountOf(sample) : add(this.#total(id), amountOf(sample)));
  }

  #total(id: string, of: ReadonlyMap<string, Total> = this.#recorded): Total {
    return of.get(id) ?? nothing(id.split(' ')[0]!);
  }

  #collect(reader: number, limit: number): void {
    const snapshot = this.#readers[reader]!.collect();
    this.#collections[reader] = { snapshot, recorded: new Map(this.#recorded) };
    this.#check();
    this.#readOn(reader, limit);
    if (limit < Infinity || TEMPORALITIES[reader] === 'cumulative') return;
    for (const [id, total] of this.#recorded) {
      deepEqual({ id, total: this.#total(id, this.#deltas[reader]!) }, { id, total });
    }
  }

  #readOn(reader: number, limit: number): void {
    const collection = this.#collections[reader];
    if (collection === undefined || limit === 0) return;
    const { snapshot, recorded } = collection;
    const deltas = this.#deltas[reader]!;
    for (const read of readSome(snapshot, limit)) {
      const id = this.#identify(read, snapshot.time);
      this.#checkExemplars(reader, id, read);
      if (TEMPORALITIES[reader] === 'cumulative') {
        this.#checkIncarnation(id, read, this.#total(id, recorded));
        continue;
      }
      deepEqual(read.temporality, 'delta');
      const isGauge = read.type === 'gauge';
      deltas.set(id, isGauge ? amount(read) : add(this.#total(id, deltas), amount(read)));
      if (!isGauge) this.#expectBetween(id, this.#total(id, recorded), deltas.get(id)!, this.#total(id));
    }
  }

  /** Each is a sample of the series, in its span, and is seen once. */
  #checkExemplars(reader: number, id: string, { type, exemplars }: Read): void {
    const seen = this.#seen[reader]!;
    for (const { value, traceId } of exemplars) {
      ok(type !== 'gauge');
      const span = Number.parseInt(traceId!, 16);
      deepEqual({ id, value }, this.#traced[span - 1]);
      ok(!seen.has(span), `an exemplar that came twice: ${id}`);
      seen.add(span);
      this.met.exemplars++;
    }
  }

  /**
   * A series is read when the walk comes by, with what was recorded since the collection, but for that of threads
   * that were new to the series.
   */
  #expectBetween(id: string, least: Total, amount: Total, most: Total): void {
    if (amount.every((n, i) => n >= least[i]! && n <= most[i]!)) return;
    deepEqual({ id, amount }, { id, amount: least });
  }

  /** Which series was read; it is one that was recorded on, and well-formed. */
  #identify(read: Read, time: bigint): string {
    const id = `${read.name} ${read.labels.series}`;
    ok(this.#recorded.has(id), `a series that nobody recorded on: ${id}`);
    deepEqual(read.scope, SCOPE.name);
    ok(read.start < time, 'a point ends after it starts');
    ok(read.counts.every((count) => count >= 0));
    deepEqual(
      read.counts.reduce((a, b) => a + b, read.zeroCount),
      read.count,
    );
    return id;
  }

  /** `recorded`: at the collection. */
  #checkIncarnation(id: string, read: Read, recorded: Total): void {
    const { start, base } = this.#incarnations.get(id)!;
    deepEqual({ id, start: read.start }, { id, start });
    if (read.type === 'gauge') return;
    this.#expectBetween(id, minus(recorded, base), amount(read), minus(this.#total(id), base));
  }

  /** A reader of the whole sees of each incarnation what was recorded since it began. */
  #check(): void {
    const snapshot = this.#witness.collect();
    const seen = new Map(readAll(snapshot).map((read) => [this.#identify(read, snapshot.time), read]));
    for (const id of this.#recorded.keys()) {
      const read = seen.get(id);
      const known = this.#incarnations.get(id);
      if (this.#news.delete(id)) this.#updated.set(id, this.#clock.now());
      if (read === undefined) {
        ok(this.#clock.now() - (this.#updated.get(id) ?? 0) >= IDLE, `expired before its time: ${id}`);
        if (known !== undefined) {
          this.met.expired++;
          this.#incarnations.delete(id);
          this.#ended.set(id, known.start);
        }
        this.#bases.set(id, this.#total(id));
        continue;
      }
      if (known === undefined) {
        ok(read.start > (this.#ended.get(id) ?? -1n), 'what begins anew starts later');
        this.#incarnations.set(id, { start: read.start, base: this.#total(id, this.#bases) });
      }
      this.#checkIncarnation(id, read, this.#total(id));
      if (read.type === 'gauge') deepEqual({ id, amount: amount(read) }, { id, amount: this.#total(id) });
    }
  }
}

let caught: ReturnType<typeof catchWarnings>;
beforeEach(() => {
  caught = catchWarnings();
});
afterEach(() => {
  caught.stop();
  jest.restoreAllMocks();
});

const paces = ['rounds of one step', 'rounds of very many steps'];
test.each(paces)(
  'record, collect, expire, install, terminate in any order, %s: all adds up, in each series of each reader',
  (pace) => {
    if (pace !== paces[0]) jest.spyOn(Pace.prototype, 'spent').mockReturnValue(true);
    const met = { expired: 0, terminated: 0, uninstalled: 0, exemplars: 0 };
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
        const world = new World();
        try {
          for (const step of steps) world.do(step);
          world.finish();
        } finally {
          world.close();
        }
        for (const what of ['expired', 'terminated', 'uninstalled', 'exemplars'] as const)
          met[what] += world.met[what];
      }),
      { numRuns: 40 },
    );
    expect(caught.warnings).toEqual([]);
    expect(met.expired).toBeGreaterThan(100);
    expect(met.terminated).toBeGreaterThan(50);
    expect(met.uninstalled).toBeGreaterThan(50);
    expect(met.exemplars).toBeGreaterThan(1_000);
  },
);
