import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

test('what a worker left is taken over while nobody reads and the event loop has nothing to do', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(__dirname, 'fixtures/idle-main.cjs')]);
  const { claimed, most } = JSON.parse(stdout);
  expect(most).toBeGreaterThan(claimed);
});
