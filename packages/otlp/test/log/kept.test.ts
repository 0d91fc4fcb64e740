import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setGlobalRecorder } from '@ostinato/core';
import { DebuggingRecorder, ManualClock } from '@ostinato/testing';
import { OtlpMetricExporter } from '../../src/exporter.ts';
import type { Dropped } from '../../src/log/context.ts';
import { isIntact, pointsOf } from '../../src/log/format.ts';
import { openLog } from '../../src/log/open.ts';
import { FakeTransport, REFUSED, Rig } from '../support/rig.ts';
import { systemError } from './memory-disk.ts';
import { drain, drainAdopted, plainCodec, unit, units, World } from './world.ts';

function kept(world: World, kind: 'rejected' | 'damaged'): Map<string, Buffer> {
  return new Map([...world.disk.files()].filter(([path]) => path.startsWith(`/log/${kind}/`)));
}

const textOf = (world: World, kind: 'rejected' | 'damaged') =>
  [...kept(world, kind).values()].map((bytes) => bytes.toString()).join('');

describe('what the receiver refused for good', () => {
  test('is kept as lines that can be sent again, with the reason', () => {
    const world = new World();
    const { log } = world.start();
    expect(log.keepRejected(unit(1), 'INVALID_ARGUMENT: "bad"')).toBe(true);
    expect(log.keepRejected(unit(2, 'till'), 'UNKNOWN')).toBe(true);
    const lines = textOf(world, 'rejected').trimEnd().split('\n');
    expect(lines.every((line) => isIntact(Buffer.from(line)))).toBe(true);
    expect(lines.map((line) => pointsOf(Buffer.from(line)))).toEqual([undefined, 1, 2]);
    expect(JSON.parse(lines[1]!)).toMatchObject({
      resourceMetrics: ['1'],
      rejected: { time: world.time, cause: 'INVALID_ARGUMENT: "bad"' },
    });
  });

  test('is not adopted, and stays when its process has ended', async () => {
    const world = new World();
    const actor = world.start();
    actor.log.keepRejected(unit(1), 'why');
    actor.log.close();
    const heir = world.start();
    expect(await drainAdopted(heir.log)).toEqual([]);
    heir.log.close();
    expect([...world.disk.files().keys()]).toEqual([...kept(world, 'rejected').keys()]);
    expect(kept(world, 'rejected').size).toBe(1);
  });

  test('is bounded, for all processes together: the oldest goes', () => {
    const world = new World();
    for (let life = 1; life <= 5; life++) {
      const { log } = world.start();
      for (let number = 1; number <= 8; number++) {
        log.keepRejected(unit(life * 100 + number, 'shop', 700_000), 'why');
        world.time++;
      }
      log.close();
    }
    const bytes = [...kept(world, 'rejected').values()].reduce((sum, { length }) => sum + length, 0);
    expect(bytes).toBeLessThanOrEqual(16 << 20);
    expect(bytes).toBeGreaterThan(12 << 20);
    expect(textOf(world, 'rejected')).toContain('["508 ');
    expect(textOf(world, 'rejected')).not.toContain('["101 ');
  });

  test('of a live process is never removed to make room for that of another', () => {
    const world = new World();
    const living = world.start();
    living.log.keepRejected(unit(1), 'why');
    const { log } = world.start();
    for (let number = 100; number <= 140; number++) {
      world.time++;
      log.keepRejected(unit(number, 'shop', 700_000), 'why');
    }
    expect(textOf(world, 'rejected')).toContain('["1"]');
    expect(textOf(world, 'rejected')).not.toContain('["100 ');
  });

  test.each(['create', 'write', 'makeDirectory', 'list'])(
    'is let go when %s fails, and kept again later',
    (call) => {
      const world = new World();
      const { log, files } = world.start();
      files.before = (one) => {
        if (one === call) throw systemError('ENOSPC');
      };
      expect(log.keepRejected(unit(1), 'why')).toBe(false);
      files.before = () => {};
      expect(log.keepRejected(unit(2), 'why')).toBe(true);
      const lines = textOf(world, 'rejected').trimEnd().split('\n');
      expect(lines.map((line) => pointsOf(Buffer.from(line)))).toEqual([undefined, 2]);
      expect(lines.every((line) => isIntact(Buffer.from(line)))).toBe(true);
    },
  );

  test('is private on a real disk, and never written through a link', () => {
    const base = mkdtempSync(join(tmpdir(), 'ostinato-'));
    const before = process.umask(0);
    try {
      const directory = join(base, 'log');
      const log = openLog({ directory, codec: plainCodec });
      expect(log.keepRejected(unit(1), 'why')).toBe(true);
      const rejected = join(directory, 'rejected');
      expect(statSync(rejected).mode & 0o777).toBe(0o700);
      expect(statSync(join(rejected, readdirSync(rejected)[0]!)).mode & 0o777).toBe(0o600);
      log.close();
      rmSync(rejected, { recursive: true });
      mkdirSync(join(base, 'elsewhere'));
      symlinkSync(join(base, 'elsewhere'), rejected);
      const other = openLog({ directory, codec: plainCodec });
      expect(other.keepRejected(unit(1), 'why')).toBe(false);
      other.close();
      expect(readdirSync(join(base, 'elsewhere'))).toEqual([]);
      chmodSync(directory, 0o700);
    } finally {
      process.umask(before);
      rmSync(base, { recursive: true });
    }
  });
});

