import { Cursor } from '../../src/log/cursor.ts';
import { MemoryDisk, systemError } from './memory-disk.ts';

function diskWithLine() {
  const disk = new MemoryDisk();
  const files = disk.view();
  files.makeDirectory('/line');
  return { disk, files };
}

describe('a cursor', () => {
  test('is at the beginning when there is none', () => {
    const { files } = diskWithLine();
    expect(new Cursor(files, '/line').read()).toEqual({ segment: 0, offset: 0 });
  });

  test('is where it was moved to last, and goes on from there in the next process', () => {
    const { files } = diskWithLine();
    for (let round = 0; round < 3; round++) {
      const cursor = new Cursor(files, '/line');
      cursor.read();
      for (let step = 1; step <= 5; step++) cursor.move({ segment: round + 1, offset: step * 1_000_000_007 });
      cursor.close();
      expect(new Cursor(files, '/line').read()).toEqual({ segment: round + 1, offset: 5_000_000_035 });
    }
    expect(files.openDescriptors).toBe(0);
  });

  test.each([1, 2])(
    'falls back to the slot before when the last of %i moves and one is torn at any byte',
    (moves) => {
      const { disk, files } = diskWithLine();
      const cursor = new Cursor(files, '/line');
      for (let move = 1; move <= moves; move++) cursor.move({ segment: 1, offset: move });
      const before = Buffer.from(disk.files().get('/line/cursor')!);
      cursor.move({ segment: 1, offset: moves + 1 });
      const after = Buffer.from(disk.files().get('/line/cursor')!);
      const changed = [...after.keys()].filter((at) => after[at] !== before[at]);
      for (const torn of changed.slice(0, -1)) {
        const file = disk.node('/line/cursor');
        if (file?.kind !== 'file') throw new Error('no cursor');
        file.bytes = Buffer.concat([after.subarray(0, torn + 1), before.subarray(torn + 1)]);
        expect(new Cursor(files, '/line').read()).toEqual({ segment: 1, offset: moves });
      }
    },
  );

  test('is not taken from garbage', () => {
    const { files } = diskWithLine();
    const descriptor = files.create('/line/cursor');
    files.write(descriptor, Buffer.from('00000000000009 00000000000009 00000000000009 00000000\n'), 0);
    expect(new Cursor(files, '/line').read()).toEqual({ segment: 0, offset: 0 });
  });

  test('that cannot be written stays where it was', () => {
    const { files } = diskWithLine();
    const cursor = new Cursor(files, '/line');
    cursor.move({ segment: 1, offset: 1 });
    files.before = (call) => {
      if (call === 'write') throw systemError('ENOSPC');
    };
    cursor.move({ segment: 1, offset: 2 });
    expect(new Cursor(files, '/line').read()).toEqual({ segment: 1, offset: 1 });
  });
});
