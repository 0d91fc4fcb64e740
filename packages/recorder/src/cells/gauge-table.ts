import type { Arena } from '../arena/arena.ts';
import { hashSeries, sameSeries } from '../arena/dictionary.ts';
import { GAUGE_BUCKETS, GAUGE_TABLE, SERIES_CELL, SERIES_NEXT } from '../arena/layout.ts';

/**
 * Finds the gauge that another thread may have defined already: a hash table in the arena whose chains are series
 * records, and which only grows.
 *
 * `record` is published and its cell was never written. Either its address is swapped into the bucket, on top of a
 * chain in which no equal was found, and it is the gauge's one record; or another record came first, the chain is
 * searched down to where the last search began, and so on. Of several equal records exactly one is in the chain: a
 * swap succeeds only on top of the chain that was searched. The others take its cell before they are written to, so
 * a thread that is killed here leaves at most a record whose cell nobody writes.
 */
export function shareGauge(arena: Arena, record: number): void {
  const { words } = arena;
  const bucket = GAUGE_TABLE + (hashSeries(arena, record) % GAUGE_BUCKETS);
  let searched = 0;
  let top = Atomics.load(words, bucket);
  for (;;) {
    for (let other = top; other !== searched; other = words[other * 2 + SERIES_NEXT] as number) {
      if (sameSeries(arena, record, other)) {
        Atomics.store(words, record * 2 + SERIES_CELL, words[other * 2 + SERIES_CELL] as number);
        return;
      }
    }
    searched = top;
    words[record * 2 + SERIES_NEXT] = top;
    top = Atomics.compareExchange(words, bucket, searched, record);
    if (top === searched) return;
  }
}
