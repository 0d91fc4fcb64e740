import { Arena, allocateArena, unsupported } from '../../src/arena/arena.ts';
import { OWNER, SLAB_BYTES, SLAB_TABLE, SLAB_TABLE_WORDS } from '../../src/arena/layout.ts';

const MIB = 1024 * 1024;

test('a thread claims slabs that nobody else gets', () => {
  const arena = new Arena(allocateArena(MIB));
  const [one, two, three] = [arena.claim(1, 1, false), arena.claim(2, 1, false), arena.claim(1, 2, false)];
  expect([one, two, three]).toEqual([1, 2, 3]);
  expect([1, 2, 3, 4, 5].map((slab) => arena.owner(slab))).toEqual([1, 2, 1, 1, 0]);
  expect(arena.claimed).toBe(5 * SLAB_BYTES);
});

test('two views of one buffer are one arena', () => {
  const buffer = allocateArena(MIB);
  const [main, worker] = [new Arena(buffer), new Arena(buffer)];
  expect([main.claim(1, 1, false), worker.claim(2, 1, false), main.claim(1, 1, false)]).toEqual([1, 2, 3]);
});

test('a collector that looks only at touched slabs misses none: one is touched before it is claimed', () => {
  const arena = new Arena(allocateArena(MIB));
  const { compareExchange } = Atomics;
  const claims: number[] = [];
  Atomics.compareExchange = ((...args: Parameters<typeof compareExchange>) => {
    const slab = (args[1] - SLAB_TABLE - OWNER) / SLAB_TABLE_WORDS;
    if (slab >= 0) {
      claims.push(slab);
      expect(arena.untouched).toBeGreaterThan(slab);
    }
    return compareExchange(...args);
  }) as typeof compareExchange;
  try {
    for (const run of [1, 3, 1]) arena.claim(1, run, false);
  } finally {
    Atomics.compareExchange = compareExchange;
  }
  expect([...new Set(claims)]).toEqual([1, 2, 3, 4, 5]);
  expect(arena.untouched).toBe(6);
});

test('the last slabs are kept for those who may use the reserve', () => {
  const arena = new Arena(allocateArena(MIB));
  let claimed = 0;
  while (arena.claim(1, 1, false) !== undefined) claimed++;
  expect(claimed).toBe(14);
  expect(arena.claim(1, 1, true)).toBe(15);
  expect(arena.claim(1, 1, true)).toBeUndefined();
});

test('a run that does not fit leaves no slab claimed', () => {
  const arena = new Arena(allocateArena(MIB));
  for (let i = 0; i < 4; i++) arena.claim(1, 1, false);
  expect(arena.claim(2, 14, false)).toBeUndefined();
  expect(arena.claim(2, 10, false)).toBe(5);
});

test('the slab table of a large arena takes as many slabs as it needs', () => {
  expect(new Arena(allocateArena(2 ** 30)).firstSlab).toBe(3);
});

test.each([
  ['x64', true, undefined],
  ['arm64', true, undefined],
  [undefined, true, undefined],
  ['ia32', true, 'the recorder needs a 64-bit Node.js, not ia32'],
  ['arm', true, 'the recorder needs a 64-bit Node.js, not arm'],
  ['s390x', false, 'the recorder needs a little-endian machine'],
])('on %s, little-endian %s, it says: %s', (arch, littleEndian, expected) => {
  const refusal = unsupported(arch, littleEndian);
  if (expected === undefined) expect(refusal).toBeUndefined();
  else expect(refusal).toContain(expected);
});

test('without shared memory, an arena is ordinary memory', () => {
  const shared = globalThis.SharedArrayBuffer;
  try {
    Reflect.deleteProperty(globalThis, 'SharedArrayBuffer');
    const arena = new Arena(allocateArena(MIB));
    expect(Object.prototype.toString.call(arena.doubles.buffer)).toBe('[object ArrayBuffer]');
    expect(arena.claim(1, 1, false)).toBe(1);
  } finally {
    globalThis.SharedArrayBuffer = shared;
  }
});
