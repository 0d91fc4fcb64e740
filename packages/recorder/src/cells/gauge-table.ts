import type { Arena } from '../arena/arena.ts';
import { allocateCommon } from '../arena/commons.ts';
import { copyIdentity, hashSeries, hasIdentity, identityBytes } from '../arena/dictionary.ts';
import {
  GAUGE_BUCKETS,
  GAUGE_METRIC_IDENTITY,
  GAUGE_NEXT,
  GAUGE_SERIES_IDENTITY,
  GAUGE_TABLE,
  GAUGE_WORDS,
  GAUGES,
} from '../arena/layout.ts';

/**
 * Finds the cell of a gauge, that another thread may have made already: a hash table in the arena that only grows.
 * Its entries lie in common memory, as a gauge outlives the thread that was first to use it. `series` is a series
 * record that is written; it need not be published.
 *
 * A thread fills an entry of its own and swaps its address into the bucket, on top of a chain in which no equal was
 * found; or another thread was faster, the chain is searched down to where the last search began, and so on. Of
 * several equal entries exactly one is in the chain: a swap succeeds only on top of the chain that was searched. The
 * others were seen by nobody, and are not used.
 *
 * Returns the cell's address. Undefined: there are `limit` gauges already, or no memory for one more; `reserve`
 * goes beyond the limit and takes what the arena keeps back.
 */
export function shareGauge(
  arena: Arena,
  series: number,
  limit: number,
  reserve: boolean,
): number | undefined {
  const { words } = arena;
  const bucket = GAUGE_TABLE + (hashSeries(arena, series) % GAUGE_BUCKETS);
  let entry: number | undefined;
  let searched = 0;
  for (let top = Atomics.load(words, bucket); ; ) {
    for (let other = top; other !== searched; other = words[other * 2 + GAUGE_NEXT] as number) {
      if (isOf(arena, other, series)) return other;
    }
    if (entry === undefined) {
      if (!reserve && Atomics.load(words, GAUGES) >= limit) return undefined;
      entry = makeEntry(arena, series, reserve);
      if (entry === undefined) return undefined;
    }
    searched = top;
    words[entry * 2 + GAUGE_NEXT] = top;
    top = Atomics.compareExchange(words, bucket, searched, entry);
    if (top === searched) {
      Atomics.add(words, GAUGES, 1);
      return entry;
    }
  }
}

function makeEntry(arena: Arena, series: number, reserve: boolean): number | undefined {
  const { words } = arena;
  const { metric, labels } = identityBytes(arena, series);
  const doubles = Math.ceil((GAUGE_WORDS * 4 + metric + labels) / 8);
  const entry = allocateCommon(arena, doubles, reserve);
  if (entry === undefined) return undefined;
  words[entry * 2 + GAUGE_METRIC_IDENTITY] = metric;
  words[entry * 2 + GAUGE_SERIES_IDENTITY] = labels;
  copyIdentity(arena, series, entry * 8 + GAUGE_WORDS * 4);
  return entry;
}

function isOf(arena: Arena, entry: number, series: number): boolean {
  const { metric, labels } = identityBytes(arena, series);
  const { words } = arena;
  return (
    words[entry * 2 + GAUGE_METRIC_IDENTITY] === metric &&
    words[entry * 2 + GAUGE_SERIES_IDENTITY] === labels &&
    hasIdentity(arena, series, entry * 8 + GAUGE_WORDS * 4)
  );
}
