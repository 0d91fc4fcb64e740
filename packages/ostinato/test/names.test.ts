import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as core from '@ostinato/core';
import * as otel from '@ostinato/otel';
import * as ostinato from '../src/index.ts';

/** What core exports for recorders, exporters and adapters, and no service needs to name. */
const SEAMS = [
  'ActiveSpan',
  'activeSpan',
  'Cell',
  'checkRecorder',
  'CounterCell',
  'CounterSink',
  'CounterStore',
  'currentEpoch',
  'editDistance',
  'EndedSeries',
  'Exemplar',
  'GaugeSink',
  'HistogramSink',
  'isMetricName',
  'isTracing',
  'Key',
  'labelNameProblem',
  'makeKey',
  'Meta',
  'MetricType',
  'NAME_RULE',
  'nextEpoch as rebind',
  'NumberSeries',
  'ObservedKind',
  'OptionCheck',
  'readLabels',
  'RefusalReason',
  'report',
  'Reporter',
  'REVOKED',
  'Scope',
  'ScopeSnapshot',
  'SeriesCursor',
  'SeriesLabelValue',
  'SeriesNotes',
  'SeriesNumbers',
  'SeriesRun',
  'SeriesSource',
  'setReporter',
  'setTraceContext',
  'Snapshot',
  'SNAPSHOT',
  'SnapshotMetric',
  'Temporality',
  'TraceContext',
  'UNOPENED',
];
const START = ['Running', 'start', 'StartExporterOptions', 'StartOptions'];

/** All names that a package's index exports, types included. */
function exportedNames(path: string): string[] {
  const source = readFileSync(join(__dirname, path), 'utf8');
  return [...source.matchAll(/^export (?:type )?\{([^}]*)\}/gm)]
    .flatMap(([, names = '']) => names.split(','))
    .map((name) => name.trim().replace(/^type /, ''))
    .filter((name) => name !== '')
    .sort();
}

test("the names are core's facade and start()", () => {
  const facade = exportedNames('../../core/src/index.ts').filter((name) => !SEAMS.includes(name));
  expect(facade).toContain('counter');
  expect(exportedNames('../src/index.ts')).toEqual([...facade, ...START].sort());
});

test('each is the thing itself, not a copy', () => {
  const sources: Record<string, unknown> = { ...core, ...otel };
  for (const [name, value] of Object.entries(ostinato)) {
    expect(value).toBe(sources[name]);
  }
  expect(Object.keys(ostinato)).toEqual(expect.arrayContaining(['counter', 'start']));
});
