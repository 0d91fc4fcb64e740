import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/* The programs of stress/, with sizes that take a few seconds. Real workers need a process without jest's vm. */

const run = promisify(execFile);

test.each([
  ['conservation', ['600000'], 'every total is exact'],
  ['termination', ['12'], 'nothing done is missing'],
  ['short-lived', ['40'], 'totals are exact'],
  ['expiry', ['100000'], 'no sample on a wrong series and none lost'],
  ['cardinality', ['60000'], 'label sets on 1000 metrics: totals exact'],
  ['definitions', ['150'], 'each knew all that was there'],
  ['busy-worker', ['40'], 'while it loops for ever'],
])('%s', async (program, sizes, shown) => {
  const file = join(__dirname, '../stress', `${program}.mjs`);
  const { stdout } = await run(process.execPath, ['--expose-gc', file, ...sizes]);
  expect(stdout).toMatch(new RegExp(`^ok .*${shown}`, 'm'));
});
