import { createRecorder } from '../../src/recorder.ts';
import { makeKey, readAll } from '../support/series.ts';

const SERIES = 2_000;

/** Records on so many series of one metric, and returns their labels and how much memory they took. */
function record(length: number, kind: 'counter' | 'histogram') {
  const recorder = createRecorder({ cardinality: SERIES + 1 });
  const before = recorder.memory;
  const labels = Array.from({ length: SERIES }, (_, i) => ({ i, text: 'x'.repeat(length) }));
  for (const own of labels) {
    const key = makeKey('m', own);
    if (kind === 'counter') recorder.counter(key, {}).sink.increment(1);
    else recorder.histogram(key, {}).sink.record(1, 1);
  }
  return { recorder, labels, bytes: (recorder.memory - before) / SERIES };
}

test.each(['counter', 'histogram'] as const)(
  'labels take no memory of the recorder in its own thread: %s',
  (kind) => {
    const { recorder, labels, bytes } = record(200, kind);
    const none = record(0, kind);
    expect(bytes).toBe(none.bytes);
    expect(readAll(recorder.reader().collect()).map((read) => read.labels)).toEqual(labels);
  },
);

test('long labels do, so that it bounds them', () => {
  const { recorder, labels, bytes } = record(300, 'counter');
  expect(bytes).toBeGreaterThan(300);
  expect(readAll(recorder.reader().collect()).map((read) => read.labels)).toEqual(labels);
});
