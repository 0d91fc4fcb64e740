import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

test('callbacks of worker threads are called there: on a timer, and when the thread ends by itself', () => {
  const fixture = join(__dirname, 'fixtures', 'observing-workers.mjs');
  expect(JSON.parse(execFileSync(process.execPath, [fixture], { encoding: 'utf8' }))).toEqual({
    short: [0, 1],
    main: -1,
    goingOn: true,
    looping: 'never read',
    kept: 1,
    refusals: {},
  });
});
