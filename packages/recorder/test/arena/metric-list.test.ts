import { Arena, allocateArena } from '../../src/arena/arena.ts';
import { defineMetric, defineSeries } from '../../src/arena/dictionary.ts';
import { LATEST_START, METRICS, METRICS_IN_USE } from '../../src/arena/layout.ts';
import { DEFINED, IN_USE, takeMetrics } from '../../src/arena/metric-list.ts';
import { SlabAllocator } from '../../src/arena/slab.ts';

function setUp() {
  const arena = new Arena(allocateArena(4 * 1024 * 1024));
  const slabs = [1, 2].map((thread) => new SlabAllocator(arena, thread));
  const metric = (thread: number, name: string): number => {
    const what = {
      scope: { name: 's' },
      name,
      type: 'counter',
      unit: '',
      description: '',
      bounds: [],
    } as const;
    return defineMetric(arena, slabs[thread]!, what, false)!;
  };
  const series = (thread: number, of: number, start = 0n): number =>
    defineSeries(arena, slabs[thread]!, { metric: of, labels: [], start }, 0, false)!;
  return { arena, metric, series };
}

afterEach(() => jest.restoreAllMocks());

/** Calls `meanwhile` once, before the first swap of this word. */
function beforeSwap(word: number, meanwhile: () => void): void {
  const { compareExchange } = Atomics;
  let left = 1;
  jest.spyOn(Atomics, 'compareExchange').mockImplementation(((
    ...args: Parameters<typeof compareExchange>
  ) => {
    if (args[1] === word && left-- > 0) meanwhile();
    return compareExchange(...args);
  }) as typeof compareExchange);
}

test('metrics are taken once, in the order in which all threads defined them', () => {
  const { arena, metric } = setUp();
  const [a, b, c] = [metric(0, 'a'), metric(1, 'b'), metric(0, 'c')];
  expect(takeMetrics(arena, DEFINED)).toEqual([a, b, c]);
  expect(takeMetrics(arena, DEFINED)).toEqual([]);
  const d = metric(1, 'd');
  expect(takeMetrics(arena, DEFINED)).toEqual([d]);
});

test('metrics are in use from their first series on, in that order', () => {
  const { arena, metric, series } = setUp();
  const [a, b, c] = [metric(0, 'a'), metric(0, 'b'), metric(1, 'c')];
  expect(takeMetrics(arena, IN_USE)).toEqual([]);
  series(1, c);
  series(0, a);
  series(0, a);
  expect(takeMetrics(arena, IN_USE)).toEqual([c, a]);
  series(0, a);
  series(0, b);
  expect(takeMetrics(arena, IN_USE)).toEqual([b]);
  expect(takeMetrics(arena, DEFINED)).toEqual([a, b, c]);
});

test('a thread that is overtaken while it puts a metric in puts it on top of the other', () => {
  const { arena, metric } = setUp();
  let other = 0;
  beforeSwap(METRICS, () => {
    other = metric(1, 'other');
  });
  const own = metric(0, 'own');
  expect(takeMetrics(arena, DEFINED)).toEqual([other, own]);
});

test.each([0, 1])(
  'a metric is in the list that was taken while it was put in, or in the next: %s others',
  (others) => {
    const { arena, metric, series } = setUp();
    const taken: number[] = [];
    const known = metric(1, 'known');
    series(1, known);
    beforeSwap(METRICS_IN_USE, () => {
      taken.push(...takeMetrics(arena, IN_USE));
      for (let i = 0; i < others; i++) series(1, metric(1, `other ${i}`));
    });
    const own = metric(0, 'own');
    series(0, own);
    const later = takeMetrics(arena, IN_USE);
    expect(taken).toEqual([known]);
    expect(later.length).toBe(others + 1);
    expect(later.at(-1)).toBe(own);
  },
);

test('the latest start only grows, whoever raises it', () => {
  const { arena, metric, series } = setUp();
  const [own, others] = [metric(0, 'own'), metric(1, 'others')];
  series(0, own, 5n);
  series(0, own, 3n);
  expect(arena.latestStart).toBe(5n);
  beforeSwap(LATEST_START / 2, () => series(1, others, 7n));
  series(0, own, 6n);
  expect(arena.latestStart).toBe(7n);
  jest.restoreAllMocks();
  beforeSwap(LATEST_START / 2, () => series(1, others, 8n));
  series(0, own, 2n ** 62n);
  expect(arena.latestStart).toBe(2n ** 62n);
});
