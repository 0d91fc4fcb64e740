import { basename, dirname } from 'node:path';
import { type Actor, drain, drainAdopted, numberOf, unit, units, World } from './world.ts';

/** What a process was told before it ended. */
interface Told {
  readonly stored: number[];
  readonly durable: number[];
  /** Of these it may have moved the cursor before it ended. */
  readonly delivered: number[];
  readonly acknowledged: number[];
}

/** A life with everything in it: rotation, adoption, acknowledgement, dropping for the bounds, a drained line. */
async function live(actor: Actor): Promise<Told> {
  const stored: number[] = [];
  const durable: number[] = [];
  const delivered: number[] = [];
  const acknowledged: number[] = [];
  const { log, files } = actor;
  const line = log.line('shop');
  async function append(from: number, to: number, now = false): Promise<void> {
    const result = now ? line.appendSync(units(from, to)) : line.append(units(from, to));
    if (!result.stored || files.killed) return;
    const numbers = units(from, to).map(({ points }) => points);
    stored.push(...numbers);
    if ((await result.durable) === undefined && !files.killed) durable.push(...numbers);
  }
  async function deliver(from: typeof line, count: number): Promise<void> {
    for (let step = 0; step < count; step++) {
      const number = numberOf(await from.peek());
      if (number === undefined || files.killed) return;
      delivered.push(number);
      from.acknowledge();
      if (!files.killed) acknowledged.push(number);
    }
  }
  await append(101, 103);
  await deliver(line, 2);
  for (const adopted of await log.adopt()) await deliver(adopted, 3);
  for (let number = 104; number <= 112; number++) await append(number, number, number % 3 === 0);
  await deliver(line, 5);
  await append(113, 120);
  for (const adopted of await log.adopt()) await deliver(adopted, Infinity);
  await deliver(line, Infinity);
  await append(121, 122);
  log.close();
  return { stored, durable, delivered, acknowledged };
}

async function worldWithTheDead(): Promise<World> {
  const world = new World();
  const dead = world.start({ segmentBytes: 300, fsync: 'always' });
  for (const one of units(1, 6)) dead.log.line('shop').append([one]);
  dead.kill();
  return world;
}

/** All that is left after a death, by a process that comes later. */
async function recover(world: World): Promise<{ found: number[]; torn: number }> {
  // Death is not proven of an owner who had no time to write its lease.
  world.time += 61_000;
  const heir = world.start();
  const found: number[] = [];
  for (const line of await heir.log.adopt()) {
    const numbers = await drain(line);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    found.push(...numbers);
  }
  expect(await heir.log.adopt()).toEqual([]);
  heir.log.close();
  expect([...world.disk.files().keys()]).toEqual([]);
  expect(heir.files.openDescriptors).toBe(0);
  expect(heir.dropped.filter(({ reason }) => reason !== 'torn')).toEqual([]);
  return { found, torn: heir.dropped.length };
}

const dead = [1, 2, 3, 4, 5, 6];

async function callsOfALife(): Promise<number> {
  const actor = (await worldWithTheDead()).start({ segmentBytes: 300 });
  await live(actor);
  return actor.files.calls;
}

describe('a process that is killed', () => {
  test.each([
    ['before', 0],
    ['at the first byte of', 1],
    ['in the middle of', 0.5],
    ['before the last byte of', -1],
  ])('%s any of its calls loses nothing that was stored', async (_, part) => {
    const calls = await callsOfALife();
    expect(calls).toBeGreaterThan(150);
    let tornEnds = 0;
    for (let call = 1; call <= calls; call++) {
      const world = await worldWithTheDead();
      const actor = world.start({ segmentBytes: 300 });
      actor.files.shorten = (length) => length;
      actor.files.before = (_call, _path, count) => {
        if (count < call) return;
        actor.files.shorten = (length) =>
          part === 0 ? 0 : part === 0.5 ? length >> 1 : part < 0 ? length + part : part;
        actor.kill();
        throw Object.assign(new Error('KILLED'), { code: 'KILLED' });
      };
      const told = await live(actor);
      const { found, torn } = await recover(world);
      tornEnds += torn;
      const delivered = new Set([...told.delivered, ...found]);
      const missing = [...dead, ...told.stored].filter((number) => !delivered.has(number));
      expect({ call, missing }).toEqual({ call, missing: [] });
      // Only a unit whose acknowledgement was cut off comes twice.
      expect(found.filter((number) => told.acknowledged.includes(number))).toEqual([]);
      expect(found.length).toBe(new Set(found).size);
    }
    // A line that lacks only its newline is whole by its checksum.
    expect(tornEnds > 0).toBe(part > 0);
  });
});

