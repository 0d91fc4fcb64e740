import type { Cell, CounterSink, HistogramSink, SeriesCursor, Snapshot } from '@ostinato/core';
import { REVOKED } from '@ostinato/core';
import fc from 'fast-check';
import type { CellReader } from '../../src/read/reader.ts';
import { Pace } from '../../src/read/rounds.ts';
import { catchWarnings, makeKey } from '../support/series.ts';
import { Threads } from '../support/threads.ts';

/*
 * Readers take turns run by run, so that rounds are left half done while samples come, series expire, threads end and
 * other readers come and go. What was recorded is known to a Map. Values are integers, so sums are exact.
 */

const SCOPES = [{ name: 'a' }, { name: 'b' }] as const;
const METRICS = ['counter', 'histogram'] as const;
const SERIES = 6;
const IDLE = 10;
const READERS = ['cumulative', 'delta', 'lowmemory', 'delta'] as const;

type Step =
  | {
      readonly do: 'record';
      readonly thread: number;
      readonly metric: number;
      readonly scope: number;
      readonly series: number;
      readonly value: number;
    }
  | {
      readonly do: 'collect' | 'readOn';
      readonly reader: number;
      readonly runs: number;
      readonly scope: number;
    }
  | { readonly do: 'answer' | 'replace'; readonly thread: number }
  | { readonly do: 'renew'; readonly reader: number }
  | { readonly do: 'wait'; readonly time: number };

const thread = fc.nat(2);
const reader = fc.nat(READERS.length - 1);
const runs = fc.oneof(fc.nat(5), fc.nat(60), fc.constant(Infinity));
const scope = fc.nat(1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('record' as const),
      thread,
      metric: fc.nat(1),
      scope,
      series: fc.nat(SERIES - 1),
      value: fc.nat(1000),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('collect' as const),
      reader,
      runs,
      scope: fc.integer({ min: -1, max: 1 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('readOn' as const), reader, runs, scope: fc.constant(0) }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('answer' as const), thread }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('replace' as const), thread }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('renew' as const), reader }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), time: fc.constantFrom(1, IDLE) }) },
);

interface Walk {
  readonly snapshot: Snapshot;
  readonly runs: Iterator<Iterable<SeriesCursor>>;
  readonly recorded: ReadonlyMap<string, number>;
  readonly fresh: Set<string>;
  readonly seen: Map<string, number>;
  readonly whole: boolean;
}

class World {
  readonly threads: Threads;
  readonly recorded = new Map<string, number>();
  readonly at = new Map<string, number>();
  readonly cells = new Map<string, Cell<unknown>>();
  readonly readers: CellReader[];
  readonly deltas = READERS.map(() => new Map<string, number>());
  readonly walks: (Walk | undefined)[] = [];
  /** A reader that came later may or may not read what was there before. */
  readonly exact: boolean[] = READERS.map(() => true);
  /** By series: what a cumulative reader saw last. */
  readonly last = new Map<string, { start: bigint; value: number }>();
  readonly limited: boolean;

  constructor(cardinality: number, ahead?: readonly bigint[]) {
    this.limited = cardinality < 100;
    this.threads = new Threads(3, { idleTimeout: IDLE, cardinality, maxMemory: 2 ** 22 }, ahead);
    this.readers = READERS.map((temporality) => this.threads.reader(temporality));
  }

  id(scope: string, metric: string, series: unknown): string {
    return this.limited ? `${scope} ${metric}` : `${scope} ${metric} ${series}`;
  }

  do(step: Step): void {
    switch (step.do) {
      case 'record': {
        const name = METRICS[step.metric]!;
        const sc = SCOPES[step.scope]!;
        const cid = `${step.thread} ${sc.name} ${name} ${step.series}`;
        let cell = this.cells.get(cid);
        if (cell === undefined || cell.gate === REVOKED) {
          cell = this.threads.registries[step.thread]!.cell(
            name,
            makeKey(name, { series: step.series }, sc),
            {},
          );
          this.cells.set(cid, cell);
        }
        if (name === 'counter') (cell.sink as CounterSink).increment(step.value);
        else (cell.sink as HistogramSink).record(step.value, 1);
        const id = this.id(sc.name, name, step.series);
        this.recorded.set(id, (this.recorded.get(id) ?? 0) + step.value);
        if (step.value > 0) this.at.set(id, this.threads.clock.now());
        break;
      }
      case 'collect':
        this.collect(step.reader, step.runs, step.scope);
        break;
      case 'readOn':
        this.readOn(step.reader, step.runs);
        break;
      case 'answer':
        this.threads.registries[step.thread]!.answer();
        break;
      case 'replace':
        this.threads.replace(step.thread);
        for (const id of this.cells.keys()) if (id.startsWith(`${step.thread} `)) this.cells.delete(id);
        break;
      case 'renew':
        this.readers[step.reader] = this.threads.reader(READERS[step.reader]);
        this.deltas[step.reader] = new Map();
        this.exact[step.reader] = false;
        this.walks[step.reader] = undefined;
        break;
      case 'wait':
        this.threads.clock.jump(step.time);
        // What is idle now may expire before a walk that is under way comes to it.
        for (const walk of this.walks)
          for (const id of walk?.fresh ?? []) if (!this.isFresh(id)) walk?.fresh.delete(id);
    }
  }

