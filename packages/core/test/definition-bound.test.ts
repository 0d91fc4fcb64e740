import { counter, defineHistogram, histogram, setGlobalRecorder } from '../src/index.ts';
import { sharedState } from '../src/state.ts';
import { TestRecorder } from './support/recorder.ts';

it('a definition beyond the ten thousandth is still known to its own handles', () => {
  for (let i = 0; i < 10_000; i++) counter(`name${i}`, { long: 'x'.repeat(5_000) });
  expect(sharedState().definitionCount).toBe(10_000);
  const recorder = new TestRecorder();
  const installation = setGlobalRecorder(recorder);
  let clock = 0;
  recorder.now = () => clock;

  const late = defineHistogram('late', { unit: 'ms', buckets: [1, 2] });
  expect(histogram('late')).toBe(late);
  const labelled = histogram('late', { a: 'b' }).startTimer();
  const timer = late.startTimer();
  clock += 1_500;
  expect([timer.stop(), labelled.stop()]).toEqual([1_500, 1_500]);
  expect(recorder.bound.map(({ meta }) => meta)).toEqual(Array(2).fill({ unit: 'ms', buckets: [1, 2] }));
  installation.uninstall();
});
