import { ManualClock } from '@ostinato/testing';
import fc from 'fast-check';
import type { Attempt } from '../../src/transport/transport.ts';
import { World as Machine } from '../log/world.ts';
import { fail, OK, Rig } from '../support/rig.ts';

/** What a receiver does with one attempt. */
type Reaction =
  | { readonly kind: 'take' }
  | { readonly kind: 'take, and lose the answer' }
  | { readonly kind: 'refuse'; readonly code: number; readonly retryDelayMillis?: number }
  /** Takes only requests of so many bytes. */
  | { readonly kind: 'limit'; readonly bytes: number }
  | { readonly kind: 'silence' }
  | { readonly kind: 'slow'; readonly millis: number };

type Step =
  | { readonly kind: 'export'; readonly points: number; readonly resource: string }
  | { readonly kind: 'wait'; readonly millis: number }
  | { readonly kind: 'ready' }
  | { readonly kind: 'disk'; readonly broken: boolean }
  | { readonly kind: 'flush' }
  | { readonly kind: 'restart'; readonly how: 'shutdown' | 'kill' };

const RETRYABLE = [1, 4, 10, 11, 14, 15];
const DATA = [2, 3, 5, 6, 8, 9, 13];
const DESTINATION = [7, 12, 16];

const reaction: fc.Arbitrary<Reaction> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Reaction>({ kind: 'take' }) },
  { weight: 2, arbitrary: fc.constant<Reaction>({ kind: 'take, and lose the answer' }) },
  {
    weight: 6,
    arbitrary: fc
      .record({
        code: fc.constantFrom(...RETRYABLE, ...DATA, ...DESTINATION),
        retryDelayMillis: fc.option(fc.nat(5000), { nil: undefined }),
      })
      .map(
        ({ code, retryDelayMillis }): Reaction => ({
          kind: 'refuse',
          code,
          ...(retryDelayMillis !== undefined && { retryDelayMillis }),
        }),
      ),
  },
  {
    weight: 2,
    arbitrary: fc.integer({ min: 80, max: 600 }).map((bytes): Reaction => ({ kind: 'limit', bytes })),
  },
  { weight: 1, arbitrary: fc.constant<Reaction>({ kind: 'silence' }) },
  { weight: 2, arbitrary: fc.nat(3000).map((millis): Reaction => ({ kind: 'slow', millis })) },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant<'export'>('export'),
      points: fc.integer({ min: 1, max: 8 }),
      resource: fc.constantFrom('a', 'b'),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant<'wait'>('wait'), millis: fc.nat(4000) }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'ready' }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant<'disk'>('disk'), broken: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'flush' }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant<'restart'>('restart'),
      how: fc.constantFrom('shutdown', 'kill'),
    }),
  },
);

/** A run of processes, one after the other, over one disk, against one receiver that remembers everything. */
class World {
  readonly clock = new ManualClock();
  readonly machine = new Machine();
  readonly random: () => number;
  readonly reactions: Reaction[];
  readonly fallback: 'outage' | 'always';
  readonly wrapped: boolean;
  /** Points in the order of their first arrival, those taken, and those refused for good. */
  readonly seen = new Set<string>();
  readonly taken = new Set<string>();
  readonly refused = new Set<string>();
  readonly refusedTwice: string[] = [];
  /** What exports were promised: the points of each, and what was answered. */
  readonly exports: { readonly ids: string[]; readonly box: ReturnType<Rig['export']> }[] = [];
  /** Whether this process ever had to keep what it promised in memory only. */
  #brokenOnce = false;
  /** By this process. The next one may begin a half delivered unit of the log anew. */
  #refusedHere = new Set<string>();
  process: Rig;
  #next = 0;

  constructor(
    fallback: 'outage' | 'always',
    wrapped: boolean,
    reactions: readonly Reaction[],
    randoms: readonly number[],
  ) {
    this.fallback = fallback;
    this.wrapped = wrapped;
    this.reactions = [...reactions];
    let at = 0;
    this.random = () => randoms[at++ % randoms.length] ?? 0.5;
    this.process = this.#start();
  }

