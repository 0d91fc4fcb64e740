import fc from 'fast-check';
import type { LogLine } from '../../src/log/log.ts';
import { systemError } from './memory-disk.ts';
import { type Actor, numberOf, unit, World } from './world.ts';

/** One step of one of the processes. */
type Step =
  | { readonly do: 'append'; readonly units: number; readonly now: boolean }
  | {
      readonly do: 'failed append';
      readonly units: number;
      readonly after: number;
      readonly truncates: boolean;
    }
  | { readonly do: 'peek' | 'acknowledge' | 'adopt' | 'kill' | 'close' | 'wake' }
  | { readonly do: 'sleep'; readonly millis: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      units: fc.integer({ min: 1, max: 4 }),
      now: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('failed append' as const),
      units: fc.integer({ min: 1, max: 4 }),
      after: fc.integer({ min: 0, max: 120 }),
      truncates: fc.boolean(),
    }),
  },
  { weight: 8, arbitrary: fc.constantFrom({ do: 'peek' as const }, { do: 'acknowledge' as const }) },
  { weight: 4, arbitrary: fc.constantFrom({ do: 'adopt' as const }, { do: 'wake' as const }) },
  { weight: 1, arbitrary: fc.constantFrom({ do: 'kill' as const }, { do: 'close' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('sleep' as const), millis: fc.constantFrom(10_000, 61_000) }),
  },
);

/** A process, and what its user knows. */
class Process {
  readonly actor: Actor;
  readonly #own: LogLine;
  readonly #lines: LogLine[];
  #turn = 0;
  #peeked: { readonly line: LogLine; readonly number: number } | undefined;
  /** The last number that each line gave: lines are in order. */
  readonly #last = new Map<LogLine, number>();

  readonly #padding: number;

  /** With large units segments are packed. */
  constructor(world: World, large: boolean) {
    this.actor = world.start({ segmentBytes: large ? 6000 : 400 });
    this.#padding = large ? 1500 : 0;
    this.#own = this.actor.log.line('shop');
    this.#lines = [this.#own];
  }

  async run(action: Step, world: World, ledger: Ledger): Promise<void> {
    const { files, log, timers } = this.actor;
    switch (action.do) {
      case 'append':
        this.#append(action.units, action.now, ledger);
        return;
      case 'failed append': {
        let writes = 0;
        files.shorten = () => action.after;
        files.before = (call) => {
          if (call === 'write' && ++writes > 1) throw systemError('ENOSPC');
          if (call === 'truncate' && !action.truncates) throw systemError('EIO');
        };
        this.#append(action.units, false, ledger);
        files.before = () => {};
        files.shorten = (length) => length;
        return;
      }
      case 'peek':
        await this.#peek();
        return;
      case 'acknowledge':
        if (!this.#peeked) return;
        ledger.delivered.add(this.#peeked.number);
        this.#peeked.line.acknowledge();
        this.#peeked = undefined;
        return;
      case 'adopt':
        this.#lines.push(...(await log.adopt()));
        return;
      case 'wake':
        // What it begins goes on beside everything that follows.
        void timers.fire();
        return;
      case 'sleep':
        world.time += action.millis;
        return;
      case 'kill':
        this.actor.kill();
        return;
      case 'close':
        log.close();
        return;
    }
  }

  #append(count: number, now: boolean, ledger: Ledger): void {
    const batch = Array.from({ length: count }, () => unit(++ledger.last, 'shop', this.#padding));
    const result = now ? this.#own.appendSync(batch) : this.#own.append(batch);
    if (result.stored) for (const { points } of batch) ledger.stored.add(points);
  }

  async #peek(): Promise<void> {
    if (this.#peeked) return;
    const line = this.#lines[this.#turn++ % this.#lines.length]!;
    const number = numberOf(await line.peek());
    if (number === undefined) return;
    expect(number).toBeGreaterThan(this.#last.get(line) ?? 0);
    this.#last.set(line, number);
    this.#peeked = { line, number };
  }
}

interface Ledger {
  last: number;
  readonly stored: Set<number>;
  readonly delivered: Set<number>;
}

test('whatever processes do and suffer, what was stored is delivered, and in order', async () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), step), { minLength: 1, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(fc.boolean(), steps, async (large, sequence) => {
      const world = new World();
      const processes = [0, 1, 2].map(() => new Process(world, large));
      const all = [...processes];
      const ledger: Ledger = { last: 0, stored: new Set(), delivered: new Set() };
      for (const [who, action] of sequence) {
        await processes[who]!.run(action, world, ledger);
        if (action.do === 'kill' || action.do === 'close') {
          processes[who] = new Process(world, large);
          all.push(processes[who]);
        }
      }
      // All end, one comes and takes what is left.
      for (const one of processes) one.actor.kill();
      world.time += 61_000;
      const heir = world.start();
      for (const line of await heir.log.adopt()) {
        let last = 0;
        for (let one = await line.peek(); one; one = await line.peek()) {
          expect(one.points).toBeGreaterThan(last);
          last = one.points;
          ledger.delivered.add(one.points);
          line.acknowledge();
        }
      }
      heir.log.close();
      expect([...ledger.stored].filter((number) => !ledger.delivered.has(number))).toEqual([]);
      expect([...world.disk.files().keys()]).toEqual([]);
      const dropped = [...all.map(({ actor }) => actor), heir].flatMap((actor) => actor.dropped);
      expect(dropped.filter(({ reason }) => reason !== 'torn' && reason !== 'taken')).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
