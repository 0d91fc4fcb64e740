import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { defaultDirectory, fileName } from '../../src/log/directory.ts';
import { nodeFiles } from '../../src/log/files.ts';
import { openLog } from '../../src/log/open.ts';
import { drainAdopted, plainCodec, unit, units } from './world.ts';

let base: string;
let directory: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'ostinato-'));
  directory = join(base, 'state', 'log');
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const isRoot = process.geteuid?.() === 0;

function open() {
  return openLog({ directory, codec: plainCodec });
}

/** Leaves a log with units 1 to 3 of a process that closed it; the path of its segment. */
function leave(): string {
  const log = open();
  expect(log.line('shop').append(units(1, 3)).stored).toBe(true);
  log.close();
  return join(
    directory,
    readdirSync(directory, { recursive: true })
      .map(String)
      .find((path) => path.endsWith('.jsonl'))!,
  );
}

describe('on a real file system', () => {
  test('directories are 0700 and files 0600, whatever the umask, and are made when first needed', async () => {
    const before = process.umask(0);
    try {
      const log = open();
      expect(readdirSync(base)).toEqual([]);
      log.line('shop').append(units(1, 2));
      await log.line('shop').peek();
      log.line('shop').acknowledge();
      const modes = readdirSync(base, { recursive: true, withFileTypes: true }).map((entry) => {
        const mode = statSync(join(entry.parentPath, entry.name)).mode & 0o777;
        return [entry.isDirectory(), mode.toString(8)];
      });
      expect(modes.length).toBe(7);
      expect(modes.every(([isDirectory, mode]) => mode === (isDirectory ? '700' : '600'))).toBe(true);
      log.close();
    } finally {
      process.umask(before);
    }
  });

  test('all comes back after a restart, and a durable append is told to be so', async () => {
    const log = open();
    const result = log.line('shop').append(units(1, 3));
    expect(result.stored && (await result.durable)).toBeUndefined();
    expect(log.line('shop').appendSync([unit(4)]).stored).toBe(true);
    log.close();
    const next = open();
    expect(await drainAdopted(next)).toEqual([1, 2, 3, 4]);
    next.close();
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('the status of a path', () => {
  test('is undefined if there is nothing, also below a file', () => {
    writeFileSync(join(base, 'file'), '');
    expect(nodeFiles.status(join(base, 'nothing', 'below'))).toBeUndefined();
    expect(nodeFiles.status(join(base, 'file', 'below'))).toBeUndefined();
    expect(nodeFiles.status(join(base, 'file'))).toMatchObject({ kind: 'file', size: 0 });
  });
});

describe('a directory that cannot be trusted', () => {
  const refused = (what: RegExp) =>
    expect(open).toThrow(
      expect.objectContaining({ code: 'OSTINATO_LOG_DIRECTORY', message: expect.stringMatching(what) }),
    );

  test('is refused at set-up if it is a symbolic link, also to a good directory', () => {
    mkdirSync(join(base, 'state'));
    mkdirSync(join(base, 'good'), { mode: 0o700 });
    symlinkSync(join(base, 'good'), directory);
    refused(/fallback\.directory: .*state\/log is a symbolic link/);
  });

  test('is refused if it is a file', () => {
    mkdirSync(dirname(directory), { recursive: true });
    writeFileSync(directory, '');
    refused(/is not a directory/);
  });

  test('is refused if it would be below a file', () => {
    writeFileSync(join(base, 'state'), '');
    directory = join(base, 'state', 'a', 'log');
    refused(/state\/a\/log cannot be made: .*\/state is not a directory/);
  });

  if (process.platform === 'linux') {
    test('that cannot be made below its parent is given up, not tried for ever', () => {
      expect(() => nodeFiles.makeDirectories('/proc/ostinato/log')).toThrow(/ENOENT/);
    });
  }

  test.each([0o770, 0o702, 0o1777])('is refused if others may write to it (%p)', (mode) => {
    mkdirSync(directory, { recursive: true });
    chmodSync(directory, mode);
    refused(/can be written by others \(mode \d{4}\); make it 0700/);
  });

  if (isRoot) {
    test('is refused if it belongs to another user', () => {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      chownSync(directory, 12_345, 12_345);
      refused(/belongs to user 12345/);
    });
  }

  test('is not written to or adopted from when it becomes so later', async () => {
    leave();
    const [log, other] = [open(), open()];
    renameSync(directory, `${directory}2`);
    symlinkSync(`${directory}2`, directory);
    expect(log.line('shop').append([unit(4)])).toMatchObject({
      stored: false,
      degraded: { code: 'OSTINATO_LOG_DIRECTORY', message: expect.stringContaining('symbolic link') },
    });
    expect(await other.adopt()).toEqual([]);
    rmSync(directory);
    renameSync(`${directory}2`, directory);
    expect(log.line('shop').append([unit(4)]).stored).toBe(true);
    expect(await drainAdopted(other)).toEqual([1, 2, 3]);
    log.close();
    other.close();
  });

  test('is not tidied up either', async () => {
    const idle = join(`${directory}2`, '00000000-0000-4000-8000-000000000000');
    mkdirSync(idle, { recursive: true });
    writeFileSync(join(idle, 'released.json'), '');
    const log = open();
    symlinkSync(`${directory}2`, directory);
    expect(await log.adopt()).toEqual([]);
    expect(readdirSync(idle)).toEqual(['released.json']);
    log.close();
  });
});

describe('somebody who plants things in the log', () => {
  test('cannot have a segment read through a symbolic link', async () => {
    const segment = leave();
    const secret = join(base, 'secret');
    renameSync(segment, secret);
    symlinkSync(secret, segment);
    const log = open();
    expect(await drainAdopted(log)).toEqual([]);
    log.close();
    expect(readFileSync(secret, 'utf8')).toContain('"points":3');
  });

  test('cannot have a lock-up on a pipe, or an owner or line that is a link', async () => {
    const segment = leave();
    const line = dirname(segment);
    execFileSync('mkfifo', [join(line, '00000002.jsonl'), join(line, 'cursor')]);
    symlinkSync(line, join(dirname(line), '00000000-0000-4000-8000-000000000000'));
    symlinkSync(dirname(line), join(directory, '00000000-0000-4000-8000-000000000001'));
    const log = open();
    expect(await drainAdopted(log)).toEqual([1, 2, 3]);
    log.close();
  });

  test('cannot have the cursor written through a link', async () => {
    const segment = leave();
    const target = join(base, 'target');
    writeFileSync(target, 'precious');
    symlinkSync(target, join(dirname(segment), 'cursor'));
    const log = open();
    for (const line of await log.adopt()) {
      await line.peek();
      line.acknowledge();
    }
    log.close();
    expect(readFileSync(target, 'utf8')).toBe('precious');
  });
});

describe('the directory of a service', () => {
  test.each([
    [{ XDG_STATE_HOME: '/state' }, '/state/ostinato/shop'],
    [{}, join(homedir(), '.local/state/ostinato/shop')],
    [{ XDG_STATE_HOME: '' }, join(homedir(), '.local/state/ostinato/shop')],
    [{ XDG_STATE_HOME: 'relative' }, join(homedir(), '.local/state/ostinato/shop')],
  ])('with %p is %s', (environment, expected) => {
    expect(defaultDirectory('shop', environment)).toBe(expected);
  });

  test.each([
    ['shop-1.2_x', 'shop-1.2_x'],
    ['..', '~002E.'],
    ['.', '~002E'],
    ['', '~'],
    ['a/b', 'a~002Fb'],
    ['../../etc', '~002E.~002F..~002Fetc'],
    ['é~', '~00E9~007E'],
  ])('named %p is %p', (name, expected) => {
    expect(fileName(name)).toBe(expected);
  });

  test('is one harmless name of at most 100 characters, different for different names', () => {
    const name = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.string({ unit: 'grapheme', maxLength: 300 }),
    );
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(fileName(a)).toMatch(/^[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,99}$/);
        expect(fileName(a) === fileName(b)).toBe(a === b);
      }),
    );
    const long = 'x'.repeat(200);
    expect(fileName(`${long}1`)).not.toBe(fileName(`${long}2`));
  });
});
