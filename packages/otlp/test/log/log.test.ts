import { fromLine, toLines } from '../../src/encode/json-lines.ts';
import { encodeRequest } from '../../src/encode/serialize.ts';
import type { AppendResult } from '../../src/log/log.ts';
import type { Unit } from '../../src/unit.ts';
import { systemError } from './memory-disk.ts';
import { type Actor, drain, drainAdopted, numberOf, plainCodec, unit, units, World } from './world.ts';

function stored(result: AppendResult): Promise<unknown> {
  if (!result.stored) throw new Error(`not stored: ${result.degraded.message}`);
  return result.durable;
}

function segments(world: World): string[] {
  return [...world.disk.files().keys()].filter(
    (path) => path.endsWith('.jsonl') && !path.startsWith('/log/damaged/'),
  );
}

function text(world: World): string {
  return segments(world)
    .map((path) => world.disk.files().get(path)!.toString())
    .join('');
}

/** Errors from one kind of call on. */
function failing(actor: Actor, calls: string | readonly string[], code: string): void {
  actor.files.before = (call) => {
    if (calls.includes(call)) throw systemError(code);
  };
}

function working(actor: Actor): void {
  actor.files.before = () => {};
  actor.files.shorten = (length) => length;
}

describe('a line', () => {
  test('gives back what was appended, in order, each until it is acknowledged', async () => {
    const line = new World().start().log.line('shop');
    stored(line.append(units(1, 3)));
    stored(line.append(units(4, 4)));
    expect(numberOf(await line.peek())).toBe(1);
    expect(numberOf(await line.peek())).toBe(1);
    expect(await drain(line)).toEqual([1, 2, 3, 4]);
    expect(await line.peek()).toBeUndefined();
  });

  test('sees what is appended after its end was reached', async () => {
    const line = new World().start().log.line('shop');
    for (let round = 1; round <= 3; round++) {
      stored(line.append([unit(round)]));
      expect(await drain(line)).toEqual([round]);
    }
    stored(line.append(units(4, 5)));
    expect(numberOf(await line.peek())).toBe(4);
    const waiting = line.peek();
    stored(line.append([unit(6)]));
    expect(numberOf(await waiting)).toBe(4);
    expect(await drain(line)).toEqual([4, 5, 6]);
  });

  test('sees what is appended while its end is being read', async () => {
    const line = new World().start().log.line('shop');
    stored(line.append([unit(1)]));
    await line.peek();
    line.acknowledge();
    const reading = line.peek();
    stored(line.append([unit(2)]));
    const found = (await reading) ?? (await line.peek());
    expect(numberOf(found)).toBe(2);
  });

  test('sees what is appended at any moment while a segment without units is being read', async () => {
    for (let moment = 0; moment < 20; moment++) {
      const actor = new World().start();
      const line = actor.log.line('shop');
      let writes = 0;
      actor.files.before = (call) => {
        if (call === 'write' && ++writes > 2) throw systemError('ENOSPC');
      };
      // A lease and a header are written, but not the unit.
      expect(line.append([unit(1)]).stored).toBe(false);
      working(actor);
      const reading = line.peek();
      for (let turn = 0; turn < moment; turn++) await undefined;
      stored(line.append([unit(2)]));
      expect(numberOf((await reading) ?? (await line.peek()))).toBe(2);
      expect(actor.dropped).toEqual([]);
    }
  });

  test('gives the same unit to all who ask at once', async () => {
    const line = new World().start().log.line('shop');
    stored(line.append(units(1, 2)));
    const [first, second] = await Promise.all([line.peek(), line.peek()]);
    expect(first).toBe(second);
    line.acknowledge();
    expect(await drain(line)).toEqual([2]);
  });

  test('counts units, points and bytes that are not acknowledged', async () => {
    const world = new World();
    const { log } = world.start();
    const line = log.line('shop');
    expect([line.pending, line.points, line.bytes]).toEqual([0, 0, 0]);
    stored(line.append(units(1, 3)));
    expect([line.pending, line.points, line.bytes]).toEqual([3, 6, text(world).length]);
    expect(log.bytes).toBe(line.bytes);
    await line.peek();
    line.acknowledge();
    expect([line.pending, line.points]).toEqual([2, 5]);
    await drain(line);
    expect([line.pending, line.points, line.bytes, log.bytes]).toEqual([0, 0, 0, 0]);
  });

  test('takes a unit that the caller has already as if it had given it, however many lines it is', async () => {
    const codec = {
      ...plainCodec,
      toLines: (one: Unit) =>
        one.points === 9
          ? [4, 5].flatMap((points) => plainCodec.toLines({ ...one, points }))
          : plainCodec.toLines(one),
    };
    const world = new World();
    const actor = world.start({ codec });
    const line = actor.log.line('shop');
    stored(line.append([unit(9), unit(2)], true));
    expect([line.pending, line.points]).toEqual([3, 11]);
    expect(numberOf(await line.peek())).toBe(9);
    line.acknowledge();
    expect([line.pending, line.points]).toEqual([1, 2]);
    actor.kill();
    expect(await drainAdopted(world.start().log)).toEqual([2]);
  });

  test('ignores an acknowledgement of nothing', async () => {
    const line = new World().start().log.line('shop');
    line.acknowledge();
    stored(line.append(units(1, 2)));
    line.acknowledge();
    expect(await drain(line)).toEqual([1, 2]);
  });

  test('is one of each resource, and keeps to itself', async () => {
    const { log } = new World().start();
    expect(log.line('shop')).toBe(log.line('shop'));
    stored(log.line('shop').append([unit(1)]));
    stored(log.line('till').append([unit(2, 'till')]));
    expect(await drain(log.line('till'))).toEqual([2]);
    expect(await log.line('shop').peek()).toMatchObject({ resource: 'shop', points: 1 });
  });

  test('carries the real thing unchanged, one Collector-readable object a line', async () => {
    const world = new World();
    const line = world.start({ codec: { toLines, fromLine } }).log.line('shop');
    const bytes = encodeRequest({
      resourceMetrics: [
        {
          resource: { attributes: [{ key: 'a\nb', value: { stringValue: 'é\u2028' } }] },
          scopeMetrics: [
            { metrics: [{ name: 'n', gauge: { dataPoints: [{ asDouble: 0.1, timeUnixNano: '5' }] } }] },
          ],
        },
      ],
    });
    stored(line.append([{ bytes, points: 1, resource: 'shop' }]));
    const lines = text(world).trimEnd().split('\n');
    expect(lines.map((one) => JSON.parse(one).resourceMetrics.length)).toEqual([0, 1]);
    expect(Buffer.from((await line.peek())!.bytes).equals(bytes)).toBe(true);
  });

  test('writes a unit that is too long for one line as its halves', async () => {
    const world = new World();
    const halves = (one: { points: number }) => [unit(one.points * 10), unit(one.points * 10 + 1)];
    const codec = {
      ...plainCodec,
      toLines: (one: ReturnType<typeof unit>) => halves(one).flatMap((half) => plainCodec.toLines(half)),
    };
    const line = world.start({ codec }).log.line('shop');
    stored(line.append([unit(1)]));
    expect(line.pending).toBe(2);
    expect(await drain(line)).toEqual([10, 11]);
  });
});

