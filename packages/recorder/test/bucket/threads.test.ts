import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

test('the stress program passes, small: producers and consumers that are killed, conservation, rings of the dead', async () => {
  const program = join(__dirname, '../../stress/atomic-bucket.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', program, '100000', '4']);
  expect(stdout.match(/^ok .*/gm)).toHaveLength(6);
});
