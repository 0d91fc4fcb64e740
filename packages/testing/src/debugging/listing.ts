import { editDistance, type Kind, type SeriesLabelValue } from '@ostinato/core';
import type { LabelsAsked, RecordedSeries, Refusal } from './series.ts';

const MOST_SERIES = 20;
const MOST_SAMPLES = 10;

/** `orders{status="ok"}` */
export function seriesName(name: string, labels: LabelsAsked): string {
  const present = Object.entries(labels).filter(([, value]) => value !== undefined && value !== '');
  if (present.length === 0) return name;
  return `${name}{${present.map(([label, value]) => `${label}=${JSON.stringify(value)}`).join(', ')}}`;
}

/** What was recorded and refused, one line each, as it ends every failed expectation. */
export function listing(series: readonly RecordedSeries[], refusals: readonly Refusal[]): string {
  const rows = series
    .slice(0, MOST_SERIES)
    .map((one) => [one.kind, seriesName(one.name, one.labels), content(one)] as const);
  const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => row[column as 0 | 1].length)));
  const lines = rows.map(
    ([kind, name, text]) => `  ${kind.padEnd(widths[0] ?? 0)}  ${name.padEnd(widths[1] ?? 0)}  ${text}`,
  );
  if (series.length > MOST_SERIES) lines.push(`  … and ${series.length - MOST_SERIES} more series`);
  const refused = refusals.map(({ kind, reason, count }) => `  ${kind} ${reason}: ${count}`);
  return [
    lines.length === 0 ? 'nothing was recorded' : 'recorded:',
    ...lines,
    ...(refused.length === 0 ? [] : ['refused:', ...refused]),
  ].join('\n');
}

function content({ kind, value, operations }: RecordedSeries): string {
  if (kind !== 'histogram') return `${value}`;
  const shown = operations
    .slice(0, MOST_SAMPLES)
    .map((one) => (one.count === 1 ? `${one.value}` : `${one.value} (${one.count} times)`));
  if (operations.length > MOST_SAMPLES) shown.push('…');
  return `${value} ${value === 1 ? 'sample' : 'samples'}: ${shown.join(', ')}`;
}

/** Why nothing was found under a name: the nearest miss, if there is one. */
export function missing(
  kind: Kind,
  name: string,
  labels: LabelsAsked,
  recorded: readonly RecordedSeries[],
): string {
  const namesakes = recorded.filter((series) => series.name === name);
  const other = namesakes.find((series) => series.kind !== kind);
  if (other !== undefined) return `${name} is a ${other.kind}`;
  const nearest = namesakes
    .map((series) => differences(series.labels, labels))
    .sort((a, b) => a.length - b.length)[0];
  if (nearest !== undefined) return `it was only recorded with other labels: ${nearest.join(', ')}`;
  const similar = recorded.find((series) => alike(series.name, name));
  if (similar !== undefined) return `there is no ${name}; did you mean ${similar.name}?`;
  return 'nothing was recorded there';
}

function differences(labels: Readonly<Record<string, SeriesLabelValue>>, asked: LabelsAsked): string[] {
  const out: string[] = [];
  for (const [label, value] of Object.entries(asked)) {
    if (value === undefined || value === '') continue;
    const actual = Object.hasOwn(labels, label) ? labels[label] : undefined;
    if (actual === undefined) out.push(`${label} is absent`);
    else if (String(actual) !== String(value)) out.push(`${label} is ${JSON.stringify(actual)}`);
  }
  for (const [label, value] of Object.entries(labels)) {
    if (asked[label] === undefined || asked[label] === '') out.push(`${label} is ${JSON.stringify(value)}`);
  }
  return out;
}

/** Equal but for case and punctuation, one contained in the other, or at most two letters apart. */
function alike(a: string, b: string): boolean {
  const [x, y] = [a, b].map((name) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')) as [string, string];
  return x === y || (x !== '' && y.includes(x)) || (y !== '' && x.includes(y)) || editDistance(x, y) <= 2;
}
