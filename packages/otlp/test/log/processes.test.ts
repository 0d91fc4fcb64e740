import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openLog } from '../../src/log/open.ts';
import { systemProcesses } from '../../src/log/processes.ts';
import { drain, drainAdopted, plainCodec, unit } from './world.ts';

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'ostinato-'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

/** A child that uses the log, and what it told. */
class Child {
  readonly process: ChildProcess;
  readonly told: [what: string, number: number][] = [];
  readonly #ended: Promise<unknown>;
  #waiting: (() => void) | undefined;

  constructor(task: 'append' | 'adopt', directory: string, first = 1) {
    this.process = spawn(process.execPath, [join(__dirname, 'process.cjs'), task, directory, String(first)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: this.process.stdout! });
    lines.on('line', (line) => {
      const [what, number] = line.split(' ');
      this.told.push([what!, Number(number)]);
      this.#waiting?.();
    });
    this.#ended = Promise.all([once(lines, 'close'), once(this.process, 'exit')]);
  }

  /** Until it told so many things. */
  async until(count: number): Promise<void> {
    while (this.told.length < count) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }

  numbers(what: string): number[] {
    return this.told.filter(([one]) => one === what).map(([, number]) => number);
  }

  async end(signal?: 'SIGKILL'): Promise<void> {
    if (signal) this.process.kill(signal);
    await this.#ended;
  }
}

function openHere(directory = join(base, 'log')) {
  return openLog({ directory, codec: plainCodec });
}

describe('processes that are killed with SIGKILL while they append, one after the other', () => {
  test('lose nothing that was stored', async () => {
    const stored: number[] = [];
    const delivered: number[] = [];
    let packed = 0;
    for (let life = 0; life < 6; life++) {
      const child = new Child('append', join(base, 'log'), life * 1_000_000 + 1);
      await child.until([1, 50, 500, 1000, 337, 2000][life]!);
      await child.end('SIGKILL');
      stored.push(...child.numbers('stored'));
      delivered.push(...child.numbers('delivered'));
      const left = readdirSync(join(base, 'log'), { recursive: true }).map(String);
      packed += left.filter((path) => path.endsWith('.jsonl.gz')).length;
    }
    expect(packed).toBeGreaterThan(0);
    const log = openHere();
    for (const line of await log.adopt()) {
      const numbers = await drain(line);
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      delivered.push(...numbers);
    }
    log.close();
    const found = new Set(delivered);
    expect(stored.length).toBeGreaterThan(1000);
    expect(stored.filter((number) => !found.has(number))).toEqual([]);
    // A line is told to be delivered just before its acknowledgement.
    expect(delivered.length - found.size).toBeLessThanOrEqual(6 * 6);
    expect(readdirSync(join(base, 'log'))).toEqual([]);
  });
});

describe('processes that adopt at the same time', () => {
  test('get each line once between them', async () => {
    for (let number = 1; number <= 60; number++) {
      const log = openHere();
      expect(log.line('shop').append([unit(number)]).stored).toBe(true);
      log.close();
    }
    const children = [1, 2, 3].map(() => new Child('adopt', join(base, 'log')));
    await Promise.all(children.map((child) => child.until(1)));
    for (const child of children) child.process.stdin!.write('go\n');
    await Promise.all(children.map((child) => child.end()));
    const delivered = children.flatMap((child) => child.numbers('delivered')).sort((a, b) => a - b);
    expect(delivered).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
    expect(readdirSync(join(base, 'log'))).toEqual([]);
  });
});

describe('a process that is stopped for long while it appends', () => {
  test('loses nothing that was stored, before or after', async () => {
    const child = new Child('append', join(base, 'log'));
    const delivered: number[] = [];
    for (const count of [20, 300, 700]) {
      await child.until(count);
      child.process.kill('SIGSTOP');
      makeStale();
      const log = openHere();
      delivered.push(...(await drainAdopted(log)));
      log.close();
      child.process.kill('SIGCONT');
    }
    await child.until(1500);
    await child.end('SIGKILL');
    const log = openHere();
    delivered.push(...child.numbers('delivered'), ...(await drainAdopted(log)));
    log.close();
    const found = new Set(delivered);
    expect(child.numbers('stored').filter((number) => !found.has(number))).toEqual([]);
  });

  /** As if a minute had passed without a renewal. */
  function makeStale(): void {
    const past = new Date(Date.now() - 120_000);
    for (const owner of readdirSync(join(base, 'log'))) {
      utimesSync(join(base, 'log', owner, 'lease.json'), past, past);
    }
  }
});

describe('the process table', () => {
  const { self, hasEnded } = systemProcesses();
  const proves = process.platform === 'linux';

  test('knows this process, and that it lives', () => {
    expect(self.pid).toBe(process.pid);
    expect(hasEnded(self)).toBe(false);
    expect(/^\d+$/.test(self.start) && /^pid:/.test(self.namespace) && self.boot.length > 30).toBe(proves);
  });

  test('knows a process that ended, and one that has its number now', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()']);
    await once(child, 'spawn');
    const pid = child.pid!;
    const identity = { ...self, pid };
    // Its start is not known from here: any other is that of a predecessor with its number.
    expect(hasEnded({ ...identity, start: '1' })).toBe(proves);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(hasEnded(identity)).toBe(proves);
  });

  if (proves) {
    test('takes a zombie for ended', async () => {
      // `cat` inherits a child that it never waits for; what comes back through it says that it has taken over.
      const parent = spawn('sh', ['-c', 'tail -f /dev/null & echo $!; exec cat']);
      const [output] = (await once(parent.stdout, 'data')) as [Buffer];
      const pid = Number(output.toString());
      parent.stdin.write('here');
      await once(parent.stdout, 'data');
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]!;
      expect(hasEnded({ ...self, pid, start })).toBe(false);
      process.kill(pid, 'SIGKILL');
      while (!hasEnded({ ...self, pid, start })) await new Promise(setImmediate);
      parent.kill('SIGKILL');
      await once(parent, 'exit');
    });
  }

  test('proves nothing of other boots, namespaces and hosts', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    const gone = { ...self, pid: child.pid! };
    expect(hasEnded({ ...gone, boot: 'another' })).toBe(false);
    expect(hasEnded({ ...gone, namespace: 'pid:[1]' })).toBe(false);
    expect(hasEnded({ ...gone, host: 'another' })).toBe(false);
  });
});
