import type { Ledger } from '@ostinato/testing';
import { parseSeries, type Tally } from '../tally.ts';

/** One metric: what the services say they did, and what reached the collector. */
export interface Row {
  readonly metric: string;
  /** What is counted: samples of a histogram, or a counter's unit. */
  readonly unit: string;
  readonly recorded: number;
  readonly delivered: number;
  /** Over its series: what is missing, and what is there beyond what was recorded. */
  readonly lost: number;
  readonly surplus: number;
}

export interface Account {
  readonly rows: readonly Row[];
  /** Data points that came more than once; they are in `delivered` once. */
  readonly duplicated: number;
  readonly lost: number;
  readonly surplus: number;
}

/** Compares series by series, so that a loss in one cannot hide behind a surplus in another. */
export function settle(tally: Tally, ledger: Ledger): Account {
  const rows = new Map<string, { recorded: number; lost: number; surplus: number }>();
  for (const [series, recorded] of Object.entries(tally)) {
    const { metric, labels } = parseSeries(series);
    const row = rows.get(metric) ?? { recorded: 0, lost: 0, surplus: 0 };
    const missing = recorded - ledger.total(metric, labels);
    row.recorded += recorded;
    row.lost += Math.max(0, missing);
    row.surplus += Math.max(0, -missing);
    rows.set(metric, row);
  }
  const all = [...rows].map(([metric, row]) => {
    const delivered = ledger.total(metric);
    // Series that the tally does not know.
    const unknown = delivered - (row.recorded - row.lost + row.surplus);
    const [series] = ledger.series(metric);
    const unit = series?.type === 'sum' ? series.unit.replace(/[{}]/g, '') : 'sample';
    return { metric, unit, ...row, delivered, surplus: row.surplus + Math.max(0, unknown) };
  });
  const sum = (field: 'lost' | 'surplus') => all.reduce((total, row) => total + row[field], 0);
  return { rows: all, duplicated: ledger.duplicates, lost: sum('lost'), surplus: sum('surplus') };
}

export function add(...tallies: readonly Tally[]): Tally {
  const total: Tally = {};
  for (const tally of tallies) {
    for (const [series, value] of Object.entries(tally)) total[series] = (total[series] ?? 0) + value;
  }
  return total;
}
