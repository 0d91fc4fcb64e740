import { counter } from '../src/index.ts';
import { sharedState } from '../src/state.ts';

it('label sets of thousands of characters do not take more room than ten thousand common ones', () => {
  const { cache } = sharedState();
  const value = 'x'.repeat(3_000);
  for (let i = 0; i < 2_000; i++) counter('wordy', { value: `${value}${i}` });
  expect(cache.entries).toBeLessThan(1_000);
  expect(cache.weight).toBeLessThanOrEqual(10_000 * 256);
  expect(counter('wordy', { value: `${value}0` })).toBe(counter('wordy', { value: `${value}0` }));
  expect(counter('wordy', { value: `${value}1999` })).not.toBe(counter('wordy', { value: `${value}1999` }));
});
