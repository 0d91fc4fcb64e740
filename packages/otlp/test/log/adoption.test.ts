import { headerLine } from '../../src/log/format.ts';
import type { AppendResult } from '../../src/log/log.ts';
import { systemError } from './memory-disk.ts';
import { type Actor, drain, drainAdopted, numberOf, unit, units, World } from './world.ts';

function stored(result: AppendResult): void {
  if (!result.stored) throw new Error(`not stored: ${result.degraded.message}`);
}

function leave(world: World, from: number, to: number, resource = 'shop'): Actor {
  const actor = world.start();
  stored(actor.log.line(resource).append(units(from, to)));
  return actor;
}

function segments(world: World): string[] {
  return [...world.disk.files().keys()].filter((path) => path.endsWith('.jsonl'));
}

describe('the lines of a dead process', () => {
  test('are adopted at once, with resource, order and counts', async () => {
    const world = new World();
    leave(world, 1, 3).kill();
    const { log } = world.start();
    const [line, ...others] = await log.adopt();
    expect(others).toEqual([]);
    expect(line).toMatchObject({ resource: 'shop', pending: 3, points: 6 });
    expect(log.bytes).toBe(line!.bytes);
    expect(await line!.peek()).toMatchObject({ resource: 'shop', points: 1 });
    expect(await drain(line!)).toEqual([1, 2, 3]);
    expect(segments(world)).toEqual([]);
  });

  test('continue at the cursor', async () => {
    const world = new World();
    for (const acknowledged of [1, 2, 3, 4, 5, 6, 7]) {
      const actor = world.start({ segmentBytes: 300 });
      const line = actor.log.line('shop');
      for (const one of units(1, 7)) stored(line.append([one]));
      for (let step = 0; step < acknowledged; step++) {
        await line.peek();
        line.acknowledge();
      }
      actor.kill();
      const next = world.start();
      const expected = [1, 2, 3, 4, 5, 6, 7].slice(acknowledged);
      const [adopted] = await next.log.adopt();
      expect(adopted?.pending ?? 0).toBe(expected.length);
      expect(adopted ? await drain(adopted) : []).toEqual(expected);
    }
  });

  test('are adopted oldest first', async () => {
    const world = new World();
    for (const number of [3, 1, 2]) {
      world.time = number * 1_000_000;
      leave(world, number, number).kill();
    }
    const lines = await world.start().log.adopt();
    expect(await Promise.all(lines.map(async (line) => numberOf(await line.peek())))).toEqual([1, 2, 3]);
  });

  test('bug: what was logged after the clock was set back, before an older log was adopted, was sent before it', async () => {
    const world = new World();
    const first = world.start({ segmentBytes: 1 });
    const line = first.log.line('shop');
    for (const one of units(1, 2)) stored(line.append([one]));
    // Only its last segment is left then.
    await line.peek();
    line.acknowledge();
    first.kill();
    world.time -= 3_600_000;
    const second = world.start();
    const adopting = second.log.adopt();
    stored(second.log.line('shop').append([unit(3)]));
    await adopting;
    second.kill();
    expect(await drainAdopted(world.start().log)).toEqual([2, 3]);
  });

  test('are adopted once, by one of all who try', async () => {
    const world = new World();
    for (let number = 1; number <= 20; number++) leave(world, number, number).kill();
    const actors = Array.from({ length: 4 }, () => world.start());
    const adopted = await Promise.all([...actors, ...actors].map(({ log }) => drainAdopted(log)));
    const all = adopted
      .slice(0, actors.length)
      .flat()
      .sort((a, b) => a - b);
    expect(all).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  test('are adopted again when their adopter dies, from where it got to', async () => {
    const world = new World();
    leave(world, 1, 5).kill();
    for (const expected of [1, 2, 3]) {
      const actor = world.start();
      const [line] = await actor.log.adopt();
      expect(numberOf(await line!.peek())).toBe(expected);
      line!.acknowledge();
      actor.kill();
    }
    expect(await drainAdopted(world.start().log)).toEqual([4, 5]);
  });

  test('can be appended to, in a segment of their new owner', async () => {
    const world = new World();
    leave(world, 1, 2).kill();
    const actor = world.start();
    const [line] = await actor.log.adopt();
    const before = world.disk.files().get(segments(world)[0]!)!;
    stored(line!.append([unit(3)]));
    expect(segments(world).map((path) => path.slice(-14))).toEqual(['00000001.jsonl', '00000002.jsonl']);
    expect(world.disk.files().get(segments(world)[0]!)).toEqual(before);
    expect(await drain(line!)).toEqual([1, 2, 3]);
  });

  test('can be appended to although their former owner wakes up and makes a segment', async () => {
    const world = new World();
    leave(world, 1, 2).kill();
    const actor = world.start();
    const [line] = await actor.log.adopt();
    const late = segments(world)[0]!.replace('00000001', '00000002');
    const files = world.disk.view();
    files.close(files.create(late));
    stored(line!.append([unit(3)]));
    expect(world.disk.files().get(late)!.length).toBe(0);
    expect(await drain(line!)).toEqual([1, 2, 3]);
  });

  test('come by the hundred', async () => {
    const world = new World();
    for (let number = 1; number <= 300; number++) {
      world.time += 1000;
      leave(world, number, number).kill();
    }
    const actor = world.start();
    expect(await drainAdopted(actor.log)).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
    actor.log.close();
    expect(world.disk.files().size).toBe(0);
    expect(actor.files.openDescriptors).toBe(0);
  });

  test('wait on disk while there is no room for them', async () => {
    const world = new World();
    leave(world, 1, 3).kill();
    world.time += 1000;
    leave(world, 4, 6).kill();
    const actor = world.start({ maxBytes: 500 });
    const [line, ...others] = await actor.log.adopt();
    expect(others).toEqual([]);
    expect(await drain(line!)).toEqual([1, 2, 3]);
    expect(await drainAdopted(actor.log)).toEqual([4, 5, 6]);
    expect(actor.dropped).toEqual([]);
  });

  test('a smaller one was taken before an older one that had to wait', async () => {
    const world = new World();
    for (const [from, to] of [
      [1, 3],
      [4, 6],
      [7, 7],
    ] as const) {
      world.time += 1000;
      leave(world, from, to).kill();
    }
    const sizes = [...world.disk.files()]
      .filter(([path]) => path.endsWith('.jsonl'))
      .map(([, b]) => b.length);
    const actor = world.start({ maxBytes: Math.max(...sizes) + Math.min(...sizes) });
    const [line, ...others] = await actor.log.adopt();
    expect(others).toEqual([]);
    expect(await drain(line!)).toEqual([1, 2, 3]);
    expect(await drainAdopted(actor.log)).toEqual([4, 5, 6, 7]);
  });

  test('are dropped if they are too old', async () => {
    const world = new World();
    leave(world, 1, 3).kill();
    world.time += 25 * 3_600_000;
    const actor = world.start();
    expect(await actor.log.adopt()).toEqual([]);
    expect(actor.dropped).toMatchObject([{ reason: 'age', points: 6 }]);
    expect(segments(world)).toEqual([]);
  });

  test('leave nothing behind when there was nothing in them', async () => {
    const world = new World();
    const idle = leave(world, 1, 1);
    await drain(idle.log.line('shop'));
    idle.kill();
    const cut = world.start();
    cut.files.before = (call) => {
      if (call === 'create') cut.kill();
    };
    expect(cut.log.line('shop').append([unit(1)]).stored).toBe(false);
    world.time += 61_000;
    const actor = world.start();
    expect(await actor.log.adopt()).toEqual([]);
    actor.log.close();
    expect(world.disk.files().size).toBe(0);
  });

  test('are not adopted by whom cannot write', async () => {
    const world = new World();
    leave(world, 1, 1).kill();
    const actor = world.start();
    actor.files.before = (call) => {
      if (call === 'makeDirectory') throw Object.assign(new Error('EROFS'), { code: 'EROFS' });
    };
    expect(await actor.log.adopt()).toEqual([]);
    actor.files.before = () => {};
    expect(await drainAdopted(actor.log)).toEqual([1]);
  });

  test('do not wait for one that cannot be read now, which is left for later', async () => {
    const world = new World();
    leave(world, 1, 1).kill();
    const unreadable = segments(world)[0]!.split('/').at(-2)!;
    leave(world, 2, 2).kill();
    const actor = world.start();
    let claimed = false;
    actor.files.before = (call, path) => {
      claimed ||= call === 'rename' && path!.includes(unreadable);
      if (claimed && call === 'list' && path!.includes(unreadable)) throw systemError('EMFILE');
    };
    expect(await drainAdopted(actor.log)).toEqual([2]);
    expect(claimed).toBe(true);
    actor.files.before = () => {};
    expect(await drainAdopted(actor.log)).toEqual([1]);
  });

  test('of a newer version are left for who can read them', async () => {
    const world = new World();
    const actor = leave(world, 1, 1);
    actor.kill();
    const node = world.disk.node(segments(world)[0]!);
    if (node?.kind !== 'file') throw new Error('no segment');
    node.bytes = Buffer.from(headerLine({ version: 2, created: 0, line: 'x', number: 1, resource: 'shop' }));
    const before = segments(world);
    expect(await world.start().log.adopt()).toEqual([]);
    expect(segments(world)).toEqual(before);
  });

  test('lie among foreign files, which are left alone', async () => {
    const world = new World();
    leave(world, 1, 1).kill();
    const files = world.disk.view();
    const line = segments(world)[0]!.replace(/\/[^/]*$/, '');
    files.makeDirectory('/log/backup');
    files.makeDirectory('/log/backup/line');
    const foreign = [
      '/log/README',
      '/log/backup/line/00000001.jsonl',
      '/log/lost+found',
      `${line}/00000001.jsonl.bak`,
      `${line}/x.jsonl`,
    ];
    for (const path of foreign) files.close(files.create(path));
    world.time += 61_000;
    expect(await drainAdopted(world.start().log)).toEqual([1]);
    expect([...world.disk.files().keys()]).toEqual(expect.arrayContaining(foreign.slice(0, 3)));
    expect([...world.disk.files().keys()].filter((path) => /(bak|x\.jsonl)$/.test(path)).length).toBe(2);
  });
});

describe('the lines of a live process', () => {
  test('are never adopted while its lease is renewed', async () => {
    const world = new World();
    const actor = leave(world, 1, 3);
    const other = world.start();
    for (let minute = 0; minute < 10; minute++) {
      for (let quarter = 0; quarter < 4; quarter++) {
        world.time += 15_000;
        actor.timers.fire();
      }
      expect(await other.log.adopt()).toEqual([]);
    }
    expect(await drain(actor.log.line('shop'))).toEqual([1, 2, 3]);
  });

  test('are adopted when they were released, by its own process too', async () => {
    const world = new World();
    const actor = world.start();
    stored(actor.log.line('shop').append(units(1, 3)));
    await actor.log.line('shop').peek();
    actor.log.line('shop').acknowledge();
    actor.log.close();
    expect(actor.timers.running).toBe(0);
    expect(actor.files.openDescriptors).toBe(1);
    const again = world.start({ processes: world.processes(1) });
    expect(await drainAdopted(again.log)).toEqual([2, 3]);
  });

  test('are never adopted by its own process, however old the lease', async () => {
    const world = new World();
    leave(world, 1, 3);
    world.time += 3_600_000;
    const twin = world.start({ processes: world.processes(1) });
    expect(await twin.log.adopt()).toEqual([]);
    expect(await drainAdopted(world.start().log)).toEqual([1, 2, 3]);
  });
});

describe('a process that was suspended', () => {
  function takenOver() {
    const world = new World();
    const sleeper = leave(world, 1, 3);
    world.time += 61_000;
    return { world, sleeper, taker: world.start() };
  }

  test('loses its lines after 60 s, writes a new one, and counts as taken what was in them', async () => {
    const { sleeper, taker } = takenOver();
    const line = sleeper.log.line('shop');
    const [taken] = await taker.log.adopt();
    stored(line.append(units(4, 5)));
    expect(await drain(taken!)).toEqual([1, 2, 3]);
    expect(line.pending).toBe(2);
    expect(await drain(line)).toEqual([4, 5]);
    expect(sleeper.dropped).toMatchObject([{ reason: 'taken', points: 1 + 2 + 3 }]);
    expect(taker.dropped).toEqual([]);
  });

  test('notices when its lease is due, although all was delivered and removed meanwhile', async () => {
    const { world, sleeper, taker } = takenOver();
    expect(await drainAdopted(taker.log)).toEqual([1, 2, 3]);
    sleeper.timers.fire();
    const line = sleeper.log.line('shop');
    expect(line.pending).toBe(0);
    expect(sleeper.dropped).toMatchObject([{ reason: 'taken', points: 1 + 2 + 3 }]);
    stored(line.append([unit(4)]));
    sleeper.timers.fire();
    expect(await world.start().log.adopt()).toEqual([]);
    expect(await drain(line)).toEqual([4]);
    sleeper.log.close();
    taker.log.close();
    expect(world.disk.files().size).toBe(0);
  });

  test('acknowledges what it was delivering, and moves nobody back', async () => {
    const { world, sleeper, taker } = takenOver();
    const line = sleeper.log.line('shop');
    await line.peek();
    line.acknowledge();
    await line.peek();
    const [taken] = await taker.log.adopt();
    expect(numberOf(await taken!.peek())).toBe(2);
    taken!.acknowledge();
    line.acknowledge();
    taker.kill();
    expect(await drainAdopted(world.start().log)).toEqual([3]);
  });

  test('says when it closes that what it was delivering is taken too', async () => {
    const { sleeper, taker } = takenOver();
    const line = sleeper.log.line('shop');
    await line.peek();
    const [taken] = await taker.log.adopt();
    sleeper.timers.fire();
    expect(line.points).toBe(1);
    sleeper.log.close();
    expect(sleeper.dropped).toMatchObject([
      { reason: 'taken', points: 2 + 3 },
      { reason: 'taken', points: 1 },
    ]);
    expect([line.points, await drain(taken!)]).toEqual([0, [1, 2, 3]]);
  });

  test('notices at the latest when it closes', async () => {
    const { sleeper, taker } = takenOver();
    await taker.log.adopt();
    sleeper.log.close();
    expect(sleeper.dropped).toMatchObject([{ reason: 'taken', points: 1 + 2 + 3 }]);
  });

  test('keeps its lines if it wakes up in time', async () => {
    const { sleeper, taker } = takenOver();
    sleeper.timers.fire();
    expect(await taker.log.adopt()).toEqual([]);
    expect(await drain(sleeper.log.line('shop'))).toEqual([1, 2, 3]);
  });

  test('has a lease again when one who gave up half-way removed it', async () => {
    const { world, sleeper, taker } = takenOver();
    const [path] = [...world.disk.files().keys()].filter((one) => one.endsWith('lease.json'));
    taker.files.remove(path!);
    sleeper.timers.fire();
    expect(await taker.log.adopt()).toEqual([]);
    expect([...world.disk.files().keys()]).toContain(path);
  });
});
