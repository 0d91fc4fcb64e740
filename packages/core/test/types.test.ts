import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

it('the built declarations accept what they should, and refuse exactly what they should', () => {
  const tsc = join(__dirname, '../../../node_modules/.bin/tsc');
  const { stdout, status } = spawnSync(tsc, ['-p', join(__dirname, 'types')], { encoding: 'utf8' });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});
