import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

test('exemplars that another thread writes are read whole, once, and the last of them arrives', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(__dirname, 'fixtures/exemplar-threads.cjs'),
  ]);
  const { taken, torn, twice, last, writes } = JSON.parse(stdout);
  expect(torn).toEqual([]);
  expect(twice).toEqual([]);
  expect(last).toBe(writes);
  expect(taken).toBeGreaterThan(1);
});
