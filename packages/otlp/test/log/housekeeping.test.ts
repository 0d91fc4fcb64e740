import { gunzipSync } from 'node:zlib';
import { fromLine, toLines } from '../../src/encode/json-lines.ts';
import type { LogLine } from '../../src/log/log.ts';
import type { LogOptions } from '../../src/log/open.ts';
import type { Unit } from '../../src/unit.ts';
import { systemError } from './memory-disk.ts';
import { type Sample, samplesOf, sumUnit, unitOf } from './otlp-units.ts';
import { type Actor, drain, drainAdopted, unit, World } from './world.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

function paths(world: World): string[] {
  return [...world.disk.files().keys()].filter((path) => /\.jsonl/.test(path)).sort();
}

function names(world: World): string[] {
  return paths(world).map((path) => path.replace(/.*\//, ''));
}

/** Units of which four are a segment of more than 4,096 bytes. */
const large = (number: number) => unit(number, 'shop', 1500);

function fill(line: LogLine, from: number, to: number): void {
  for (let number = from; number <= to; number++) {
    const result = line.append([large(number)]);
    if (!result.stored) throw new Error(result.degraded.message);
  }
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const small = { segmentBytes: 6000 };

describe('closed segments', () => {
  test('are packed, but for the one that is read and the one that is written', async () => {
    const world = new World();
    const actor = world.start(small);
    const line = actor.log.line('shop');
    fill(line, 1, 14);
    const before = new Map(world.disk.files());
    const { bytes, pending, points } = line;
    await actor.timers.fire();
    expect(names(world)).toEqual([
      '00000001.jsonl',
      '00000002.jsonl.gz',
      '00000003.jsonl.gz',
      '00000004.jsonl',
    ]);
    for (const path of paths(world).filter((one) => one.endsWith('.gz'))) {
      expect(gunzipSync(world.disk.files().get(path)!)).toEqual(before.get(path.replace('.gz', '')));
    }
    expect(line.bytes).toBeLessThan(bytes - 8000);
    expect(line.bytes).toBe(
      paths(world).reduce((sum, path) => sum + world.disk.files().get(path)!.length, 0),
    );
    expect([line.pending, line.points]).toEqual([pending, points]);
    expect(await drain(line)).toEqual(numbers(1, 14));
    expect(actor.dropped).toEqual([]);
    expect(actor.files.openDescriptors).toBe(0);
    expect(actor.files.closedWhileBusy).toBe(0);
    actor.log.close();
    expect([...world.disk.files().keys()]).toEqual([]);
  });

  test('that are small stay plain: a file takes a block in any case', async () => {
    const world = new World();
    const actor = world.start({ segmentBytes: 300 });
    const line = actor.log.line('shop');
    for (let number = 1; number <= 9; number++) line.append([unit(number)]);
    await actor.timers.fire();
    expect(names(world).some((name) => name.endsWith('.gz'))).toBe(false);
  });

  test('keep their age when they are packed', async () => {
    const world = new World();
    const actor = world.start(small);
    fill(actor.log.line('shop'), 1, 9);
    world.time += 3_600_000;
    await actor.timers.fire();
    const packed = paths(world).find((path) => path.endsWith('.gz'))!;
    expect(world.disk.view().status(packed)?.modified).toBe(world.time - 3_600_000);
  });

  test('are adopted packed, and continue at the cursor wherever in them it stands', async () => {
    for (let acknowledged = 0; acknowledged <= 14; acknowledged++) {
      const world = new World();
      const actor = world.start(small);
      const line = actor.log.line('shop');
      fill(line, 1, 14);
      await actor.timers.fire();
      for (let step = 0; step < acknowledged; step++) {
        await line.peek();
        line.acknowledge();
      }
      actor.kill();
      const heir = world.start();
      const [adopted] = await heir.log.adopt();
      const left = numbers(acknowledged + 1, 14);
      expect([adopted?.pending ?? 0, adopted?.resource ?? 'shop']).toEqual([left.length, 'shop']);
      expect(adopted ? await drain(adopted) : []).toEqual(left);
      heir.log.close();
      expect(world.disk.files().size).toBe(0);
      expect(heir.dropped).toEqual([]);
    }
  });

  test('of an adopted line are packed too', async () => {
    const world = new World();
    const actor = world.start(small);
    fill(actor.log.line('shop'), 1, 16);
    actor.kill();
    const heir = world.start(small);
    const [line] = await heir.log.adopt();
    await heir.timers.fire();
    expect(names(world).filter((name) => name.endsWith('.gz')).length).toBe(3);
    expect(await drain(line!)).toEqual(numbers(1, 16));
  });

  test('are read and acknowledged while they are packed, at any moment', async () => {
    for (let moment = 0; moment < 40; moment++) {
      const world = new World();
      const actor = world.start(small);
      const line = actor.log.line('shop');
      fill(line, 1, 14);
      const housekeeping = actor.timers.fire();
      for (let wait = 0; wait < moment; wait++) await (wait % 3 ? undefined : turn());
      expect(await drain(line)).toEqual(numbers(1, 14));
      await housekeeping;
      actor.log.close();
      expect([...world.disk.files().keys()]).toEqual([]);
      expect(actor.dropped).toEqual([]);
      expect([actor.files.openDescriptors, actor.files.closedWhileBusy]).toEqual([0, 0]);
    }
  });

  test('are left whole when the log is closed while they are packed, at any moment', async () => {
    for (let moment = 0; moment < 40; moment++) {
      const world = new World();
      const actor = world.start(small);
      fill(actor.log.line('shop'), 1, 14);
      const housekeeping = actor.timers.fire();
      for (let wait = 0; wait < moment; wait++) await (wait % 3 ? undefined : turn());
      actor.log.close();
      const heir = world.start();
      expect(await drainAdopted(heir.log)).toEqual(numbers(1, 14));
      await housekeeping;
      heir.log.close();
      expect([...world.disk.files().keys()]).toEqual([]);
      expect([...actor.dropped, ...heir.dropped]).toEqual([]);
      expect([actor.files.openDescriptors, heir.files.openDescriptors]).toEqual([0, 0]);
    }
  });

  test.each(['create', 'write', 'sync', 'rename', 'syncDirectory', 'touch', 'open read', 'read'])(
    'stay as they are while %s fails, and are packed when it works again',
    async (failing) => {
      const world = new World();
      const actor = world.start(small);
      const line = actor.log.line('shop');
      fill(line, 1, 14);
      const before = names(world);
      actor.files.before = (call, path) => {
        if (call === failing && !path?.endsWith('lease.json')) throw systemError('ENOSPC');
      };
      await actor.timers.fire();
      if (failing !== 'touch') expect(names(world)).toEqual(before);
      expect([...world.disk.files().keys()].filter((path) => path.endsWith('.tmp'))).toEqual([]);
      actor.files.before = () => {};
      await actor.timers.fire();
      expect(names(world).filter((name) => name.endsWith('.gz')).length).toBe(2);
      expect(await drain(line)).toEqual(numbers(1, 14));
      expect(actor.files.openDescriptors).toBe(0);
      expect(actor.dropped).toEqual([]);
    },
  );

  test('whose plain file cannot be removed stay plain, and are there once', async () => {
    const world = new World();
    const actor = world.start(small);
    const line = actor.log.line('shop');
    fill(line, 1, 14);
    actor.files.before = (call, path) => {
      if (call === 'remove' && path?.endsWith('.jsonl')) throw systemError('EACCES');
    };
    await actor.timers.fire();
    actor.files.before = () => {};
    expect(await drain(line)).toEqual(numbers(1, 14));
  });

  test('are given up with the line, when another process takes it while they are packed', async () => {
    const world = new World();
    const sleeper = world.start(small);
    const line = sleeper.log.line('shop');
    fill(line, 1, 14);
    let taken: Promise<number[]> | undefined;
    world.time += 61_000;
    const taker = world.start(small);
    sleeper.files.before = (call, path) => {
      if (call === 'rename' && path?.endsWith('.tmp')) taken ??= drainAdopted(taker.log);
    };
    await sleeper.timers.fire();
    // Its lease was renewed before it began, so nobody takes it.
    expect(await taken).toEqual([]);
    sleeper.kill();
    expect(await drainAdopted(world.start().log)).toEqual(numbers(1, 14));
  });
});

describe('a damaged packed segment', () => {
  async function damaged(
    change: (bytes: Buffer) => Buffer,
  ): Promise<{ found: number[]; heir: Actor; world: World }> {
    const world = new World();
    const actor = world.start({ segmentBytes: 600_000 });
    const line = actor.log.line('shop');
    // Random, so that much of the packed file stands for little.
    for (let number = 1; number <= 3; number++) line.append([unit(number)]);
    for (let number = 4; number <= 400; number++) line.append([randomUnit(number)]);
    await actor.timers.fire();
    actor.kill();
    const path = paths(world).find((one) => one.endsWith('00000002.jsonl.gz'))!;
    const node = world.disk.node(path);
    if (node?.kind !== 'file') throw new Error('no segment');
    node.bytes = Buffer.from(change(node.bytes));
    const heir = world.start();
    const found = await drainAdopted(heir.log);
    heir.log.close();
    return { found, heir, world };
  }

  function randomUnit(number: number): Unit {
    let seed = number;
    const noise = Array.from({ length: 600 }, () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed.toString(36);
    }).join('');
    return { bytes: Buffer.from(`${number} ${noise}`), points: number, resource: 'shop' };
  }

  const firsts = async (change: (bytes: Buffer) => Buffer) => {
    const { found, heir } = await damaged(change);
    return { found: found.map((one) => (Number.isNaN(one) ? -1 : one)), dropped: heir.dropped };
  };

  test('that was cut off gives what is before the cut, and says how much is lost', async () => {
    const whole = await firsts((bytes) => bytes);
    expect(whole.dropped).toEqual([]);
    const cut = await firsts((bytes) => bytes.subarray(0, bytes.length >> 1));
    const lost = whole.found.length - cut.found.length;
    expect(lost).toBeGreaterThan(10);
    expect(lost).toBeLessThan(whole.found.length - 100);
    expect(cut.dropped.map(({ reason }) => reason)).toContain('damaged');
  });

  test('with a changed byte loses no other segment', async () => {
    const changed = await firsts((bytes) => {
      bytes[bytes.length >> 1]! ^= 0xff;
      return bytes;
    });
    expect(changed.dropped.map(({ reason }) => reason)).toContain('damaged');
    expect(changed.found.length).toBeGreaterThan(100);
  });

  test.each([
    ['empty', () => Buffer.alloc(0)],
    ['no gzip at all', () => Buffer.from('hello')],
    ['zeros', () => Buffer.alloc(100_000)],
  ])('that is %s costs itself', async (_, change) => {
    const { found, dropped } = await firsts(change);
    expect(found.length).toBeGreaterThan(100);
    expect(dropped.length).toBeLessThanOrEqual(1);
  });
});

describe('a process that is killed while it keeps house', () => {
  /** Packs the segments of a dead process, and thins them when there is too much. */
  async function live(world: World, options: Partial<LogOptions>, killAt: number): Promise<Actor> {
    const dead = world.start({ ...small, codec: { toLines, fromLine }, fsync: 'always' });
    const shop = dead.log.line('shop');
    for (let time = 1; time <= 16; time++) {
      shop.append([sumUnit([{ series: 'a', time, value: time }, ...ended(time)], 2, 1500)]);
    }
    dead.kill();
    const actor = world.start({ ...small, codec: { toLines, fromLine }, ...options });
    const [line] = await actor.log.adopt();
    await line!.peek();
    const start = actor.files.calls;
    actor.files.before = (_call, _path, count) => {
      if (count < start + killAt) return;
      actor.kill();
      throw systemError('KILLED');
    };
    await actor.timers.fire();
    return actor;
  }

  /** A series that ends early: its last point must never go. */
  const ended = (time: number): Sample[] => (time <= 9 ? [{ series: 'b', time, value: time * 10 }] : []);

  async function recovered(world: World): Promise<Sample[]> {
    world.time += 61_000;
    const heir = world.start({ codec: { toLines, fromLine } });
    const samples: Sample[] = [];
    for (const line of await heir.log.adopt()) {
      for (let one = await line.peek(); one; one = await line.peek()) {
        samples.push(...samplesOf(one));
        line.acknowledge();
      }
    }
    heir.log.close();
    expect(heir.dropped).toEqual([]);
    expect([...world.disk.files().keys()]).toEqual([]);
    return samples;
  }

  test.each([
    ['packs', {}],
    ['packs and thins', { maxBytes: 3000 }],
  ])('at any call while it %s leaves one copy of all that counts', async (what, options) => {
    let calls = 0;
    let thinned = 0;
    for (let call = 1, killed = true; killed; call++) {
      const world = new World();
      const actor = await live(world, options, call);
      killed = actor.files.killed;
      if (!killed) actor.kill();
      calls = call;
      const samples = await recovered(world);
      const times = samples.filter(({ series }) => series === 'a').map(({ time }) => time);
      expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
      expect(times.at(-1)).toBe(16);
      expect(samples.filter(({ series }) => series === 'b').at(-1)).toMatchObject({ time: 9, value: 90 });
      if (what === 'packs') expect(times).toEqual(numbers(1, 16));
      thinned = Math.max(thinned, 16 - times.length);
    }
    expect(calls).toBeGreaterThan(40);
    expect(thinned > 0).toBe(what !== 'packs');
  });

  test('by a power failure, at any call, leaves one copy too', async () => {
    for (let call = 1, killed = true; killed; call += 3) {
      const world = new World();
      const actor = await live(world, { maxBytes: 3000 }, call);
      killed = actor.files.killed;
      actor.kill();
      world.disk.losePower();
      const samples = await recovered(world);
      const times = samples.filter(({ series }) => series === 'a').map(({ time }) => time);
      expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
      expect(times.at(-1)).toBe(16);
      expect(samples.filter(({ series }) => series === 'b').at(-1)).toMatchObject({ time: 9 });
    }
  });
});

describe('a log that is too large', () => {
  const codec = { toLines, fromLine };
  async function samplesIn(line: LogLine): Promise<Sample[]> {
    const samples: Sample[] = [];
    for (let one = await line.peek(); one; one = await line.peek()) {
      samples.push(...samplesOf(one));
      line.acknowledge();
    }
    return samples;
  }
  /** A log with these units that has just been found, and is larger than it may be. */
  async function found(units: readonly Unit[], segmentBytes: number, maxBytes: number) {
    const world = new World();
    const dead = world.start({ segmentBytes, codec });
    for (const one of units) expect(dead.log.line('shop').append([one]).stored).toBe(true);
    dead.kill();
    const actor = world.start({ codec, maxBytes });
    const [line] = await actor.log.adopt();
    return { world, actor, line: line! };
  }
  const times = (samples: readonly Sample[], series: string) =>
    samples.filter((one) => one.series === series).map(({ time }) => time);

  test('loses resolution of cumulative series, the same everywhere, and no total', async () => {
    const world = new World();
    const actor = world.start({ segmentBytes: 4200, codec, maxBytes: 24_000 });
    const line = actor.log.line('shop');
    for (let time = 1; time <= 400; time++) {
      const b: Sample[] = time <= 30 ? [{ series: 'b', time, value: 7 * time }] : [];
      expect(line.append([sumUnit([{ series: 'a', time, value: time }, ...b])]).stored).toBe(true);
      world.time++;
      if (time % 5 === 0) await actor.timers.fire();
    }
    expect(line.bytes).toBeLessThanOrEqual(24_000);
    const thinned = actor.dropped.reduce((sum, { points }) => sum + points, 0);
    expect(actor.dropped.every(({ reason }) => reason === 'thinned')).toBe(true);
    expect(line.points).toBe(430 - thinned);
    const samples = await samplesIn(line);
    expect(samples.length).toBe(430 - thinned);
    expect(times(samples, 'a').at(-1)).toBe(400);
    expect(samples.filter(({ series }) => series === 'b').at(-1)).toMatchObject({ time: 30, value: 210 });
    const a = times(samples, 'a');
    expect(a).toEqual([...a].sort((x, y) => x - y));
    // No hole is much larger than the others.
    const gaps = a.slice(1).map((time, i) => time - a[i]!);
    expect(Math.max(...gaps)).toBeLessThan(64);
    expect(actor.files.openDescriptors).toBe(0);
  });

  test('keeps the last point of each start, the zero it starts from, and the mark of its end', async () => {
    const samples: Sample[] = [];
    for (let time = 1; time <= 60; time++) {
      const start = time <= 20 ? 0 : 20;
      samples.push({ series: 'a', time, start, value: time - start });
    }
    samples[20] = { series: 'a', time: 20, start: 20, value: 0 };
    samples.push({ series: 'a', time: 61, start: 20, value: Number.NaN, flags: 1 });
    const { actor, line } = await found(
      samples.map((one) => sumUnit([one])),
      5000,
      1000,
    );
    await actor.timers.fire();
    const left = await samplesIn(line);
    expect(left.length).toBeLessThan(55);
    for (const one of [samples[19], samples[20], samples[59], samples[60]]) expect(left).toContainEqual(one);
    expect(actor.dropped.map(({ reason }) => reason)).toContain('thinned');
  });

  test('drops the oldest of deltas, and counts it as lost', async () => {
    const world = new World();
    const actor = world.start({ segmentBytes: 1000, codec, maxBytes: 8000 });
    const line = actor.log.line('shop');
    for (let time = 1; time <= 60; time++) {
      line.append([sumUnit([{ series: 'a', time, value: 1 }], 1)]);
      world.time++;
    }
    await actor.timers.fire();
    const left = times(await samplesIn(line), 'a');
    expect(left).toEqual(numbers(61 - left.length, 60));
    expect(actor.dropped.every(({ reason }) => reason === 'bytes')).toBe(true);
    expect(actor.dropped.reduce((sum, { points }) => sum + points, 0)).toBe(60 - left.length);
  });

  test('leaves alone what is being sent, and goes on where that ends', async () => {
    const units = numbers(1, 70).map((time) => sumUnit([{ series: 'a', time, value: time }]));
    const { actor, line } = await found(units, 20_000, 2000);
    for (let step = 0; step < 5; step++) {
      await line.peek();
      line.acknowledge();
    }
    const head = await line.peek();
    await actor.timers.fire();
    expect(actor.dropped.map(({ reason }) => reason)).toContain('thinned');
    const { points } = line;
    expect(await line.peek()).toBe(head);
    line.acknowledge();
    expect(line.points).toBe(points - 1);
    const left = times(await samplesIn(line), 'a');
    expect(left.slice(0, 3)).toEqual([7, 9, 11]);
    expect(left.at(-1)).toBe(70);
    expect(left.length).toBe(points - 1);
    expect(actor.dropped.every(({ reason }) => reason === 'thinned')).toBe(true);
  });

  test('leaves the cursor where it was: an heir goes on with what was being sent', async () => {
    const units = numbers(1, 70).map((time) => sumUnit([{ series: 'a', time, value: time }]));
    const { world, actor, line } = await found(units, 20_000, 2000);
    for (let step = 0; step < 5; step++) {
      await line.peek();
      line.acknowledge();
    }
    await line.peek();
    await actor.timers.fire();
    actor.kill();
    const heir = world.start({ codec });
    const [adopted] = await heir.log.adopt();
    const left = times(await samplesIn(adopted!), 'a');
    expect(left.slice(0, 3)).toEqual([6, 7, 9]);
    expect(left.at(-1)).toBe(70);
    expect(heir.dropped).toEqual([]);
  });

  test('is delivered while it is thinned, from any moment on', async () => {
    const units = numbers(1, 70).map((time) => sumUnit([{ series: 'a', time, value: time }]));
    for (let moment = 0; moment < 60; moment++) {
      const { actor, line } = await found(units, 6000, 2000);
      const housekeeping = actor.timers.fire();
      const sent: number[] = [];
      for (let one = await line.peek(); one; one = await line.peek()) {
        sent.push(...samplesOf(one).map(({ time }) => time));
        // At once, or more or less slowly from some point on.
        for (let wait = 0; sent.length > moment >> 1 && wait < moment % 4; wait++) await turn();
        line.acknowledge();
      }
      await housekeeping;
      expect(sent).toEqual([...new Set(sent)].sort((a, b) => a - b));
      expect(sent.at(-1)).toBe(70);
      const thinned = actor.dropped.reduce((sum, { points }) => sum + points, 0);
      expect(sent.length + thinned).toBe(70);
      expect(actor.dropped.every(({ reason }) => reason === 'thinned')).toBe(true);
      expect([line.pending, line.points, line.bytes]).toEqual([0, 0, 0]);
      expect([actor.files.openDescriptors, actor.files.closedWhileBusy]).toEqual([0, 0]);
    }
  });

  test('of gauges and histograms that are cumulative is thinned; delta metrics beside them stay', async () => {
    const units: Unit[] = [];
    for (let time = 1; time <= 20; time++) {
      const dataPoints = [
        { timeUnixNano: String(time), startTimeUnixNano: '0', count: '1', bucketCounts: ['1'], sum: time },
      ];
      const gauge = [{ timeUnixNano: String(time), asDouble: time }];
      units.push(
        unitOf({ name: 'h', histogram: { dataPoints, aggregationTemporality: 2 } }, 1),
        unitOf({ name: 'g', gauge: { dataPoints: gauge } }, 1),
        sumUnit([{ series: 'delta', time, value: 1 }], 1),
      );
    }
    const { actor, line } = await found(units, 12_000, 1000);
    await actor.timers.fire();
    const left = await samplesIn(line);
    expect(left.filter(({ series }) => series === 'delta').length).toBe(20);
    const gauges = left.filter(({ series }) => series === '');
    expect(gauges.length).toBeLessThan(20);
    expect(gauges.at(-1)).toMatchObject({ time: 20 });
  });
});

describe('a log that is too old', () => {
  const codec = { toLines, fromLine };
  const hour = 3_600_000;

  test('keeps the last point of each cumulative series, and loses deltas', async () => {
    const world = new World();
    const actor = world.start({ codec, maxAgeMillis: 24 * hour });
    const line = actor.log.line('shop');
    for (let at = 1; at <= 30; at++) {
      const ended: Sample[] = at <= 3 ? [{ series: 'ended', time: at, value: at }] : [];
      line.append([
        sumUnit([{ series: 'a', time: at, value: at }, ...ended]),
        sumUnit([{ series: 'delta', time: at, value: 1 }], 1),
      ]);
      world.time += hour;
      await actor.timers.fire();
    }
    const reasons = (reason: string) =>
      actor.dropped.filter((one) => one.reason === reason).reduce((sum, { points }) => sum + points, 0);
    const left: Sample[] = [];
    for (let one = await line.peek(); one; one = await line.peek()) {
      left.push(...samplesOf(one));
      line.acknowledge();
    }
    const of = (series: string) => left.filter((one) => one.series === series).map(({ time }) => time);
    expect(of('ended')).toEqual([3]);
    expect(of('a').at(-1)).toBe(30);
    expect(of('a').length).toBeLessThan(30);
    expect(of('delta').length).toBe(30 - reasons('age'));
    expect(of('delta')[0]).toBe(31 - of('delta').length);
    expect(of('delta').length).toBeLessThanOrEqual(26);
    expect(left.length).toBe(63 - reasons('age') - reasons('thinned'));
  });
});
