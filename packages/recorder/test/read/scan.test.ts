import { Arena } from '../../src/arena/arena.ts';
import { SLAB_BYTES, THREAD_ROWS, THREAD_TABLE } from '../../src/arena/layout.ts';
import { Pace } from '../../src/read/rounds.ts';
import { readAll } from '../support/series.ts';
import { Threads } from '../support/threads.ts';

const SCOPE = { name: 'test' };
const MINUTE = 60_000;
const SERIES = 5_000;
const LARGE = { cardinality: { perMetric: 2 * SERIES, total: 2 * SERIES } };

afterEach(() => jest.restoreAllMocks());

const definitions = (snapshot: ReturnType<ReturnType<Threads['reader']>['collect']>) =>
  snapshot.scopes.flatMap(({ definitions = [] }) => definitions.map(({ name }) => name));

test('a collection is later than the start of all that it shows, whoever’s clock is ahead', () => {
  const threads = new Threads(3, LARGE, [0n, 3_600_000_000_000n, 5n]);
  const reader = threads.reader();
  for (let i = 0; i < SERIES; i++) threads.counter(i % 3, 'c', { i }).increment(1);
  const first = reader.collect();
  const reads = readAll(first);
  expect(reads.length).toBe(SERIES);
  expect(reads.filter(({ start }) => start >= first.time)).toEqual([]);
  threads.clock.jump(MINUTE);
  threads.counter(1, 'later').increment(1);
  const second = reader.collect();
  expect(readAll(second).map(({ start }) => start < second.time)).toEqual(Array(SERIES + 1).fill(true));
});

test('a collection knows its metrics before its first series is read', () => {
  const threads = new Threads(2);
  const reader = threads.reader();
  threads.counter(1, 'a').increment(1);
  expect(definitions(reader.collect())).toEqual(['a']);
  threads.counter(1, 'c', { i: 1 }).increment(1);
  threads.counter(0, 'b').increment(1);
  threads.counter(0, 'c', { i: 2 }).increment(1);
  expect(definitions(reader.collect())).toEqual(['a', 'c', 'b']);
});

test('a metric that is only described is not exported, and says of that of another thread what is open', () => {
  const threads = new Threads(2);
  const reader = threads.reader();
  threads.registries[0]!.describe('counter', SCOPE, 'c', { unit: 's' });
  threads.registries[0]!.describe('counter', SCOPE, 'never', { unit: 's' });
  const empty = reader.collect();
  expect(empty.scopes).toEqual([]);
  expect(readAll(empty)).toEqual([]);
  threads.counter(1, 'c').increment(1);
  const first = reader.collect();
  expect(first.scopes[0]!.definitions).toMatchObject([{ name: 'c', unit: 's', description: '' }]);
  threads.registries[0]!.describe('counter', SCOPE, 'c', { description: 'of c' });
  const second = reader.collect();
  expect(second.scopes[0]!.definitions).toMatchObject([{ name: 'c', unit: 's', description: 'of c' }]);
  expect(readAll(second)).toMatchObject([{ unit: 's', description: 'of c', value: 1 }]);
});

test('the first definition stays, whichever thread’s memory comes first', () => {
  const threads = new Threads(2);
  threads.counter(0, 'other').increment(1);
  threads.registries[1]!.describe('histogram', SCOPE, 'm', { unit: 'ms' });
  threads.histogram(0, 'm', {}, { unit: 's' }).record(1, 1);
  expect(readAll(threads.reader().collect())).toMatchObject([{ name: 'other' }, { name: 'm', unit: 'ms' }]);
});

/** How much `count` grows in `collect()` and in each run, up to the first series that the run reads. */
function looks(threads: Threads, count: () => number): number[] {
  const all: number[] = [];
  let last = count();
  const note = () => {
    all.push(count() - last);
    last = count();
  };
  const snapshot = threads.reader().collect();
  note();
  for (const run of snapshot.chunks(64)) {
    for (const _ of run) last = count();
    note();
  }
  return all;
}

test('a burst of new series is looked at step by step', () => {
  const threads = new Threads(1, LARGE);
  for (let i = 0; i < SERIES; i++) threads.counter(0, 'c', { i }).increment(1);
  const { arena } = threads.collector;
  const { longs } = arena;
  let starts = 0;
  Object.defineProperty(arena, 'longs', {
    get: () => {
      starts++;
      return longs;
    },
  });
  const all = looks(threads, () => starts);
  expect(all.reduce((a, b) => a + b)).toBeGreaterThan(0.9 * SERIES);
  expect(Math.max(...all)).toBeLessThan(SERIES / 20);
});

