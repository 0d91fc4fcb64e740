import type { Arena } from './arena.ts';
import { LAST, METRIC_NEXT, METRIC_NEXT_IN_USE, METRICS, METRICS_IN_USE } from './layout.ts';

/** One of the two lists of metric records: layout.ts says what they are for, and has the proof. */
export interface MetricList {
  readonly newest: number;
  /** In a record. */
  readonly next: number;
}

export const DEFINED: MetricList = { newest: METRICS, next: METRIC_NEXT };
export const IN_USE: MetricList = { newest: METRICS_IN_USE, next: METRIC_NEXT_IN_USE };

/** Puts a record in, if it never was. By its owner. */
export function putMetric({ words }: Arena, { newest, next }: MetricList, record: number): void {
  const link = record * 2 + next;
  if (words[link] !== 0) return;
  for (let top = Atomics.load(words, newest); ; ) {
    words[link] = top === 0 ? LAST : top;
    const found = Atomics.compareExchange(words, newest, top, record);
    if (found === top) return;
    top = found;
  }
}

/** Takes all records out, and returns them in the order in which they were put in. By the collector. */
export function takeMetrics({ words }: Arena, { newest, next }: MetricList): number[] {
  const records: number[] = [];
  let record = Atomics.exchange(words, newest, 0) || LAST;
  for (; record !== LAST; record = words[record * 2 + next] as number) records.push(record);
  return records.reverse();
}