  #start(): Rig {
    const rig = new Rig(
      { fallback: this.fallback },
      { clock: this.clock, world: this.machine, random: this.random, wrapped: this.wrapped },
    );
    rig.transport.answer = ({ ids }, { length }) => this.#react(ids, length);
    return rig;
  }

  #react(ids: readonly string[], length: number): Attempt | Promise<Attempt> | undefined {
    const next: Reaction = this.reactions.shift() ?? { kind: 'take' };
    for (const id of ids) {
      if (this.#refusedHere.has(id)) this.refusedTwice.push(id);
      this.seen.add(id);
    }
    switch (next.kind) {
      case 'take':
        for (const id of ids) this.taken.add(id);
        return OK;
      case 'take, and lose the answer':
        for (const id of ids) this.taken.add(id);
        return fail(14, 'Connection dropped');
      case 'refuse':
        if (DATA.includes(next.code) && !(next.code === 8 && next.retryDelayMillis !== undefined)) {
          this.#refuse(ids);
        }
        return fail(next.code, 'because', next.retryDelayMillis);
      case 'limit':
        if (length > next.bytes) {
          if (ids.length === 1) this.#refuse(ids);
          return fail(8, `grpc: received message larger than max (${length} vs. ${next.bytes})`);
        }
        for (const id of ids) this.taken.add(id);
        return OK;
      case 'silence':
        return undefined;
      case 'slow':
        for (const id of ids) this.taken.add(id);
        return new Promise((resolve) => this.clock.setTimeout(() => resolve(OK), next.millis));
      default:
        return next satisfies never;
    }
  }

  #refuse(ids: readonly string[]): void {
    for (const id of ids) {
      this.refused.add(id);
      this.#refusedHere.add(id);
    }
  }

  async act(step: Step): Promise<void> {
    switch (step.kind) {
      case 'export': {
        const ids = Array.from({ length: step.points }, () => `${step.resource}${this.#next++}`);
        this.exports.push({ ids, box: this.process.export(ids, step.resource) });
        break;
      }
      case 'wait':
        await this.clock.advance(step.millis);
        break;
      case 'ready':
        this.process.transport.becomeReady();
        break;
      case 'disk':
        this.process.breakDisk(step.broken ? 'ENOSPC' : undefined);
        this.#brokenOnce ||= step.broken;
        break;
      case 'flush':
        void this.process.exporter.forceFlush();
        break;
      case 'restart':
        await this.#restart(step.how);
        break;
      default:
        step satisfies never;
    }
  }

  async #restart(how: 'shutdown' | 'kill'): Promise<void> {
    if (how === 'shutdown' || this.#brokenOnce) {
      this.process.breakDisk(undefined);
      const ended = this.process.exporter.shutdown();
      await this.clock.advance(6000);
      await ended;
      this.checkAccount();
    } else {
      // Whose export was not answered was promised nothing.
      for (const one of this.exports) if (one.box.result === undefined) one.ids.length = 0;
      this.process.kill();
    }
    this.#brokenOnce = false;
    this.#refusedHere.clear();
    this.process = this.#start();
  }

  checkAccount(): void {
    const { accepted, adopted, ...parts } = this.process.account;
    const sum = Object.values(parts).reduce((all, points) => all + points, 0);
    expect(sum).toBe(accepted + adopted);
  }

  /** The receiver is well at last: everything comes to its end. */
  async end(): Promise<void> {
    this.reactions.length = 0;
    this.process.breakDisk(undefined);
    await this.clock.advance(600_000);
    const ended = this.process.exporter.shutdown();
    await this.clock.advance(6000);
    await ended;
  }
}

test('whatever fails and in whatever order: every point is delivered or refused, and accounted for', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('outage', 'always'),
      fc.boolean(),
      fc.array(step, { minLength: 1, maxLength: 40 }),
      fc.array(reaction, { maxLength: 60 }),
      fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 20 }),
      async (fallback, wrapped, steps, reactions, randoms) => {
        const world = new World(fallback, wrapped, reactions, randoms);
        for (const one of steps) {
          await world.act(one);
          world.checkAccount();
        }
        await world.end();
        world.checkAccount();
        const { queued, logged, dropped } = world.process.account;
        expect({ queued, logged, dropped }).toEqual({ queued: 0, logged: 0, dropped: 0 });
        const lost = world.exports
          .flatMap(({ ids }) => ids)
          .filter((id) => !world.taken.has(id) && !world.refused.has(id));
        expect(lost).toEqual([]);
        expect(world.refusedTwice).toEqual([]);
        for (const resource of ['a', 'b']) {
          const arrived = [...world.seen]
            .filter((id) => id.startsWith(resource))
            .map((id) => Number(id.slice(1)));
          expect(arrived).toEqual(arrived.toSorted((a, b) => a - b));
        }
        for (const { ids, box } of world.exports) if (ids.length > 0) expect(box.result).toBeDefined();
      },
    ),
    {
      numRuns: 200,
      examples: [
        [
          'always',
          false,
          [
            { kind: 'export', points: 1, resource: 'a' },
            { kind: 'export', points: 1, resource: 'b' },
            { kind: 'export', points: 1, resource: 'b' },
            { kind: 'restart', how: 'kill' },
            { kind: 'export', points: 1, resource: 'b' },
            { kind: 'restart', how: 'shutdown' },
            { kind: 'ready' },
          ],
          [{ kind: 'take, and lose the answer' }],
          [0],
        ],
      ],
    },
  );
});
