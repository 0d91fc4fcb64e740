// A library's own test, in jest's default CommonJS mode.
const { counter, withLocalRecorder } = require('@ostinato/core');
const { DebuggingRecorder } = require('@ostinato/testing');
const { createRecorder } = require('@ostinato/recorder');
const { OtlpMetricExporter } = require('@ostinato/otlp');
const { start } = require('ostinato');

const orders = counter('orders', { status: 'ok' });

test('a handle made at module scope records into a local recorder', () => {
  const recorder = new DebuggingRecorder();
  withLocalRecorder(recorder, () => orders.increment(3));
  expect(recorder.value('orders', { status: 'ok' })).toBe(3);
});

test('every package loads', () => {
  expect([createRecorder, OtlpMetricExporter, start].map((value) => typeof value)).toEqual([
    'function',
    'function',
    'function',
  ]);
});
