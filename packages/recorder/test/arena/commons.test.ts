import { Arena, allocateArena } from '../../src/arena/arena.ts';
import { allocateCommon } from '../../src/arena/commons.ts';
import { COMMON, COMMONS, SLAB_BYTES } from '../../src/arena/layout.ts';

const SLAB = SLAB_BYTES / 8;

test('two threads take turns in one slab that nobody owns, and nothing overlaps', () => {
  const buffer = allocateArena(1024 * 1024);
  const arenas = [new Arena(buffer), new Arena(buffer)];
  const addresses = Array.from({ length: 8 }, (_, i) => allocateCommon(arenas[i % 2]!, 10, false)!);
  expect(addresses).toEqual(addresses.map((_, i) => SLAB + i * 10));
  expect(arenas[0]!.owner(1)).toBe(COMMON);
});

test('what does not fit goes to the next slab, what is larger than one to several', () => {
  const arena = new Arena(allocateArena(1024 * 1024));
  expect(allocateCommon(arena, SLAB - 4, false)).toBe(SLAB);
  expect(allocateCommon(arena, 5, false)).toBe(2 * SLAB);
  expect(allocateCommon(arena, SLAB - 5, false)).toBe(2 * SLAB + 5);
  expect(allocateCommon(arena, 2 * SLAB, false)).toBe(3 * SLAB);
  expect(allocateCommon(arena, SLAB, false)).toBe(5 * SLAB);
  expect(allocateCommon(arena, 1, false)).toBe(6 * SLAB);
});

test('a full arena gives nothing, but the reserve to whom may have it', () => {
  const arena = new Arena(allocateArena(1024 * 1024));
  arena.claim(1, 14, false);
  expect(allocateCommon(arena, 1, false)).toBeUndefined();
  expect(allocateCommon(arena, 1, true)).toBe(15 * SLAB);
});

test('of two threads that start a slab at once, the slower one gives its own back', () => {
  const arena = new Arena(allocateArena(1024 * 1024));
  const { compareExchange } = Atomics;
  let faster: number | undefined;
  // The swap that would put the slower thread's slab in its place.
  Atomics.compareExchange = ((...args: Parameters<typeof compareExchange>) => {
    if (args[1] === COMMONS) {
      Atomics.compareExchange = compareExchange;
      faster = allocateCommon(arena, 3, false);
    }
    return compareExchange(...args);
  }) as typeof compareExchange;
  try {
    expect(allocateCommon(arena, 3, false)).toBe(2 * SLAB + 3);
    expect(faster).toBe(2 * SLAB);
    expect([arena.owner(1), arena.owner(2)]).toEqual([0, COMMON]);
  } finally {
    Atomics.compareExchange = compareExchange;
  }
});