test('slots that serve other series are looked at step by step', () => {
  const threads = new Threads(1, { ...LARGE, idleTimeout: MINUTE });
  const reader = threads.reader();
  const fill = (name: string) => {
    for (let i = 0; i < SERIES; i++) threads.counter(0, name, { i }).increment(1);
  };
  const answer = () => {
    while (!threads.registries[0]!.answer()) {}
  };
  fill('a');
  readAll(reader.collect());
  threads.clock.jump(MINUTE);
  readAll(reader.collect());
  answer();
  readAll(reader.collect());
  answer();
  const { claimed, firstSlab } = threads.collector.arena;
  fill('b');
  expect(threads.collector.arena.claimed).toBe(claimed);
  const { load } = Atomics;
  let loads = 0;
  jest.spyOn(Atomics, 'load').mockImplementation(((...args: Parameters<typeof load>) => {
    if (args[1] >= (firstSlab * SLAB_BYTES) / 4) loads++;
    return load(...args);
  }) as typeof load);
  const all = looks(threads, () => loads);
  expect(all.reduce((a, b) => a + b)).toBeGreaterThan(0.9 * SERIES);
  expect(all[0]).toBeLessThan(SERIES / 20);
  expect(readAll(reader.collect()).map(({ name, value }) => ({ name, value }))).toEqual(
    Array(SERIES).fill({ name: 'b', value: 1 }),
  );
});

test('a slot that serves a series of a metric that came after the scan is taken in', () => {
  const threads = new Threads(1, { idleTimeout: MINUTE });
  const reader = threads.reader('delta');
  threads.counter(0, 'a').increment(1);
  readAll(reader.collect());
  threads.clock.jump(MINUTE);
  readAll(reader.collect());
  threads.registries[0]!.answer();
  readAll(reader.collect());
  threads.registries[0]!.answer();
  const round = threads.collector.scan();
  threads.counter(0, 'b').increment(2);
  while (!threads.collector.step(round)) {}
  expect(readAll(reader.collect())).toMatchObject([{ name: 'b', value: 2 }]);
});

describe('a collection shows what was recorded before it, where another thread defines the series meanwhile', () => {
  const ways: [string, (threads: Threads) => void][] = [
    ['another collection', (threads) => readAll(threads.reader().collect())],
    ['one that is not read', (threads) => threads.reader().collect()],
    ['what takes in all at once', (threads) => threads.collector.takeIn()],
  ];

  test.each(ways)('in memory that is looked at first, and %s sees that', (_, look) => {
    jest.spyOn(Pace.prototype, 'spent').mockReturnValue(true);
    const threads = new Threads(2);
    const reader = threads.reader('delta');
    threads.counter(1, 'other').increment(1);
    threads.counter(0, 'c').increment(1);
    const snapshot = reader.collect();
    threads.clock.jump(1);
    threads.counter(1, 'c').increment(2);
    look(threads);
    expect(readAll(snapshot).map(({ name }) => name)).toContain('c');
  });

  test.each(ways.flatMap(([name, look]) => [0, 1].map((first) => [first, name, look] as const)))(
    'in a slot that served another, with that of thread %s freed first, and %s sees that',
    (first, _, look) => {
      jest.spyOn(Pace.prototype, 'spent').mockReturnValue(true);
      const threads = new Threads(2, { idleTimeout: MINUTE });
      const reader = threads.reader('delta');
      for (const thread of [first, 1 - first]) threads.counter(thread, `of ${thread}`).increment(1);
      for (let i = 0; i < 4; i++) {
        readAll(reader.collect());
        threads.clock.jump(MINUTE);
        for (const registry of threads.registries) registry.answer();
      }
      const { claimed } = threads.collector.arena;
      threads.counter(0, 'c').increment(1);
      const snapshot = reader.collect();
      threads.clock.jump(1);
      threads.counter(1, 'c').increment(2);
      expect(threads.collector.arena.claimed).toBe(claimed);
      look(threads);
      expect(readAll(snapshot).map(({ name }) => name)).toEqual(['c']);
    },
  );
});