describe('a line that cannot be read', () => {
  test('is kept as it is, with where it stood, and the rest is delivered', async () => {
    const world = new World();
    const actor = world.start();
    const line = actor.log.line('shop');
    line.append(units(1, 3));
    const [[path]] = [...world.disk.files()].filter(([one]) => one.endsWith('.jsonl')) as [[string, Buffer]];
    const node = world.disk.node(path);
    if (node?.kind !== 'file') throw new Error('no segment');
    const at = node.bytes.indexOf('{"resourceMetrics":["2"]');
    node.bytes[at + 21] = '9'.charCodeAt(0);
    expect(await drain(line)).toEqual([1, 3]);
    const [header, note, damaged, ...rest] = textOf(world, 'damaged').split('\n');
    expect(isIntact(Buffer.from(header!))).toBe(true);
    expect(JSON.parse(note!)).toMatchObject({ damaged: { path, offset: at, bytes: damaged!.length } });
    expect(damaged).toMatch(/^\{"resourceMetrics":\["9"\],"points":2,"crc":/);
    expect(rest).toEqual(['']);
  });

  test('is kept a thousand times at most: a file full of garbage is not worth a write for each line of it', async () => {
    const world = new World();
    const actor = world.start();
    const line = actor.log.line('shop');
    line.append([unit(1), unit(2, 'shop', 40_000)]);
    const path = [...world.disk.files().keys()].find((one) => one.endsWith('.jsonl'))!;
    const node = world.disk.node(path);
    if (node?.kind !== 'file') throw new Error('no segment');
    node.bytes = Buffer.concat([node.bytes.subarray(0, node.bytes.indexOf('["2'))]);
    node.bytes = Buffer.concat([node.bytes, Buffer.from('\nx'.repeat(19_000)), Buffer.from('\n')]);
    expect(await drain(line)).toEqual([1]);
    expect(textOf(world, 'damaged').match(/"damaged":/g)?.length).toBe(1000);
  });

  test('is kept when it is a whole packed segment', async () => {
    const world = new World();
    const actor = world.start({ segmentBytes: 6000 });
    const line = actor.log.line('shop');
    for (let number = 1; number <= 14; number++) line.append([unit(number, 'shop', 1500)]);
    await actor.timers.fire();
    const path = [...world.disk.files().keys()].find((one) => one.endsWith('00000002.jsonl.gz'))!;
    const node = world.disk.node(path);
    if (node?.kind !== 'file') throw new Error('no segment');
    node.bytes = Buffer.from('no gzip');
    expect(await drain(line)).toEqual([1, 2, 3, 4, 9, 10, 11, 12, 13, 14]);
    expect(actor.dropped).toMatchObject([{ reason: 'damaged', points: 5 + 6 + 7 + 8 }]);
    const [[name, bytes]] = [...kept(world, 'damaged')] as [[string, Buffer]];
    expect([name.endsWith('.jsonl.gz'), bytes.toString()]).toEqual([true, 'no gzip']);
  });
});

describe('an exporter', () => {
  test('keeps what is refused, says where, once, and counts it', async () => {
    const world = new World();
    const one = new Rig({ fallback: 'outage' }, { world });
    await one.clock.advance(0);
    one.transport.answer = () => ({ ok: false, code: 3, details: 'bad', retryDelayMillis: undefined });
    const results = [one.export(['a']), one.export(['b'])];
    await one.clock.advance(1000);
    expect(results.map(({ result }) => result?.code)).toEqual([1, 1]);
    expect(one.account).toMatchObject({ accepted: 2, rejected: 2, logged: 0, queued: 0 });
    expect(one.said.filter((text) => text.includes('refused for good'))).toEqual([
      expect.stringContaining('what is refused is kept in /log/rejected'),
    ]);
    expect(textOf(world, 'rejected').match(/"stringValue":"[ab]"/g)).toEqual([
      '"stringValue":"a"',
      '"stringValue":"b"',
    ]);
  });

  test('counts what its log thins apart from what is lost, and says it once', async () => {
    const recorder = new DebuggingRecorder();
    const installation = setGlobalRecorder(recorder);
    const said: string[] = [];
    const say = (text: string) => void said.push(text);
    let tell: (dropped: Dropped) => void = () => {};
    const exporter = new OtlpMetricExporter(
      { fallback: { directory: '/log' } },
      {
        env: {},
        logger: { info: say, warn: say },
        connect: () => new FakeTransport(new ManualClock()),
        openLog: (options) => {
          tell = (dropped) => options.onDropped?.(dropped);
          return new World().start(options).log;
        },
      },
    );
    for (const points of [5, 6]) tell({ reason: 'thinned', points, bytes: 1, path: '' });
    expect(exporter.status().account).toMatchObject({ thinned: 11, dropped: 0 });
    expect(said).toEqual([expect.stringContaining('5 points of cumulative series were left out')]);
    exporter.export({ resource: { attributes: {} }, scopeMetrics: [] }, () => {});
    recorder.expectCounter('ostinato.export.points', 11, { outcome: 'thinned' });
    installation.uninstall();
    await exporter.shutdown();
  });

  test('that is killed at any call while a replayed unit is refused loses it in neither place', async () => {
    for (let call = 1, killed = true; killed; call++) {
      const world = new World();
      const dead = new Rig({ fallback: 'outage' }, { world });
      dead.transport.answer = () => REFUSED;
      await dead.clock.advance(0);
      dead.export(['a']);
      dead.export(['b']);
      await dead.clock.advance(1000);
      dead.kill();
      const heir = new Rig({ fallback: 'outage' }, { world });
      const { files } = heir.process;
      killed = false;
      files.before = (_call, _path, count) => {
        if (count < call) return;
        killed = true;
        heir.kill();
        throw systemError('KILLED');
      };
      heir.transport.answer = ({ ids }) =>
        ids.includes('a')
          ? { ok: false, code: 3, details: 'bad', retryDelayMillis: undefined }
          : { ok: true, rejectedPoints: 0, message: '' };
      await heir.clock.advance(1000);
      if (!killed) heir.kill();
      world.time += 61_000;
      const last = new Rig({ fallback: 'outage' }, { world });
      await last.clock.advance(1000);
      const found = [
        ...(textOf(world, 'rejected').includes('"stringValue":"a"') ? ['a'] : []),
        ...last.received,
        ...heir.received.filter((id) => id === 'b'),
      ];
      expect({ call, found: [...new Set(found)].sort() }).toEqual({ call, found: ['a', 'b'] });
    }
  });
});
