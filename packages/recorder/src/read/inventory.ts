import type { CollectedScope } from './collected.ts';

/** What a recorder holds, as of the last collection. */
export interface Inventory {
  /** Series that are exported, overflow series among them. */
  readonly series: number;
  /** Names of metrics that have more series than their limit: new ones are summed into an overflow series. */
  readonly overflowing: readonly string[];
}

/** Counts metric by metric, not series by series. */
export function inventoryOf(scopes: readonly CollectedScope[]): Inventory {
  let series = 0;
  const overflowing = new Set<string>();
  for (const { metrics } of scopes) {
    for (const { name, places, overflow } of metrics) {
      series += places;
      if (overflow?.state !== 'live') continue;
      series++;
      overflowing.add(name);
    }
  }
  return { series, overflowing: [...overflowing] };
}
