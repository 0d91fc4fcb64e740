import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { WeakList } from '../../src/read/weak-list.ts';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

test('a reader for each request left something behind for ever where nothing expires', async () => {
  const list = new WeakList<object>();
  const kept = [{ at: 0 }, { at: 1 }];
  for (const item of kept) list.add(item);
  for (let round = 0; round < 30; round++) {
    for (let i = 0; i < 100; i++) list.add({});
    // What was looked at in a turn is kept until it ends.
    await turn();
    gc();
  }
  expect(list.size).toBeLessThan(1_000);
  // A collection that had begun before the last ones were made leaves them to the next.
  for (let more = 0; more < 20 && list.active().length > kept.length; more++) {
    await turn();
    gc();
  }
  expect(list.active()).toEqual(kept);
  expect(list.size).toBe(2);
});
