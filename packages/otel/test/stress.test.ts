import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

test('everything at once, in a size that takes a few seconds', async () => {
  const program = join(__dirname, '../stress/everything.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program, '6000', '4']);
  expect(stdout).toMatch(/^ok .*every total is exact/m);
});
