/**
 * What a service did, counted with plain integers and without Ostinato: what the demo compares the delivered
 * metrics with. By series, written as `order.errors{type=declined}`.
 */
export type Tally = Record<string, number>;

export function count(tally: Tally, series: string, by = 1): void {
  tally[series] = (tally[series] ?? 0) + by;
}

/** The name and the labels of a tally's series. */
export function parseSeries(series: string): {
  readonly metric: string;
  readonly labels: Record<string, string>;
} {
  const [metric = '', labels = ''] = series.replace('}', '').split('{');
  const pairs = labels.split(',').filter((label) => label !== '');
  return { metric, labels: Object.fromEntries(pairs.map((pair) => pair.split('=') as [string, string])) };
}