describe('segments', () => {
  test('are begun when the last is full, each with a header of its own', async () => {
    const world = new World();
    const line = world.start({ segmentBytes: 300 }).log.line('shop');
    for (let number = 1; number <= 20; number++) stored(line.append([unit(number)]));
    const starts = segments(world).map((path) => world.disk.files().get(path)!.toString().split('\n')[0]!);
    expect(starts.length).toBeGreaterThan(5);
    expect(starts.map((start) => JSON.parse(start).segment.number)).toEqual(
      starts.map((_, index) => index + 1),
    );
    expect(await drain(line)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  test('are deleted as soon as they are acknowledged, and nothing is left of an empty line', async () => {
    const world = new World();
    const actor = world.start({ segmentBytes: 300 });
    const line = actor.log.line('shop');
    stored(line.append([]));
    expect(world.disk.files().size).toBe(0);
    for (let number = 1; number <= 20; number++) stored(line.append([unit(number)]));
    const before = segments(world).length;
    for (let number = 1; number <= 10; number++) {
      await line.peek();
      line.acknowledge();
    }
    expect(segments(world).length).toBeLessThan(before - 2);
    await drain(line);
    expect([...world.disk.files().keys()]).toEqual([expect.stringMatching(/\/lease\.json$/)]);
    actor.log.close();
    expect([...world.disk.files().keys()]).toEqual([]);
    expect([...(world.disk.node('/log') as { entries: Map<string, unknown> }).entries]).toEqual([]);
  });

  test('hold one write for an append, however many units', () => {
    const actor = new World().start();
    const line = actor.log.line('shop');
    stored(line.append([unit(1)]));
    let writes = 0;
    actor.files.before = (call) => {
      if (call === 'write') writes++;
    };
    stored(line.append(units(2, 100)));
    expect(writes).toBe(1);
  });
});

describe('fsync', () => {
  const cases = [
    { fsync: 'batch', append: 'later', appendSync: 'now' },
    { fsync: 'always', append: 'now', appendSync: 'now' },
    { fsync: 'never', append: 'never', appendSync: 'never' },
  ] as const;

  test.each(cases)(
    '$fsync: an append is durable $append, a synchronous one $appendSync',
    async (expected) => {
      for (const method of ['append', 'appendSync'] as const) {
        const world = new World();
        const actor = world.start({ fsync: expected.fsync });
        const survives = async () => {
          const copy = structuredClone(world.disk.root);
          const later = new World();
          Object.assign(later.disk, { root: copy });
          later.disk.losePower();
          later.time += 120_000;
          return drainAdopted(later.start().log);
        };
        const durable = stored(actor.log.line('shop')[method](units(1, 2)));
        expect(await survives()).toEqual(expected[method] === 'now' ? [1, 2] : []);
        expect(await durable).toBeUndefined();
        expect(await survives()).toEqual(expected[method] === 'never' ? [] : [1, 2]);
      }
    },
  );

  test('batch: appends while a sync is running share the next one', async () => {
    const actor = new World().start();
    const line = actor.log.line('shop');
    let syncs = 0;
    actor.files.before = (call) => {
      if (call === 'sync') syncs++;
    };
    await Promise.all(units(1, 10).map((one) => stored(line.append([one]))));
    expect(syncs).toBe(2);
  });

  test('batch: a sync that fails is told, the unit stays, and the segment is not appended to again', async () => {
    const world = new World();
    const actor = world.start();
    const line = actor.log.line('shop');
    failing(actor, 'sync', 'EIO');
    expect(await stored(line.append([unit(1)]))).toMatchObject({ code: 'EIO' });
    working(actor);
    expect(await stored(line.append([unit(2)]))).toBeUndefined();
    expect(segments(world).length).toBe(2);
    expect(await drain(line)).toEqual([1, 2]);
  });

  test('always: a sync that fails stores nothing', async () => {
    const actor = new World().start({ fsync: 'always' });
    const line = actor.log.line('shop');
    stored(line.append([unit(1)]));
    failing(actor, 'syncNow', 'EIO');
    expect(line.append([unit(2)])).toMatchObject({ stored: false, degraded: { code: 'EIO' } });
    working(actor);
    stored(line.append([unit(3)]));
    expect(await drain(line)).toEqual([1, 3]);
  });

  test('is still told when the segment is acknowledged meanwhile, and its file is closed', async () => {
    const actor = new World().start();
    const line = actor.log.line('shop');
    const durable = stored(line.append([unit(1)]));
    await line.peek();
    line.acknowledge();
    expect(await durable).toBeUndefined();
    expect(actor.files.openDescriptors).toBe(0);
    expect(actor.files.closedWhileBusy).toBe(0);
  });
});

describe('a log that cannot be written', () => {
  test.each(['ENOSPC', 'EDQUOT', 'EACCES', 'EROFS', 'EIO', 'EMFILE'])(
    'says %s, and works again when it can',
    async (code) => {
      for (const calls of [['makeDirectory'], ['create'], ['write'], ['write', 'truncate'], ['status']]) {
        const world = new World();
        const actor = world.start();
        const line = actor.log.line('shop');
        failing(actor, calls, code);
        const refused = line.append([unit(1)]);
        expect(refused).toMatchObject({
          stored: false,
          degraded: { code, message: expect.stringContaining(code) },
        });
        expect(line.pending).toBe(0);
        working(actor);
        await stored(line.append([unit(2)]));
        failing(actor, calls.includes('status') ? calls : ['write', 'truncate'], code);
        expect(line.append([unit(3)])).toMatchObject({ stored: false, degraded: { code } });
        working(actor);
        await stored(line.append([unit(4)]));
        expect([line.pending, line.points]).toEqual([2, 6]);
        expect(await drain(line)).toEqual([2, 4]);
        actor.log.close();
        expect(actor.files.openDescriptors).toBe(0);
      }
    },
  );

  test('leaves no half of an append, whoever reads it', async () => {
    const batch = 3 * '{"resourceMetrics":["2"],"points":2,"crc":"00000000"}\n'.length;
    for (let length = 1; length < batch; length += 7) {
      const world = new World();
      const actor = world.start();
      const line = actor.log.line('shop');
      stored(line.append([unit(1)]));
      let writes = 0;
      actor.files.shorten = () => length;
      actor.files.before = (call) => {
        if (call === 'write' && ++writes > 1) throw systemError('ENOSPC');
      };
      expect(line.append(units(2, 4)).stored).toBe(false);
      working(actor);
      stored(line.append([unit(5)]));
      actor.kill();
      const next = world.start();
      expect(await drainAdopted(next.log)).toEqual([1, 5]);
      expect(next.dropped).toEqual([]);
    }
  });

  test('gives up a segment that it cannot truncate back, and delivers what it had', async () => {
    const world = new World();
    const actor = world.start();
    const line = actor.log.line('shop');
    stored(line.append([unit(1)]));
    let writes = 0;
    actor.files.shorten = () => 20;
    actor.files.before = (call) => {
      if (call === 'truncate' || (call === 'write' && ++writes > 1)) throw systemError('EIO');
    };
    expect(line.append([unit(2)]).stored).toBe(false);
    working(actor);
    stored(line.append([unit(3)]));
    expect(segments(world).length).toBe(2);
    actor.kill();
    const next = world.start();
    expect(await drainAdopted(next.log)).toEqual([1, 3]);
    expect(next.dropped).toMatchObject([{ reason: 'torn', points: 0, bytes: 20 }]);
  });

  test('continues after a short write', async () => {
    const actor = new World().start();
    actor.files.shorten = (length) => Math.ceil(length / 3);
    const line = actor.log.line('shop');
    stored(line.append(units(1, 3)));
    expect(await drain(line)).toEqual([1, 2, 3]);
  });

  test('uses a directory that appears later', async () => {
    const actor = new World().start();
    const line = actor.log.line('shop');
    failing(actor, 'makeDirectory', 'EROFS');
    expect(line.append([unit(1)]).stored).toBe(false);
    expect(await actor.log.adopt()).toEqual([]);
    working(actor);
    stored(line.append([unit(1)]));
    expect(await drain(line)).toEqual([1]);
  });

  test('refuses what a codec cannot write', () => {
    const codec = {
      ...plainCodec,
      toLines: () => {
        throw new Error('malformed');
      },
    };
    const line = new World().start({ codec }).log.line('shop');
    expect(line.append([unit(1)])).toMatchObject({ stored: false, degraded: { code: 'OSTINATO_LOG' } });
  });

  test('is one that is closed', async () => {
    const { log } = new World().start();
    const line = log.line('shop');
    log.close();
    log.close();
    expect(line.append([unit(1)])).toMatchObject({
      stored: false,
      degraded: { code: 'OSTINATO_LOG_CLOSED' },
    });
    expect(await line.peek()).toBeUndefined();
    expect(await log.adopt()).toEqual([]);
  });
});

describe('a log that cannot be read', () => {
  test('answers nothing and keeps the unit, and works again when it can', async () => {
    for (const calls of [['open read'], ['read']]) {
      const actor = new World().start();
      const line = actor.log.line('shop');
      stored(line.append(units(1, 2)));
      failing(actor, calls, 'EMFILE');
      expect(await line.peek()).toBeUndefined();
      expect(line.pending).toBe(2);
      working(actor);
      expect(await drain(line)).toEqual([1, 2]);
      expect(actor.dropped).toEqual([]);
    }
  });

  test('skips a segment that the disk cannot read, and says so', async () => {
    const world = new World();
    const actor = world.start({ segmentBytes: 1 });
    const line = actor.log.line('shop');
    for (const one of units(1, 3)) stored(line.append([one]));
    actor.files.before = (call, path) => {
      if (call === 'open read' && path?.endsWith('00000002.jsonl')) throw systemError('EIO');
    };
    expect(await drain(line)).toEqual([1, 3]);
    expect(actor.dropped).toMatchObject([{ reason: 'damaged', points: 2 }]);
    expect(line.pending).toBe(0);
  });
});

describe('a directory that somebody removes', () => {
  test('costs what was in it, says so, and is made again', async () => {
    for (const path of ['/', '/log']) {
      const world = new World();
      const actor = world.start();
      const line = actor.log.line('shop');
      stored(line.append(units(1, 3)));
      await line.peek();
      const node = world.disk.node(path);
      if (node?.kind !== 'directory') throw new Error('no directory');
      node.entries.clear();
      stored(line.append([unit(9)]));
      expect(actor.dropped).toMatchObject([{ reason: 'removed', points: 2 + 3 }]);
      line.acknowledge();
      expect([line.pending, await drain(line)]).toEqual([1, [9]]);
    }
  });

  test('is noticed when the lease is renewed, and when it is read', async () => {
    for (const notice of ['renewal', 'peek']) {
      const world = new World();
      const actor = world.start();
      const line = actor.log.line('shop');
      stored(line.append(units(1, 3)));
      (world.disk.node('/') as { entries: Map<string, unknown> }).entries.clear();
      if (notice === 'renewal') actor.timers.fire();
      else expect(await line.peek()).toBeUndefined();
      expect(actor.dropped).toMatchObject([{ reason: 'removed', points: 6 }]);
      expect([line.pending, line.bytes]).toEqual([0, 0]);
    }
  });
});

describe('bounds', () => {
  test('drop the oldest segments of all lines, and count their points as lost', async () => {
    const world = new World();
    const actor = world.start({ segmentBytes: 1, maxBytes: 1500 });
    const [shop, till] = [actor.log.line('shop'), actor.log.line('till')];
    let number = 0;
    while (actor.dropped.length < 4) {
      stored((number % 2 ? till : shop).append([unit(++number)]));
      world.time++;
      expect(actor.log.bytes).toBeLessThanOrEqual(1500);
    }
    expect(actor.dropped).toMatchObject([1, 2, 3, 4].map((points) => ({ reason: 'bytes', points })));
    const left = [...(await drain(shop)), ...(await drain(till))].sort((a, b) => a - b);
    expect(left).toEqual(Array.from({ length: number - 4 }, (_, index) => index + 5));
  });

  test('leave a unit that is being delivered with who has it', async () => {
    const actor = new World().start({ segmentBytes: 1, maxBytes: 1000 });
    const line = actor.log.line('shop');
    stored(line.append(units(1, 2)));
    const head = await line.peek();
    while (actor.dropped.length === 0) stored(line.append([unit(7)]));
    expect(actor.dropped).toMatchObject([{ reason: 'bytes', points: 2 }]);
    expect(await line.peek()).toBe(head);
    const { pending, points } = line;
    line.acknowledge();
    expect([line.pending, line.points]).toEqual([pending - 1, points - 1]);
    expect(numberOf(await line.peek())).toBe(7);
  });

  test('leave alone what follows a unit that is being delivered when its segment goes', async () => {
    const actor = new World().start({ segmentBytes: 1, maxBytes: 1000 });
    const line = actor.log.line('shop');
    stored(line.append([unit(1)]));
    await line.peek();
    let number = 1;
    while (line.bytes < 700) stored(line.append([unit(++number)]));
    stored(line.append([unit(++number, 'shop', 400)]));
    const pending = line.pending - 1;
    line.acknowledge();
    expect(line.pending).toBe(pending);
    const left = await drain(line);
    expect(left.length).toBe(pending);
    expect(left.at(-1)).toBe(number);
  });

  test('lose a unit whose segment went while it was being delivered, if the log closes before it was', async () => {
    const actor = new World().start({ segmentBytes: 1, maxBytes: 1000 });
    const line = actor.log.line('shop');
    stored(line.append([unit(3)]));
    await line.peek();
    while (line.bytes < 700) stored(line.append([unit(1)]));
    stored(line.append([unit(5, 'shop', 400)]));
    expect(actor.dropped.map(({ points }) => points)).not.toContain(3);
    const { points } = line;
    actor.log.close();
    expect(actor.dropped.at(-1)).toMatchObject({ reason: 'bytes', points: 3 });
    expect(line.points).toBe(points - 3);
  });

  test('of one or two segments still drop the oldest only', () => {
    const actor = new World().start({ maxBytes: 16_000 });
    const line = actor.log.line('shop');
    let number = 0;
    while (actor.dropped.length === 0) stored(line.append([unit(++number, 'shop', 200)]));
    expect(line.bytes).toBeGreaterThan(14_000);
  });

  test('drop a segment while it is read', async () => {
    const actor = new World().start({ segmentBytes: 1, maxBytes: 1000 });
    const line = actor.log.line('shop');
    stored(line.append([unit(1)]));
    const reading = line.peek();
    while (actor.dropped.length === 0) stored(line.append([unit(7)]));
    expect(numberOf(await reading)).toBe(7);
    await drain(line);
    expect(actor.files.openDescriptors).toBe(0);
    expect(actor.files.closedWhileBusy).toBe(0);
  });

  test('refuse an append that is larger than all', () => {
    const actor = new World().start({ maxBytes: 300 });
    const line = actor.log.line('shop');
    stored(line.append([unit(1)]));
    expect(line.append([unit(2, 'shop', 300)])).toMatchObject({
      stored: false,
      degraded: { code: 'OSTINATO_LOG_FULL' },
    });
    expect([line.pending, actor.dropped]).toEqual([1, []]);
  });

  test('drop what is too old, when the lease is renewed', async () => {
    const world = new World();
    const hour = 3_600_000;
    const actor = world.start({ maxAgeMillis: 24 * hour });
    const line = actor.log.line('shop');
    for (let number = 1; number <= 4; number++) {
      stored(line.append([unit(number)]));
      world.time += 8 * hour;
      actor.timers.fire();
    }
    expect(actor.dropped).toMatchObject([{ reason: 'age', points: 1 }]);
    expect(await drain(line)).toEqual([2, 3, 4]);
  });
});

describe('damage', () => {
  function damaged(change: (bytes: Buffer) => Buffer | string, segmentBytes?: number) {
    const world = new World();
    const actor = world.start(segmentBytes ? { segmentBytes } : {});
    const line = actor.log.line('shop');
    for (const one of units(1, 5)) stored(line.append([one]));
    actor.kill();
    const node = world.disk.node(segments(world)[0]!);
    if (node?.kind !== 'file') throw new Error('no segment');
    node.bytes = Buffer.from(change(node.bytes));
    return { world, next: world.start() };
  }

  test('costs a changed line, and none of what follows', async () => {
    const { next } = damaged((bytes) => {
      bytes[bytes.indexOf('"3"') + 1] = '4'.charCodeAt(0);
      return bytes;
    });
    expect(await drainAdopted(next.log)).toEqual([1, 2, 4, 5]);
    expect(next.dropped).toMatchObject([{ reason: 'damaged', points: 3 }]);
  });

  test('of any one byte costs at most the two lines that it is between, and makes none up', async () => {
    const { world } = damaged((bytes) => bytes);
    const size = world.disk.files().get(segments(world)[0]!)!.length;
    for (let at = 0; at < size; at++) {
      const { next } = damaged((bytes) => {
        bytes[at]! ^= 0x21;
        return bytes;
      });
      const found = await drainAdopted(next.log);
      expect(found).toEqual([1, 2, 3, 4, 5].filter((number) => found.includes(number)));
      expect(found.length).toBeGreaterThanOrEqual(3);
      expect(found.length === 5 || next.dropped.length > 0).toBe(true);
    }
  });

  test('costs the header nothing but the resource', async () => {
    const { next } = damaged((bytes) => bytes.fill('x', 0, 30));
    const [line] = await next.log.adopt();
    expect(line!.resource).toBe('');
    expect(await drain(line!)).toEqual([1, 2, 3, 4, 5]);
    expect(next.dropped).toMatchObject([{ reason: 'damaged', points: 0 }]);
  });

  test('of one header leaves the resource in the next', async () => {
    const { next } = damaged((bytes) => bytes.fill('x', 0, 30), 1);
    expect((await next.log.adopt()).map((line) => line.resource)).toEqual(['shop']);
  });

  test('of a torn end costs no more than the torn end', async () => {
    const whole = damaged((bytes) => bytes);
    const length = whole.world.disk.files().get(segments(whole.world)[0]!)!.length;
    for (let cut = 1; cut < length; cut++) {
      const { world, next } = damaged((bytes) => bytes.subarray(0, cut));
      const left = world.disk.files().get(segments(world)[0]!)!.toString();
      const lines = left
        .split('\n')
        .slice(1)
        .filter((line) => /"crc":"[0-9a-f]{8}"\}$/.test(line)).length;
      expect(await drainAdopted(next.log)).toEqual([1, 2, 3, 4, 5].slice(0, lines));
      const torn = next.dropped.filter(({ reason }) => reason === 'torn');
      expect(torn.length).toBe(/crc":"[0-9a-f]{8}"\}\n?$/.test(left) ? 0 : 1);
      expect(segments(world)).toEqual([]);
    }
  });

  test('of a last newline costs nothing', async () => {
    const { next } = damaged((bytes) => bytes.subarray(0, -1));
    const [line] = await next.log.adopt();
    expect(line!.pending).toBe(5);
    expect(await drain(line!)).toEqual([1, 2, 3, 4, 5]);
    expect(next.dropped).toEqual([]);
  });

  test('is reported once, also when the log cannot be read further then', async () => {
    const world = new World();
    const actor = world.start();
    const line = actor.log.line('shop');
    stored(line.append([unit(1), unit(2, 'shop', 1_200_000)]));
    const node = world.disk.node(segments(world)[0]!);
    if (node?.kind !== 'file') throw new Error('no segment');
    node.bytes[node.bytes.indexOf('"1"') + 1] = '9'.charCodeAt(0);
    let reads = 0;
    actor.files.before = (call) => {
      if (call === 'read' && ++reads > 1) throw systemError('EMFILE');
    };
    expect(await line.peek()).toBeUndefined();
    working(actor);
    expect(await drain(line)).toEqual([2]);
    expect(actor.dropped).toMatchObject([{ reason: 'damaged', points: 1 }]);
  });

  test.each([
    ['an empty segment', () => ''],
    ['garbage', () => 'hello\nworld\n'],
    ['zeros', () => Buffer.alloc(10_000)],
    ['newlines', () => '\n\n\n\n'],
  ])('that leaves %s is skipped', async (_, change) => {
    const { world, next } = damaged(change);
    expect(await next.log.adopt()).toEqual([]);
    expect(segments(world)).toEqual([]);
    next.log.close();
    const left = [...world.disk.files().keys()];
    expect(left.filter((path) => !path.startsWith('/log/damaged/'))).toEqual([]);
  });

  test('that joins lines to one of any length costs those, in bounded memory', async () => {
    const world = new World();
    const actor = world.start();
    const line = actor.log.line('shop');
    const large = (number: number) => unit(number, 'shop', 900_000);
    for (let number = 1; number <= 8; number++) stored(line.append([large(number)]));
    actor.kill();
    const node = world.disk.node(segments(world)[0]!);
    if (node?.kind !== 'file') throw new Error('no segment');
    const starts = [...node.bytes.keys()].filter((at) => node.bytes[at] === 10);
    for (const at of starts.slice(1, 7)) node.bytes[at] = 32;
    const next = world.start();
    expect(await drainAdopted(next.log)).toEqual([8]);
    expect(next.dropped.reduce((sum, { bytes }) => sum + bytes, 0)).toBeGreaterThan(6 * 900_000);
  });

  test('that a codec finds in an intact line costs that line', async () => {
    const world = new World();
    const codec = {
      ...plainCodec,
      fromLine: (json: string) => {
        if (json.includes('"2"')) throw new Error('malformed');
        return plainCodec.fromLine(json);
      },
    };
    const actor = world.start({ codec });
    const line = actor.log.line('shop');
    stored(line.append(units(1, 3)));
    expect(await drain(line)).toEqual([1, 3]);
    expect(actor.dropped).toMatchObject([{ reason: 'damaged', points: 2 }]);
    expect(line.pending).toBe(0);
  });
});
