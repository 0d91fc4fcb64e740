import type { Codec, Dropped } from '../../src/log/context.ts';
import type { FallbackLog, LogLine } from '../../src/log/log.ts';
import { type LogOptions, openLog } from '../../src/log/open.ts';
import type { LogClock } from '../../src/log/owner.ts';
import { isSameProcess, type Processes } from '../../src/log/processes.ts';
import type { Unit } from '../../src/unit.ts';
import { type DiskView, MemoryDisk } from './memory-disk.ts';

/** A unit that says who it is. Its number of points is its number, so that sums tell which are there. */
export function unit(number: number, resource = 'shop', padding = 0): Unit {
  return { bytes: Buffer.from(`${number}${' '.repeat(padding)}`), points: number, resource };
}

export function units(from: number, to: number): Unit[] {
  return Array.from({ length: to - from + 1 }, (_, index) => unit(from + index));
}

export function numberOf(one: Unit | undefined): number | undefined {
  return one && Number(Buffer.from(one.bytes).toString());
}

/** JSON that is quick to read and write. */
export const plainCodec: Codec = {
  toLines: (one) => [
    { unit: one, text: `{"resourceMetrics":[${JSON.stringify(Buffer.from(one.bytes).toString())}]}` },
  ],
  fromLine: (text) => Buffer.from((JSON.parse(text) as { resourceMetrics: [string] }).resourceMetrics[0]),
};

/** All units of a line, acknowledged one by one. */
export async function drain(line: LogLine): Promise<number[]> {
  const numbers: number[] = [];
  for (let one = await line.peek(); one; one = await line.peek()) {
    numbers.push(numberOf(one) ?? -1);
    line.acknowledge();
  }
  return numbers;
}

/** All that can be adopted. */
export async function drainAdopted(log: FallbackLog): Promise<number[]> {
  const numbers: number[] = [];
  for (const line of await log.adopt()) numbers.push(...(await drain(line)));
  return numbers;
}

/** The world's time, with timers that fire when they are told to. */
export class Timers implements LogClock {
  readonly now: () => number;
  readonly #tasks = new Set<() => Promise<void>>();

  constructor(now: () => number) {
    this.now = now;
  }

  repeat(_millis: number, task: () => Promise<void>): () => void {
    this.#tasks.add(task);
    return () => this.#tasks.delete(task);
  }

  get running(): number {
    return this.#tasks.size;
  }

  /** Resolves when all that they begin is done. */
  async fire(): Promise<void> {
    await Promise.all([...this.#tasks].map((task) => task()));
  }
}

/** One process with one log on a disk that it shares. */
export interface Actor {
  readonly log: FallbackLog;
  readonly files: DiskView;
  readonly dropped: Dropped[];
  readonly timers: Timers;
  /** SIGKILL: the process is gone, and everybody can see it. */
  kill(): void;
}

/** Processes on one machine with one disk. Time passes for all; timers fire for each when told to. */
export class World {
  readonly disk = new MemoryDisk(() => this.time);
  time = Date.UTC(2030, 0, 1);
  readonly #alive = new Set<number>();
  #lastPid = 0;

  start(options: Partial<LogOptions> = {}): Actor {
    const pid = ++this.#lastPid;
    this.#alive.add(pid);
    const files = this.disk.view();
    const dropped: Dropped[] = [];
    const timers = new Timers(() => this.time);
    const log = openLog({
      directory: '/log',
      codec: plainCodec,
      clock: timers,
      files,
      processes: this.processes(pid),
      onDropped: (one) => dropped.push(one),
      ...options,
    });
    const kill = () => {
      files.kill();
      this.#alive.delete(pid);
    };
    return { log, files, dropped, timers, kill };
  }

  processes(pid: number): Processes {
    const self = { pid, start: `${pid}00`, boot: 'boot', namespace: 'pid:[1]', host: 'here' };
    return {
      self,
      hasEnded: (identity) =>
        isSameProcess({ ...self, pid: identity.pid, start: `${identity.pid}00` }, identity) &&
        !this.#alive.has(identity.pid),
    };
  }
}
