import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

test('ten minutes without a collector at 1,000 series: memory is bounded, and all arrives in order, delta and cumulative', async () => {
  const program = join(__dirname, '../stress/outage.mjs');
  const child = spawn(process.execPath, ['--expose-gc', program, '1000', '10']);
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out.match(/^ok .*120000 points/gm)?.length).toBe(2);
});
