import { isFree, releaseLease, renewLease, writeLease } from '../../src/log/lease.ts';
import type { Processes, ProcessIdentity } from '../../src/log/processes.ts';
import { MemoryDisk } from './memory-disk.ts';

const NOW = Date.UTC(2030, 0, 1);
const owner: ProcessIdentity = { pid: 7, start: '1234', boot: 'b', namespace: 'pid:[1]', host: 'h' };
const other: ProcessIdentity = { ...owner, pid: 8 };

function seenBy(self: ProcessIdentity, ended: boolean): Processes {
  return { self, hasEnded: () => ended };
}

function withLease() {
  let now = NOW;
  const files = new MemoryDisk(() => now).view();
  files.makeDirectory('/owner');
  writeLease(files, '/owner', owner, NOW);
  const free = (processes: Processes, at: number) => isFree(files, '/owner', processes, at);
  return { files, free, setTime: (time: number) => (now = time) };
}

describe('a lease', () => {
  test.each([
    ['alive and just renewed', false, 0, false],
    ['alive and renewed a minute ago', false, 60_000, false],
    ['alive and not renewed for longer', false, 60_001, true],
    ['dead and just renewed', true, 0, true],
    ['alive, of a minute in the future', false, -60_000, false],
    ['alive, of a clock that was set back since', false, -3_600_000, true],
  ])('of a process that is %s', (_, ended, age, expected) => {
    expect(withLease().free(seenBy(other, ended), NOW + age)).toBe(expected);
  });

  test('is renewed', () => {
    const { files, free } = withLease();
    renewLease(files, '/owner', NOW + 60_000);
    expect(free(seenBy(other, false), NOW + 100_000)).toBe(false);
  });

  test('is never free for the process that holds it, until it is released', () => {
    const { files, free } = withLease();
    expect(free(seenBy(owner, true), NOW + 1e9)).toBe(false);
    releaseLease(files, '/owner');
    expect(free(seenBy(owner, false), NOW)).toBe(true);
    expect(free(seenBy(other, false), NOW)).toBe(true);
  });

  test.each([
    '',
    '{',
    'null',
    '[]',
    '{"pid":7}',
    '{"pid":"7","start":"1","boot":"b","namespace":"n","host":"h"}',
  ])('that says %p is free when it is old', (text) => {
    const { files, free } = withLease();
    files.remove('/owner/lease.json');
    const descriptor = files.create('/owner/lease.json');
    if (text) files.write(descriptor, Buffer.from(text), 0);
    expect(free(seenBy(other, true), NOW + 60_000)).toBe(false);
    expect(free(seenBy(other, true), NOW + 60_001)).toBe(true);
  });

  test('that is missing is free when its directory is old', () => {
    const { files, free } = withLease();
    files.remove('/owner/lease.json');
    expect(free(seenBy(other, true), NOW + 60_000)).toBe(false);
    expect(free(seenBy(other, true), NOW + 60_001)).toBe(true);
  });
});