  isFresh(id: string): boolean {
    return this.threads.clock.now() - (this.at.get(id) ?? 0) < IDLE;
  }

  collect(reader: number, runs: number, scope: number): void {
    const snapshot = this.readers[reader]!.collect();
    const scopes = snapshot.scopes.map(({ scope }) => scope.name);
    for (const id of this.recorded.keys())
      if (!scopes.includes(id.split(' ')[0]!)) throw new Error(`no scope for ${id}`);
    const fresh = new Set([...this.at.keys()].filter((id) => this.isFresh(id)));
    const whole = scope < 0 || snapshot.scopes[scope] === undefined;
    const source = whole ? snapshot : snapshot.scopes[scope]!;
    this.walks[reader] = {
      snapshot,
      runs: source.chunks(3)[Symbol.iterator](),
      recorded: new Map(this.recorded),
      fresh,
      seen: new Map(),
      whole,
    };
    this.readOn(reader, runs);
  }

  readOn(reader: number, runs: number): void {
    const walk = this.walks[reader];
    if (walk === undefined) return;
    const delta = this.deltas[reader]!;
    for (let i = 0; i < runs; i++) {
      if (i > 100_000) throw new Error('never ends');
      const run = walk.runs.next();
      if (run.done === true) {
        if (walk.whole) this.checkEnd(reader, walk);
        this.walks[reader] = undefined;
        return;
      }
      for (const cursor of run.value) {
        const { metric, key, start } = cursor;
        if (!(start < walk.snapshot.time)) throw new Error('start not before time');
        const value = metric.type === 'counter' ? cursor.value : cursor.sum;
        if (value < 0) throw new Error('negative');
        const labels = Object.fromEntries(key.labels);
        const id = this.id(metric.scope.name, metric.name, labels.series);
        const full = `${metric.scope.name} ${metric.name} ${labels.series}`;
        if (walk.seen.has(full)) throw new Error(`twice: ${full}`);
        walk.seen.set(full, value);
        if (READERS[reader] !== 'cumulative') {
          delta.set(id, (delta.get(id) ?? 0) + value);
          if (delta.get(id)! > this.recorded.get(id)!)
            throw new Error(`repeated: ${id} ${delta.get(id)} of ${this.recorded.get(id)}`);
        } else {
          const last = this.last.get(full);
          if (last !== undefined) {
            if (start < last.start) throw new Error('start goes back');
            if (start === last.start && value < last.value) throw new Error('value goes back');
          }
          this.last.set(full, { start, value });
        }
      }
    }
  }

  checkEnd(reader: number, walk: Walk): void {
    if (READERS[reader] === 'cumulative') {
      if (!this.limited)
        for (const id of walk.fresh) if (!walk.seen.has(id)) throw new Error(`fresh and not shown: ${id}`);
      return;
    }
    if (!this.exact[reader]) return;
    for (const [id, recorded] of walk.recorded) {
      const read = this.deltas[reader]!.get(id) ?? 0;
      if (read < recorded) throw new Error(`lost: reader ${reader} ${id} ${read} of ${recorded}`);
    }
  }

  finish(): void {
    for (let i = 0; i < 6; i++) {
      for (const reader of READERS.keys()) this.collect(reader, Infinity, -1);
      for (const registry of this.threads.registries) registry.answer();
      this.threads.clock.jump(IDLE);
    }
    for (const { metrics } of this.threads.collector.scopes) {
      for (const { places, series } of metrics) {
        if (places !== 0) throw new Error(`places ${places}`);
        const kept = this.exact.includes(false)
          ? []
          : series.filter(({ key }) => key.labels[0]![0] !== 'otel.metric.overflow');
        if (kept.length > 0) throw new Error(`kept ${kept.length}`);
      }
    }
  }
}

const caught = catchWarnings();
afterAll(() => caught.stop());
afterEach(() => jest.restoreAllMocks());
const RUNS = 12;

test.each([
  ['small', 1000, undefined],
  ['small', 1000, [0n, 5n, 3_600_000_000_000n]],
  ['small', 5, undefined],
  ['small', 12, undefined],
  ['large', 12, undefined],
] as const)(
  'rounds are left half done, %s steps, %s series, clocks ahead: %s: all adds up',
  (size, cardinality, ahead) => {
    if (size === 'small') jest.spyOn(Pace.prototype, 'spent').mockReturnValue(true);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const world = new World(cardinality, ahead);
        for (const step of steps) world.do(step);
        world.finish();
      }),
      { numRuns: RUNS },
    );
  },
);
