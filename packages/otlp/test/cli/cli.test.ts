import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import { type Collector, silence, startCollector, status, success } from '@ostinato/testing';
import { headerLine } from '../../src/log/format.ts';
import { openLog } from '../../src/log/open.ts';
import { samplesOf, sumUnit } from '../log/otlp-units.ts';

const BIN = join(__dirname, '../../bin/ostinato-otlp.js');
const EXPORTING = join(__dirname, '../fixtures/processes/exporting.mjs');

let base: string;
let directory: string;
let collector: Collector | undefined;
let child: ChildProcess | undefined;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'ostinato-cli-'));
  directory = join(base, 'log');
});
afterEach(async () => {
  child?.kill('SIGKILL');
  child = undefined;
  await collector?.stop();
  collector = undefined;
  rmSync(base, { recursive: true });
});

async function cli(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const process_ = spawn(process.execPath, [BIN, ...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err, [code]] = await Promise.all([
    text(process_.stdout),
    text(process_.stderr),
    once(process_, 'close'),
  ]);
  return { out, err, code };
}

const log = (command: string, ...args: string[]) => cli(['log', command, directory, ...args]);

/** Leaves cumulative points at these times, as a process does that ended; gives the path of the segment. */
function leave(...times: number[]): string {
  const opened = openLog({ directory });
  for (const time of times) {
    const unit = sumUnit([{ series: 'a\u001b[31m', time: time * 1e9, value: time }]);
    expect(opened.line('shop').append([unit]).stored).toBe(true);
  }
  opened.close();
  return segments()[0]!;
}

function segments(): string[] {
  return readdirSync(directory, { recursive: true })
    .map((path) => join(directory, String(path)))
    .filter((path) => /\d{8}\.jsonl$/.test(path));
}

/** A process that is alive and has a log of three points; its output ends with it. */
async function live(): Promise<ChildProcess> {
  child = spawn(process.execPath, [EXPORTING, 'http://127.0.0.1:1', directory, '0', '3', 'stay', '100'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let told = '';
  while (!told.includes('accepted 2')) told += String((await once(child.stdout!, 'data'))[0]);
  return child;
}

const receivedTimes = () =>
  collector?.accepted.flatMap(({ bytes }) =>
    samplesOf({ bytes, points: 0, resource: '' }).map(({ time }) => Math.round(time / 1e9)),
  );

describe('the command line', () => {
  test.each([
    [[], 2, /^Reads and delivers the fallback log/],
    [['--help'], 0, /usage: npx @ostinato\/otlp log COMMAND DIR/],
    [['log', 'show', '-h'], 0, /--rejected/],
    [['logs'], 2, /there is no command logs; there is: log/],
    [['log'], 2, /needs one of: ls, show, verify, replay/],
    [['log', 'constructor', '.'], 2, /there is no log constructor; there are: ls, show/],
    [['log', 'ls'], 2, /log ls needs one DIR/],
    [['log', 'ls', 'a', 'b'], 2, /got 2/],
    [
      ['log', 'show', '.', '--lmit', '3'],
      2,
      /Unknown option '--lmit'; allowed are: --json, --rejected, --line, --limit/,
    ],
    [['log', 'show', '.', '--limit', 'all'], 2, /--limit must be a number from 1, got 'all'/],
    [['log', 'replay', '.', '--header', 'x'], 2, /--header must be NAME=VALUE/],
    [
      ['log', 'replay', '.', '--endpoint', 'ftp://x'],
      2,
      /endpoint must be http:\/\/host:4317, .*, got 'ftp:\/\/x'/,
    ],
    [
      ['log', 'replay', '.', '--timeout', '-1'],
      2,
      /^log replay: Option '--timeout' argument is ambiguous; allowed are: --rejected/,
    ],
    [['log', 'replay', '.', '--compression', 'zip'], 2, /compression must be one of/],
    [['log', 'ls', '/no/such'], 2, /there is no directory \/no\/such/],
  ])('%j', async (args, expected, says) => {
    const { out, err, code } = await cli(args);
    expect(code).toBe(expected);
    expect(out + err).toMatch(says);
  });

  test('names the logs in a directory that is none', async () => {
    leave(1);
    const { err, code } = await cli(['log', 'ls', base]);
    expect([code, err]).toEqual([2, expect.stringContaining(`there are logs in it: ${directory}`)]);
  });

  test('says of a directory with other things that it is no log', async () => {
    mkdirSync(join(directory, 'src'), { recursive: true });
    for (const command of ['ls', 'show', 'verify', 'replay']) {
      expect(await cli(['log', command, directory])).toMatchObject({
        code: 2,
        err: expect.stringContaining(`${directory} is no log: there is src in it`),
      });
    }
  });

  test('has nothing to say of an empty directory', async () => {
    mkdirSync(directory, { mode: 0o700 });
    expect(await log('ls')).toEqual({ out: 'nothing waits\n', err: '', code: 0 });
    expect((await log('replay')).out).toBe('nothing to deliver\n');
    expect((await log('verify')).code).toBe(0);
  });

  test('ends quietly when nobody reads on', async () => {
    leave(...Array.from({ length: 3000 }, (_, i) => i + 1));
    const reader = spawn('sh', ['-c', `"${process.execPath}" "${BIN}" log show "${directory}" | head -1`], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [out, err] = await Promise.all([text(reader.stdout), text(reader.stderr)]);
    expect([out.split('\n').length, err]).toEqual([2, '']);
  });
});

describe('ls', () => {
  test('says what waits, for people and for programs', async () => {
    leave(1_800_000_000, 1_800_000_010);
    expect((await log('ls')).out).toMatch(
      /^a process that ended well\n {2}[0-9a-f]{8} {2}shop: 2 requests, 2 points, [\d.]+ k?B in 1 segment, 2027-01-15 08:00:00Z to 2027-01-15 08:00:10Z\n$/,
    );
    const { owners, rejected } = JSON.parse((await log('ls', '--json')).out);
    const line = {
      service: 'shop',
      requests: 2,
      points: 2,
      oldest: 1_800_000_000_000,
      newest: 1_800_000_010_000,
    };
    expect(owners[0]).toMatchObject({ isLive: false, lines: [line] });
    expect(rejected).toEqual({ files: 0, bytes: 0 });
  });

  test('says whose a live log is', async () => {
    const { pid } = await live();
    expect((await log('ls')).out).toMatch(new RegExp(`^process ${pid} on \\S+, alive \\d+ s ago\\n`));
  });
});

describe('show', () => {
  test('shows what waits, and lets no name speak to the terminal', async () => {
    leave(1_800_000_000);
    expect((await log('show')).out).toBe(
      '2027-01-15 08:00:00Z  shop: 1 point\n  n{series="a [31m"} = 1800000000  (cumulative sum, test)\n',
    );
  });

  test('with --json gives the lines, which OTLP tools read; as many as wanted, of the line that is wanted', async () => {
    leave(1, 2, 3);
    const { out } = await log('show', '--json', '--limit', '2');
    const lines = out.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).resourceMetrics.length)).toEqual([1, 1]);
    const id = segments()[0]!.split('/').at(-2)!;
    expect((await log('show', '--line', id.slice(0, 5))).out.match(/1 point/g)?.length).toBe(3);
    expect(await log('show', '--line', 'x')).toEqual({
      out: '',
      err: "no line begins with 'x': log ls says which there are\n(--help says more)\n",
      code: 2,
    });
  });

  test('begins where delivery is', async () => {
    leave(1, 2, 3);
    const opened = openLog({ directory });
    const [line] = await opened.adopt();
    await line!.peek();
    line!.acknowledge();
    opened.close();
    expect((await log('show')).out).not.toContain('= 1 ');
    expect((await log('show')).out).toContain('= 2 ');
  });

  test('says that something cannot be read', async () => {
    const path = leave(1, 2, 3);
    writeFileSync(path, readFileSync(path, 'latin1').replace('"asDouble":2', '"asDouble":5'), 'latin1');
    const { out, err, code } = await log('show');
    expect([out.match(/1 point/g)?.length, err, code]).toEqual([2, '1 line cannot be read: see verify\n', 1]);
  });
});

describe('verify', () => {
  test('finds nothing wrong with a log that is well', async () => {
    leave(1, 2, 3);
    expect(await log('verify')).toEqual({
      out: '3 requests (3 points) in 1 line: all well\n',
      err: '',
      code: 0,
    });
    await live();
    expect((await log('verify')).code).toBe(0);
  });

  test.each<[string, (path: string) => void, RegExp]>([
    [
      'a changed byte',
      (path) =>
        writeFileSync(path, readFileSync(path, 'latin1').replace('"asDouble":2', '"asDouble":5'), 'latin1'),
      /wrong: .*00000001\.jsonl: bytes \d+ to \d+ do not match their checksum/,
    ],
    [
      'a segment of another line',
      (path) => writeFileSync(path.replace('0001.jsonl', '0002.jsonl'), readFileSync(path)),
      /00000002\.jsonl is segment 1 of line/,
    ],
    [
      'a cursor within a line',
      (path) => {
        const fields = ['1', '1', '7'].map((field) => field.padStart(14, '0')).join(' ');
        const crc = crc32(`${fields} `).toString(16).padStart(8, '0');
        writeFileSync(join(path, '../cursor'), `${fields} ${crc}\n`);
      },
      /the cursor stands within a line, at 7 of 00000001\.jsonl/,
    ],
    ['a damaged cursor', (path) => writeFileSync(join(path, '../cursor'), 'x'), /the cursor cannot be read/],
    [
      'an empty segment that is packed',
      (path) => writeFileSync(path.replace('0001.jsonl', '0002.jsonl.gz'), 'x'),
      /cannot be read to its end \(Z_/,
    ],
    [
      'no header',
      (path) => writeFileSync(path, readFileSync(path, 'utf8').replace(/^.*\n/, '')),
      /has no header/,
    ],
  ])('exits with 1 for %s', async (_, damage, says) => {
    damage(leave(1, 2, 3));
    const { out, code } = await log('verify');
    expect(out).toMatch(says);
    expect(code).toBe(1);
    expect(JSON.parse((await log('verify', '--json')).out).wrong.length).toBeGreaterThan(0);
  });

  test('takes a torn end for what it is', async () => {
    const path = leave(1, 2, 3);
    writeFileSync(path, readFileSync(path).subarray(0, -20));
    const { out, code } = await log('verify');
    expect(out).toMatch(/^note: .* has a torn end of \d+ bytes, which nobody was told is safe\n2 requests/);
    expect(code).toBe(0);
  });

  test('changes nothing, whatever it finds', async () => {
    const path = leave(1, 2, 3);
    writeFileSync(join(path, '../00000002.jsonl.gz.tmp'), 'x');
    const before = readdirSync(directory, { recursive: true });
    for (const command of ['ls', 'show', 'verify']) await log(command);
    expect(readdirSync(directory, { recursive: true })).toEqual(before);
  });
});

describe('replay', () => {
  test('delivers in order what ended processes left, once, and leaves nothing', async () => {
    collector = await startCollector();
    leave(1, 2, 3);
    leave(4, 5);
    const { out, code } = await log('replay', '--endpoint', collector.endpoint);
    expect([out, code]).toEqual(['5 points delivered\n', 0]);
    expect(receivedTimes()).toEqual([1, 2, 3, 4, 5]);
    expect(readdirSync(directory)).toEqual([]);
  });

  test('takes the endpoint and headers from the environment, as the exporter does', async () => {
    collector = await startCollector();
    leave(1);
    const { code } = await cli(['log', 'replay', directory, '--header', 'x-a=1'], {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    });
    expect(code).toBe(0);
    expect(collector.requests[0]!.metadata['x-a']).toBe('1');
  });

  test('leaves old data and a log that is larger than the bounds as they are: it delivers all', async () => {
    collector = await startCollector();
    const path = leave(1, 2);
    const day = new Date(Date.now() - 3 * 86_400_000);
    utimesSync(path, day, day);
    expect((await log('replay', '--endpoint', collector.endpoint)).out).toBe('2 points delivered\n');
  });

  test('never touches the log of a live process, and says whose it is', async () => {
    collector = await startCollector();
    const { pid } = await live();
    leave(7);
    const { out, err, code } = await log('replay', '--endpoint', collector.endpoint);
    expect(err).toMatch(new RegExp(`left alone: 3 requests \\(3 points\\) of process ${pid} on`));
    expect([out, code]).toEqual(['1 point delivered\n', 0]);
    expect(receivedTimes()).toEqual([7]);
    expect((await log('ls')).out).toContain('3 points');
  });

  test('leaves in the log what nobody takes, and says so', async () => {
    leave(1, 2);
    const { out, err, code } = await log('replay', '--endpoint', 'http://127.0.0.1:1', '--give-up', '0');
    expect([out, code]).toEqual(['0 points delivered, 2 left in the log\n', 1]);
    expect(err).toMatch(/giving up/);
    expect((await log('verify')).out).toBe('2 requests (2 points) in 1 line: all well\n');
  });

  test('keeps what is refused, shows it, and delivers it with --rejected when it is taken', async () => {
    collector = await startCollector();
    leave(1, 2, 3);
    collector.respondOnce(
      status('INVALID_ARGUMENT', { details: 'bad \u001b[31m point' }),
      status('INVALID_ARGUMENT'),
    );
    const first = await log('replay', '--endpoint', collector.endpoint);
    expect([first.out, first.code]).toEqual(['1 point delivered, 2 refused for good\n', 1]);
    expect(first.err).toContain(`kept in ${directory}/rejected`);
    expect((await log('ls')).out).toMatch(/^nothing waits\nrejected: 1 file, /);
    expect((await log('show', '--rejected')).out).toMatch(
      /shop: 1 point\n {2}refused .*INVALID_ARGUMENT: bad {2}\[31m point/,
    );
    expect((await log('verify')).out).toBe('2 requests (2 points) in 0 lines: all well\n');
    const second = await log('replay', '--rejected', '--endpoint', collector.endpoint);
    expect([second.out, second.code]).toEqual(['2 points delivered\n', 0]);
    expect(receivedTimes()).toEqual([3, 1, 2]);
    expect(readdirSync(join(directory, 'rejected'))).toEqual([]);
  });

  test.each(['SIGKILL', 'SIGINT'] as const)(
    'that gets %s leaves the rest in the log, for the next',
    async (signal) => {
      collector = await startCollector();
      leave(1, 2, 3, 4);
      collector.respondOnce(success(), success());
      collector.respond(silence());
      const args = ['log', 'replay', directory, '--endpoint', collector.endpoint];
      child = spawn(process.execPath, [BIN, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
      const out = text(child.stdout!);
      await collector.until(({ requests }) => requests.length >= 3);
      child.kill(signal);
      const [code] = await once(child, 'close');
      expect([code, await out]).toEqual(
        signal === 'SIGINT' ? [1, '2 points delivered, 2 left in the log\n'] : [null, ''],
      );
      collector.respond(success());
      expect((await log('replay', '--endpoint', collector.endpoint)).out).toBe('2 points delivered\n');
      expect(receivedTimes()).toEqual([1, 2, 3, 4]);
      expect(readdirSync(directory)).toEqual([]);
    },
  );

  test('says that it cannot take over what a newer version wrote', async () => {
    collector = await startCollector();
    const path = leave(1);
    const header = headerLine({ version: 2, created: 0, line: 'x', number: 1, resource: 'shop' });
    writeFileSync(path, header);
    const { out, err, code } = await log('replay', '--endpoint', collector.endpoint);
    expect([out, err, code]).toEqual([
      '0 points delivered\n',
      expect.stringMatching(/^left: 1 line that/),
      1,
    ]);
    expect(readFileSync(path)).toEqual(Buffer.from(header));
    expect((await log('verify')).out).toMatch(/is of a newer version \(2\): not checked/);
  });

  test('is refused in a directory that others may write to', async () => {
    leave(1);
    chmodSync(directory, 0o777);
    const { err, code } = await log('replay');
    expect([code, err]).toEqual([2, expect.stringContaining('can be written by others')]);
  });
});
