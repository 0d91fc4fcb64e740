import { Arena, allocateArena } from '../../src/arena/arena.ts';
import { THREAD_ROWS } from '../../src/arena/layout.ts';
import { ThreadTable } from '../../src/arena/thread-table.ts';

function makeTable(): ThreadTable {
  return new ThreadTable(new Arena(allocateArena(1024 * 1024)));
}

test('each thread has a row of its own, from 1 on, until the table is full', () => {
  const table = makeTable();
  for (let row = 1; row < THREAD_ROWS; row++) expect(table.claim(row + 5, 0)).toBe(row);
  expect(table.claim(5, 0)).toBeUndefined();
  table.free(7);
  expect(table.claim(5, 0)).toBe(7);
});

test('a thread that is marked is dead, and so is every thread that descends from it', () => {
  const table = makeTable();
  // The rows are 1 to 6; a child may have a lower row than its parent.
  table.claim(0, 0);
  table.claim(13, 4);
  table.claim(12, 1);
  table.claim(11, 1);
  table.claim(14, 2);
  table.claim(15, 3);
  expect([...table.dead()]).toEqual([]);
  table.markDead(11);
  table.markDead(99);
  expect([...table.dead()].sort()).toEqual([2, 4, 5]);
  for (const row of table.dead()) table.free(row);
  expect([...table.dead()]).toEqual([]);
});

test('a row that was freed is that of the next thread, which is alive', () => {
  const table = makeTable();
  table.claim(0, 0);
  table.claim(1, 1);
  table.markDead(1);
  table.free(2);
  table.markDead(1);
  expect(table.claim(2, 1)).toBe(2);
  expect([...table.dead()]).toEqual([]);
});

test('a number as large as Node.js may give is told apart', () => {
  const table = makeTable();
  table.claim(2 ** 31 - 2, 0);
  table.claim(2 ** 31 - 3, THREAD_ROWS - 1);
  table.markDead(2 ** 31 - 2);
  expect([...table.dead()]).toEqual([1]);
});
