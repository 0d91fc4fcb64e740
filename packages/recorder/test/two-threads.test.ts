import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

test('threads that claim slabs of their own are counted exactly, and read at any moment', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(__dirname, 'fixtures/two-threads.cjs'),
  ]);
  const { totals, added, collections, breaches, rounds } = JSON.parse(stdout);
  expect(breaches).toEqual([]);
  expect(totals).toEqual({
    counter: 2 * rounds,
    gauge: 2 * rounds,
    explicit: 2 * rounds,
    exponential: 2 * rounds,
  });
  expect(added).toEqual({ counter: 2 * rounds, explicit: 2 * rounds, exponential: 2 * rounds });
  expect(collections).toBeGreaterThan(1);
});
