import { counter, gauge, setGlobalRecorder } from '@ostinato/core';
import { createRecorder } from '../../src/recorder.ts';

test('the inventory counts exported series, and names metrics that have more than their limit', () => {
  const recorder = createRecorder({ cardinality: { perMetric: 3 } });
  const installation = setGlobalRecorder(recorder);
  const reader = recorder.reader();
  const read = () => {
    for (const run of reader.collect().chunks(10)) for (const _ of run);
  };
  expect(recorder.inventory()).toEqual({ series: 0, overflowing: [] });
  gauge('depth').set(1);
  for (let i = 0; i < 2; i++) counter('users', { id: i }).increment();
  // As of the last collection.
  expect(recorder.inventory()).toEqual({ series: 0, overflowing: [] });
  read();
  expect(recorder.inventory()).toEqual({ series: 3, overflowing: [] });
  for (let i = 0; i < 9; i++) counter('users', { id: i }).increment();
  read();
  // One of the three is the overflow series.
  expect(recorder.inventory()).toEqual({ series: 4, overflowing: ['users'] });
  installation.uninstall();
});
