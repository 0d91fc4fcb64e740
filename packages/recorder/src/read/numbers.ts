import type { SeriesNumbers } from '@ostinato/core';
import type { CollectedSeries } from './collected.ts';
import { NO_METRIC } from './point.ts';

/** So many series are looked at for numbers at once. */
export const MOST = 64;

/** The numbers that a reader has read, filled anew each time. */
export class Numbers implements SeriesNumbers {
  metric = NO_METRIC;
  count = 0;
  readonly series: CollectedSeries[] = [];
  readonly starts: bigint[] = [];
  readonly values = new Float64Array(MOST);
}
