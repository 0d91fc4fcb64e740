// The comparisons that people look at first, as pictures.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { barChart } from './plot.mjs';

const nanos = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en')} ns`;
const millis = (value) => `${(value / 1000).toFixed(value < 10_000 ? 1 : 0)} ms`;
const own = true;

const PLOTS = [
  {
    file: 'record.svg',
    title: 'One increment with three labels: ns, less is better',
    group: 'record',
    show: nanos,
    bars: [
      { label: 'Ostinato, held handle', name: 'held counter', own },
      { label: 'Ostinato, family.labels(…)', name: 'family: labels(…), 3 labels', own },
      { label: 'Ostinato, counter(name, {…})', name: 'free form, 3 labels', own },
      { label: 'Rust metrics, macro', name: 'Rust: macro, dynamic labels' },
      { label: '@prometheus-io/client (newer Node.js)', name: '@prometheus-io/client: counter, 3 labels' },
      { label: 'prom-client', name: 'prom-client: counter, 3 labels' },
      { label: 'OpenTelemetry SDK', name: 'OTel: counter, 3 attributes' },
      { label: 'hot-shots', name: 'hot-shots: increment, 3 tags, sending nothing' },
    ],
  },
  {
    file: 'export.svg',
    title: '10,000 series collected and encoded: ms, less is better',
    group: 'export',
    show: millis,
    bars: ['counters', 'histograms, 15 bounds', 'exponential histograms'].flatMap((kind) => [
      { label: `Ostinato: ${kind}`, name: `10,000 ${kind}`, own },
      { label: `OpenTelemetry: ${kind}`, name: `OTel: 10,000 ${kind}` },
    ]),
  },
];

/** Writes the pictures, and returns what shows them on the page. `all` is by group and case. */
export function writePlots(folder, all) {
  mkdirSync(folder, { recursive: true });
  return PLOTS.flatMap(({ file, title, group, show, bars }) => {
    const known = bars
      .map(({ name, ...bar }) => ({ ...bar, value: all[group]?.[name]?.min }))
      .filter(({ value }) => value !== undefined);
    if (known.length === 0) return [];
    writeFileSync(join(folder, file), barChart({ title, show, bars: known }));
    return ['', `![${title}](benchmarks/${file})`];
  });
}