describe('a machine that loses power', () => {
  test('at any call loses nothing that was durable', async () => {
    const calls = await callsOfALife();
    for (let call = 1; call <= calls; call++) {
      // Without a dead line to adopt: a rename that is half on disk is a journal's business.
      const world = new World();
      const actor = world.start({ segmentBytes: 300 });
      actor.files.before = (_call, _path, count) => {
        if (count < call) return;
        actor.kill();
        throw Object.assign(new Error('KILLED'), { code: 'KILLED' });
      };
      const told = await live(actor);
      world.disk.losePower();
      world.time += 61_000;
      const found = await drainAdopted(world.start().log);
      const delivered = new Set([...told.delivered, ...found]);
      expect({ call, missing: told.durable.filter((number) => !delivered.has(number)) }).toEqual({
        call,
        missing: [],
      });
    }
  });
});

describe('a line that is taken from a process that lives', () => {
  test('at any call of an append, loses nothing that is stored', async () => {
    for (const fsync of ['batch', 'always'] as const) {
      for (const alreadyThere of [0, 1, 2]) {
        let taken = true;
        for (let call = 1; taken; call++) {
          const world = new World();
          const actor = world.start({ fsync, segmentBytes: 300 });
          const line = actor.log.line('shop');
          const stored: number[] = [];
          for (let number = 1; number <= alreadyThere; number++) {
            if (line.append([unit(number)]).stored) stored.push(number);
          }
          taken = false;
          const start = actor.files.calls;
          actor.files.before = (_call, _path, count) => {
            if (taken || count < start + call) return;
            taken = true;
            takeAsIs(world, actor);
          };
          if (line.append(units(10, 12)).stored) stored.push(10, 11, 12);
          expect(stored.length).toBe(alreadyThere + 3);
          const own = await drain(line);
          actor.kill();
          const found = [...own, ...(await drainAdopted(world.start().log))];
          expect({ call, missing: stored.filter((number) => !found.includes(number)) }).toEqual({
            call,
            missing: [],
          });
          expect(actor.dropped.filter(({ reason }) => reason !== 'taken')).toEqual([]);
        }
      }
    }
  });
});

/**
 * The worst taker: it has all lines of a process at one instant, and has read them then, so whatever is written to
 * them by descriptor afterwards nobody will ever see.
 */
function takeAsIs(world: World, from: Actor): void {
  const files = world.disk.view();
  const [lease] = [...world.disk.files().keys()].filter((path) => path.endsWith('lease.json'));
  if (!lease) return;
  const owner = dirname(lease);
  const taker = `/log/${crypto.randomUUID()}`;
  files.makeDirectory(taker);
  files.close(files.create(`${taker}/released.json`));
  for (const id of files.list(owner)) {
    if (files.status(`${owner}/${id}`)?.kind !== 'directory') continue;
    files.makeDirectory(`${taker}/${id}`);
    for (const [path, bytes] of world.disk.files()) {
      if (dirname(path) !== `${owner}/${id}`) continue;
      const descriptor = files.create(`${taker}/${id}/${basename(path)}`);
      files.write(descriptor, bytes, 0);
      files.close(descriptor);
      files.remove(path);
    }
    files.removeDirectory(`${owner}/${id}`);
  }
  expect(from.files.killed).toBe(false);
}
