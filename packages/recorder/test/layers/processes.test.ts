import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = async (fixture: string) => {
  const file = join(__dirname, '../fixtures', fixture);
  return JSON.parse((await promisify(execFile)(process.execPath, [file])).stdout);
};

test('handles and layers of two copies of the packages follow a filter that is changed', async () => {
  const total = 2 * 2 * (1 + 100);
  expect(await run('layers-two-copies.mjs')).toEqual({
    differ: true,
    results: [
      ['shop.c', total],
      ['shop.c', total],
    ],
  });
});

test('worker threads, nested ones too, apply the layers and follow a filter that is changed', async () => {
  const labels = {
    region: 'eu',
    user: createHmac('sha256', 'secret').update('u').digest('hex').slice(0, 16),
  };
  expect(await run('layers-in-worker.mjs')).toEqual({
    read: [
      ['shop.early', labels, 4],
      ['shop.held', labels, 2_000],
      ['shop.level', labels, 1],
      ['shop.size', labels, [4, 2]],
    ],
    refusals: {},
    warnings: ['OSTINATO_LAYER_OF_ONE_THREAD'],
    aside: 0,
  });
});
