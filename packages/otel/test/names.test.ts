import { scope, setGlobalRecorder, setReporter } from '@ostinato/core';
import { type AtomicRecorder, createRecorder } from '@ostinato/recorder';
import { metricProducer } from '../src/producer.ts';

let recorder: AtomicRecorder;
let warnings: [code: string, text: string][];
let undo: (() => unknown)[];
beforeEach(() => {
  recorder = createRecorder();
  const installation = setGlobalRecorder(recorder);
  const previous = setReporter((code, text) => void warnings.push([code, text]));
  warnings = [];
  (globalThis as unknown as Record<symbol, { reported: Set<string> }>)[
    Symbol.for('ostinato.core.v1')
  ].reported.clear();
  undo = [() => installation.uninstall(), () => setReporter(previous)];
});
afterEach(() => {
  for (const step of undo) step();
});

const a = scope({ name: 'a', version: '1.0' });
const b = scope({ name: 'b' });

/** The names, as scope and metric, that are exported; and each code that was said, in order. */
async function exported() {
  const producer = metricProducer(recorder);
  await producer.collect();
  const { resourceMetrics, errors } = await producer.collect();
  expect(errors).toEqual([]);
  return resourceMetrics.scopeMetrics.flatMap(({ scope, metrics }) =>
    metrics.map(({ descriptor }) => `${scope.name} ${descriptor.name} ${descriptor.unit}`.trim()),
  );
}
const codes = () => warnings.map(([code]) => code);

test('one name of two kinds in two scopes is said once, and both are exported', async () => {
  a.counter('queue').increment();
  b.gauge('queue').set(1);
  expect(await exported()).toEqual(['a queue', 'b queue']);
  await exported();
  expect(warnings).toEqual([
    [
      'OSTINATO_NAME_CONFLICT',
      expect.stringContaining('the counter queue (scope a 1.0) and the gauge queue (scope b)'),
    ],
  ]);
});

test('one name in two units in two scopes', async () => {
  a.defineHistogram('wait', { unit: 's' }).record(1);
  b.defineHistogram('wait', { unit: 'ms' }).record(1);
  expect(await exported()).toEqual(['a wait s', 'b wait ms']);
  expect(warnings).toEqual([
    ['OSTINATO_NAME_CONFLICT', expect.stringContaining('the histogram wait in s (scope a 1.0)')],
  ]);
});

test('within a scope the first kind and the first unit stay', async () => {
  a.defineCounter('queue', { unit: '{item}' }).increment();
  a.defineCounter('queue', { unit: '{order}' }).increment();
  a.gauge('queue').set(7);
  expect(await exported()).toEqual(['a queue {item}']);
  expect(codes().sort()).toEqual(['OSTINATO_DEFINITION_DIFFERS', 'OSTINATO_KIND']);
  expect(recorder.refusals()).toEqual({ kind: 1 });
});

const collisions: Record<string, [name: string, ...records: (() => void)[]]> = {
  'a.b and a_b': ['a_b', () => a.gauge('a.b').set(1), () => a.gauge('a_b').set(1)],
  'a unit and its name as a suffix': [
    'wait_seconds',
    () => a.defineHistogram('wait', { unit: 's' }).record(1),
    () => a.histogram('wait_seconds').record(1),
  ],
  'a counter and one that is called total': [
    'orders_total',
    () => a.counter('orders').increment(),
    () => a.counter('orders_total').increment(),
  ],
  "a histogram's series": [
    'size_count',
    () => a.histogram('size').record(1),
    () => a.gauge('size.count').set(1),
  ],
  'two scopes': ['jobs_total', () => a.counter('jobs').increment(), () => b.counter('jobs').increment()],
};

test.each(Object.entries(collisions))('equal in Prometheus: %s', async (_title, [name, ...records]) => {
  for (const record of records) record();
  expect(await exported()).toHaveLength(2);
  await exported();
  expect(warnings).toEqual([
    ['OSTINATO_NAME_COLLISION', expect.stringContaining(`are both ${name} in Prometheus`)],
  ]);
});

test('different things are left in peace', async () => {
  a.counter('orders').increment();
  a.gauge('orders.open').set(1);
  a.defineHistogram('wait', { unit: 's' }).record(1);
  a.defineHistogram('wait.total', { unit: 's' }).record(1);
  b.defineGauge('load', { unit: '1' }).set(1);
  expect(await exported()).toHaveLength(5);
  expect(warnings).toEqual([]);
});

test('a unit that is told after the first record is no second metric', async () => {
  a.histogram('wait').record(1);
  await exported();
  a.describeHistogram('wait', { unit: 's' });
  expect(await exported()).toEqual(['a wait s']);
  expect(warnings).toEqual([]);
});
