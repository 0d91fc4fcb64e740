import type { Arena } from './arena.ts';
import { COMMON, COMMONS, SLAB_BYTES } from './layout.ts';

const SLAB_DOUBLES = SLAB_BYTES / 8;

/**
 * Takes so many doubles, all zero, of memory that belongs to no thread and is never given back: for what outlives
 * the thread that made it. Returns their address, or undefined when the arena is full.
 *
 * Any thread moves the one position by CAS, within the common slab in use, so no two get the same; at that slab's
 * end, whoever is first with another one puts it in its place. A thread that is killed in between leaves behind
 * what it took, unused.
 */
export function allocateCommon(arena: Arena, doubles: number, reserve: boolean): number | undefined {
  const run = Math.ceil(doubles / SLAB_DOUBLES);
  if (run > 1) {
    const first = arena.claim(COMMON, run, reserve);
    return first === undefined ? undefined : first * SLAB_DOUBLES;
  }
  const { words } = arena;
  for (let next = Atomics.load(words, COMMONS); ; ) {
    const used = next % SLAB_DOUBLES;
    // 0: the last slab was used to its end, or there was none.
    const fits = used !== 0 && used + doubles <= SLAB_DOUBLES;
    const slab = fits ? undefined : arena.claim(COMMON, 1, reserve);
    if (!fits && slab === undefined) return undefined;
    const address = slab === undefined ? next : slab * SLAB_DOUBLES;
    const found = Atomics.compareExchange(words, COMMONS, next, address + doubles);
    if (found === next) return address;
    if (slab !== undefined) arena.unclaim(slab);
    next = found;
  }
}
