import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { type Collector, silence, startCollector, success } from '@ostinato/testing';
import { idsOf } from './support/rig.ts';

const SCRIPT = join(__dirname, 'fixtures/processes/exporting.mjs');

let collector: Collector;
let directory: string;
const children: ChildProcessByStdio<null, Readable, null>[] = [];

beforeEach(async () => {
  collector = await startCollector();
  directory = mkdtempSync(join(tmpdir(), 'ostinato-process-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await collector.stop();
  rmSync(directory, { recursive: true });
});

interface RunOptions {
  /** The log's directory; `-` is none. */
  readonly log?: string;
  /** By default so long that a point is accepted when it was delivered, or its delivery failed. */
  readonly acceptMillis?: number;
}

/** A process that exports points `first` and on; gives the ids that were accepted, as they come. */
function run(
  first: number,
  count: number,
  then: string,
  { log = directory, acceptMillis = 600_000 }: RunOptions = {},
) {
  const child = spawn(
    process.execPath,
    [SCRIPT, collector.endpoint, log, String(first), String(count), then, String(acceptMillis)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  children.push(child);
  const accepted: string[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => accepted.push(line.replace('accepted ', '')));
  const ended = Promise.all([once(child, 'exit'), once(lines, 'close')]).then(([[code]]) => code);
  const until = async (number: number) => {
    while (accepted.length < number) await once(lines, 'line');
  };
  return { child, accepted, ended, until };
}

const received = () => collector.accepted.flatMap(({ bytes }) => idsOf(bytes));
const numbers = (first: number, count: number) => Array.from({ length: count }, (_, i) => String(first + i));

describe('a process of its own', () => {
  test('killed in an outage, it loses nothing whose export called back; restarted at once, it replays in order', async () => {
    const before = run(0, 3, 'stay');
    await before.until(3);
    before.child.kill('SIGKILL');
    await before.ended;

    collector.vanish();
    const victim = run(3, 1000, 'stay');
    await victim.until(20);
    victim.child.kill('SIGKILL');
    await victim.ended;
    const promised = victim.accepted;

    await collector.comeBack();
    const heir = run(5000, 2, 'stay');
    await heir.until(2);
    await collector.until(() => received().includes('5001'));
    const arrived = received();
    // At least what was promised, then the heir's, all in order and once: the victim had no request under way.
    expect(arrived).toEqual([...numbers(0, 3), ...arrived.slice(3, -2), '5000', '5001']);
    expect(arrived.slice(3, -2).slice(0, promised.length)).toEqual(promised);
    expect(arrived.slice(3, -2)).toEqual(numbers(3, arrived.length - 5));
  });

  test('killed while a collector is slow, it loses nothing whose export called back', async () => {
    collector.respond(silence());
    const victim = run(0, 1000, 'stay', { acceptMillis: 100 });
    await victim.until(5);
    victim.child.kill('SIGKILL');
    await victim.ended;
    collector.respond(success());
    const heir = run(5000, 1, 'stay');
    await heir.until(1);
    await collector.until(() => received().includes('5000'));
    expect(received()).toEqual(expect.arrayContaining(victim.accepted));
  });

  test('that exits leaves to the log what was only handed over', async () => {
    collector.respond(silence());
    const leaver = run(0, 3, 'exit', { acceptMillis: 100 });
    expect(await leaver.ended).toBe(0);
    collector.respond(success());
    const heir = run(5000, 1, 'stay');
    await heir.until(1);
    await collector.until(() => received().includes('5000'));
    expect(received()).toEqual([...numbers(0, 3), '5000']);
  });

  test.each([
    ['with a log, the collector there', '', false],
    ['with a log, in an outage', '', true],
    ['without a log, in an outage', '-', true],
  ])('ends by itself without shutdown: %s', async (_, log, outage) => {
    if (outage) collector.vanish();
    const one = run(0, 3, '', { log: log || directory, acceptMillis: 100 });
    expect(await one.ended).toBe(0);
    expect(one.accepted).toEqual(numbers(0, 3));
  });

  test('ends by itself after shutdown', async () => {
    const one = run(0, 3, 'shutdown');
    expect(await one.ended).toBe(0);
    expect(received()).toEqual(numbers(0, 3));
  });
});