/** Runs `work`, and `meanwhile` once, before the `nth` access of `work` to what others see. False: it had fewer. */
function interrupted(nth: number, work: () => void, meanwhile: () => void): boolean {
  const { load, store, exchange, compareExchange, add } = Atomics;
  let left = nth;
  for (const [name, access] of Object.entries({ load, store, exchange, compareExchange, add })) {
    jest.spyOn(Atomics, name as 'load').mockImplementation(((...args: Parameters<typeof load>) => {
      // A look at who is alive is thousands of accesses: its first stands for all.
      const others = args[1] >= THREAD_TABLE + 4 && args[1] < THREAD_TABLE + THREAD_ROWS * 2;
      if (!others && left-- === 0) meanwhile();
      return (access as typeof load)(...args);
    }) as typeof load);
  }
  try {
    work();
  } finally {
    jest.restoreAllMocks();
  }
  return left < 0;
}

/** Two threads, of which the second defines metrics and series, some of them in slots that others had; and two readers. */
class World {
  readonly threads = new Threads(2, { idleTimeout: MINUTE });
  readonly delta = this.threads.reader('delta');
  readonly cumulative = this.threads.reader();
  readonly recorded = new Map<string, number>();
  readonly #read = new Map<string, number>();

  constructor() {
    this.record(0, 'a');
    this.collect();
  }

  record(thread: number, name: string, labels = {}): void {
    this.threads.counter(thread, name, labels).increment(1);
    this.recorded.set(name, (this.recorded.get(name) ?? 0) + 1);
  }

  /** Lets all series expire, so that the second thread has slots that nobody uses. */
  vacate(): void {
    for (let i = 0; i < 2; i++) this.record(1, 'a', { i });
    this.collect();
    this.threads.clock.jump(MINUTE);
    for (let i = 0; i < 2; i++) {
      this.collect();
      for (const registry of this.threads.registries) registry.answer();
    }
  }

  readonly define = (): void => {
    this.threads.registries[1]!.describe('counter', SCOPE, 'b', { unit: 's' });
    this.record(1, 'a');
    this.record(1, 'b', { i: 1 });
    this.record(1, 'c', { i: 2 });
    this.record(1, 'c', { i: 3 });
  };

  readonly collect = (): void => {
    const recorded = [...this.recorded.keys()];
    const snapshots = [this.delta.collect(), this.cumulative.collect()] as const;
    for (const snapshot of snapshots) {
      expect(definitions(snapshot)).toEqual(expect.arrayContaining(recorded));
      expect(
        this.#add(snapshot === snapshots[0], readAll(snapshot)).filter((start) => start >= snapshot.time),
      ).toEqual([]);
    }
  };

  #add(isDelta: boolean, reads: ReturnType<typeof readAll>): bigint[] {
    for (const { name, value } of isDelta ? reads : [])
      this.#read.set(name, (this.#read.get(name) ?? 0) + value);
    return reads.map(({ start }) => start);
  }

  check(): void {
    this.collect();
    expect(this.#read).toEqual(this.recorded);
  }
}

test.each([true, false])(
  'a thread that is killed anywhere while it defines leaves what is whole, and its memory; slots: %s',
  (vacant) => {
    for (let at = 0, kills = true; kills; at++) {
      const world = new World();
      const { threads } = world;
      const { claimed } = new Arena(threads.buffer);
      if (vacant) world.vacate();
      const killed = new Error('killed');
      kills = false;
      try {
        interrupted(at, world.define, () => {
          throw killed;
        });
      } catch (error) {
        expect(error).toBe(killed);
        kills = true;
      }
      if (at % 2 === 0) world.check();
      threads.replace(1);
      world.check();
      expect(new Arena(threads.buffer).claimed).toBe(claimed);
      // The next thread has the same memory.
      world.define();
      world.check();
    }
  },
);

test.each([
  ['whole', true],
  ['whole', false],
  ['half', true],
  ['half', false],
])(
  'a %s collection between any two accesses of a thread that defines misses nothing; slots: %s',
  (size, vacant) => {
    for (let at = 0, meets = true; meets; at++) {
      const world = new World();
      if (vacant) world.vacate();
      const { collector } = world.threads;
      let round = 0;
      meets = interrupted(at, world.define, () => {
        if (size === 'whole') world.check();
        else round = collector.scan();
      });
      while (!collector.step(round)) {}
      world.check();
    }
  },
);

test.each([
  ['defines', true],
  ['defines', false],
  ['defines and ends', true],
  ['defines and ends', false],
])(
  'a thread that %s between any two accesses of a collection: all of it is in the next; slots: %s',
  (does, vacant) => {
    for (let at = 0, meets = true; meets; at++) {
      const world = new World();
      if (vacant) world.vacate();
      world.record(1, 'first');
      meets = interrupted(at, world.collect, () => {
        world.define();
        if (does !== 'defines') world.threads.replace(1);
      });
      world.check();
    }
  },
);
