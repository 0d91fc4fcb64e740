import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

test('a worker thread that imports ostinato/worker records into the recorder of its starter', async () => {
  const fixtures = join(__dirname, 'fixtures');
  const { stdout } = await promisify(execFile)(process.execPath, ['workers.mjs'], { cwd: fixtures });
  const { said, counted, refusals, memory } = JSON.parse(stdout);
  expect(said).toEqual({
    'the main thread': 'nothing published',
    'a worker before a recorder is installed': 'nothing published',
    'an ES module': 'attached',
    CommonJS: 'attached',
    'handles that were made before': 'attached',
    'both copies in one worker': ['attached', 'has a recorder'],
    'a worker of a worker': 'attached',
    'a recorder of its own': 'has a recorder',
    'reading in a worker': 'OSTINATO_NOT_THE_READER',
    'another version': 'other version',
    'a worker after the recorder was taken out': 'nothing published',
  });
  expect(counted).toEqual({ main: 1, esm: 1, cjs: 1, early: 1, both: 2, imported: 1, grandchild: 1 });
  expect(refusals).toEqual({ negative: 1 });
  // The head and the main thread's slab.
  expect(memory).toBe(2 * 65_536);
});

test('a span of a worker thread is the exemplar of what was recorded there, for every reader once', async () => {
  const fixtures = join(__dirname, 'fixtures');
  const { stdout } = await promisify(execFile)(process.execPath, ['spans-in-workers.mjs'], { cwd: fixtures });
  const { spans, delta, cumulative, again } = JSON.parse(stdout);
  const expected = {
    orders: [{ value: 2, ...spans.orders }],
    latency: [
      { value: 0.05, ...spans.fast },
      { value: 5, ...spans.slow },
    ],
    size: [{ value: 7, ...spans.size }],
    depth: [],
    outside: [],
  };
  expect(spans.orders.traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(delta).toEqual(expected);
  expect(cumulative).toEqual(expected);
  expect(again).toEqual({ orders: [], latency: [], size: [], depth: [], outside: [] });
});

test('labels of the context, and those of spans that start() was told of, are there in worker threads', async () => {
  const fixtures = join(__dirname, 'fixtures');
  const { stdout } = await promisify(execFile)(process.execPath, ['labels-in-workers.mjs'], {
    cwd: fixtures,
  });
  expect(JSON.parse(stdout)).toEqual({ '': 1, span: 2, with: 4 });
});
