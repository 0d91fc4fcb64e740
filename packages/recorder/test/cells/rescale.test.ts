import { Arena, allocateArena } from '../../src/arena/arena.ts';
import { defineMetric, defineSeries } from '../../src/arena/dictionary.ts';
import { SERIES_CELL } from '../../src/arena/layout.ts';
import { SlabAllocator } from '../../src/arena/slab.ts';
import { ExponentialCells } from '../../src/cells/exponential-cells.ts';
import { ExponentialHistogram, FIRST_CAPACITY } from '../../src/cells/exponential-histogram.ts';
import { prepareIndex } from '../../src/cells/exponential-index.ts';
import { CollectedSeries } from '../../src/read/collected.ts';
import { mergeExponential } from '../../src/read/merge.ts';
import { Point } from '../../src/read/point.ts';
import { makeKey } from '../support/series.ts';

beforeAll(prepareIndex);

/** One histogram on an arena, seen by its owner and by a collector through two views of the memory. */
function setUp() {
  const buffer = allocateArena(4 * 1024 * 1024);
  const [arena, collector] = [new Arena(buffer), new Arena(buffer)];
  const slabs = new SlabAllocator(arena, 1);
  const cells = new ExponentialCells(arena, slabs);
  const metric = defineMetric(
    arena,
    slabs,
    { scope: { name: 's' }, name: 'h', type: 'exponentialHistogram', unit: '', description: '', bounds: [] },
    false,
  )!;
  const record = defineSeries(arena, slabs, { metric, labels: [], start: 0n }, 0, false)!;
  const make = () => {
    const index = cells.allocate(FIRST_CAPACITY, false)!;
    return new ExponentialHistogram(
      { arena, cells, full: () => expect('full').toBe('never') },
      record,
      index,
    );
  };
  const series = new CollectedSeries(0, 0, makeKey('h'), 0n);
  series.add(record);
  const point = new Point();
  const read = (view = collector) => {
    const writes = mergeExponential(view, series, -1, point);
    return { writes, count: point.count, sum: point.sum, scale: point.scale };
  };
  const pointer = () => Atomics.load(collector.words, record * 2 + SERIES_CELL);
  return { arena, collector, cells, histogram: make(), read, pointer };
}

test('nothing is published before the first sample', () => {
  const { pointer, read } = setUp();
  expect(pointer()).toBe(0);
  expect(read().writes).toBe(0);
});

test('a reader that holds the old address sees a complete earlier state', () => {
  const { collector, histogram, pointer, read } = setUp();
  for (const value of [1, 1.001, 1.002]) histogram.record(value, 2);
  const before = read();
  const old = pointer();
  const cell = collector.doubles.slice(old, old + 8 + FIRST_CAPACITY);

  collector.beginPass();
  for (const value of [1000, 1e6, 1e-6, 1e12]) histogram.record(value, 1);
  expect(pointer()).not.toBe(old);
  expect(collector.doubles.slice(old, old + 8 + FIRST_CAPACITY)).toEqual(cell);
  collector.endPass();

  expect(before).toMatchObject({ writes: 3, count: 6, scale: 12 });
  expect(read()).toMatchObject({ writes: 7, count: 10 });
});

test('at every step of a rescale the published cell is complete: the end of the thread loses no finished record', () => {
  const { histogram, read } = setUp();
  let finished = { writes: 0, count: 0, sum: 0 };
  const states: unknown[] = [];
  const { store, load } = Atomics;
  const look = () => {
    Atomics.store = store;
    Atomics.load = load;
    if (finished.writes > 0) {
      const { writes, count, sum } = read();
      states.push({ writes, count, sum });
      expect({ writes, count, sum }).toEqual(finished);
    }
    watch();
  };
  const watch = () => {
    Atomics.store = ((...args: Parameters<typeof store>) => {
      look();
      const result = store(...args);
      look();
      return result;
    }) as typeof store;
    Atomics.load = ((...args: Parameters<typeof load>) => {
      look();
      return load(...args);
    }) as typeof load;
  };
  try {
    watch();
    for (const value of [1, 2, 1024, 2 ** -30, 0, 2 ** 500, 2 ** -1074, 2 ** 1000]) {
      histogram.record(value, 3);
      finished = { writes: finished.writes + 1, count: finished.count + 3, sum: finished.sum + 3 * value };
    }
  } finally {
    Atomics.store = store;
    Atomics.load = load;
  }
  expect(states.length).toBeGreaterThan(15);
});

test('while the collector holds the address of a cell, the pass word says so', () => {
  const { arena, collector, histogram, pointer, read } = setUp();
  histogram.record(1, 1);
  const passes: number[] = [];
  const { load } = Atomics;
  Atomics.load = ((...args: Parameters<typeof load>) => {
    passes.push(load(arena.words, 0));
    return load(...args);
  }) as typeof load;
  try {
    read();
  } finally {
    Atomics.load = load;
  }
  expect(passes.length).toBeGreaterThan(0);
  expect(passes.every((pass) => pass % 2 === 1)).toBe(true);
  expect(collector.pass() % 2).toBe(0);
  expect(pointer()).not.toBe(0);
});

test('a replaced cell is not used again while the pass during which it was replaced goes on', () => {
  const { arena, collector, cells, histogram, pointer } = setUp();
  histogram.record(1, 1);
  const old = pointer();
  collector.beginPass();
  histogram.record(1e9, 1);
  const taken = Array.from({ length: 5 }, () => cells.allocate(FIRST_CAPACITY, false));
  expect(taken).not.toContain(old);
  expect(arena.doubles[old]).toBe(1);
  collector.endPass();
  expect(cells.allocate(FIRST_CAPACITY, false)).toBe(old);
});

test('a replaced cell is used again when another pass goes on by then', () => {
  const { collector, cells, histogram, pointer } = setUp();
  histogram.record(1, 1);
  const old = pointer();
  collector.beginPass();
  histogram.record(1e9, 1);
  collector.endPass();
  collector.beginPass();
  expect(cells.allocate(FIRST_CAPACITY, false)).toBe(old);
});

test('a cell that is used again is empty', () => {
  const { arena, cells, histogram, pointer } = setUp();
  histogram.record(1, 5);
  const old = pointer();
  histogram.record(1e9, 1);
  expect(cells.allocate(FIRST_CAPACITY, false)).toBe(old);
  expect([...arena.doubles.subarray(old, old + 8 + FIRST_CAPACITY)].every((double) => double === 0)).toBe(
    true,
  );
});

test('few rescales: a value at a time over nine decades takes no more than eight', () => {
  const { histogram, read } = setUp();
  const scales = new Set<number>();
  for (let i = 0; i < 9000; i++) {
    histogram.record(10 ** (i / 1000 - 3), 1);
    scales.add(read().scale);
  }
  expect(scales.size).toBeLessThanOrEqual(8);
});
