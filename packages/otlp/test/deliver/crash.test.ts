import { systemError } from '../log/memory-disk.ts';
import { World } from '../log/world.ts';
import { OK, REFUSED, Rig } from '../support/rig.ts';

/** Exports, an outage, its end, a replay, a lost answer; gives what was promised: what called back SUCCESS. */
async function live(rig: Rig): Promise<string[]> {
  const results = new Map<string, ReturnType<Rig['export']>>();
  const exported = async (id: string, millis: number) => {
    results.set(id, rig.export([id]));
    await rig.clock.advance(millis);
  };
  await exported('1', 10);
  rig.transport.answer = () => REFUSED;
  for (const id of ['2', '3', '4']) await exported(id, 100);
  rig.transport.answer = () => OK;
  await exported('5', 5000);
  rig.transport.answer = () => undefined;
  await exported('6', 3000);
  rig.transport.answer = () => OK;
  await exported('7', 20_000);
  return [...results].filter(([, { result }]) => result?.code === 0).map(([id]) => id);
}

describe.each(['outage', 'always'] as const)('with durability %s, a process that is killed', (fallback) => {
  test.each([
    ['before', 0],
    ['in the middle of', 0.5],
  ])(
    '%s any call of the file system loses nothing that it promised, and the rest is in order',
    async (_, part) => {
      const whole = new Rig({ fallback }, { world: new World() });
      await whole.clock.advance(0);
      expect(await live(whole)).toEqual(['1', '2', '3', '4', '5', '6', '7']);
      const { calls } = whole.process.files;
      expect(calls).toBeGreaterThan(30);
      for (let call = 1; call <= calls; call++) {
        const world = new World();
        const victim = new Rig({ fallback }, { world });
        const { files } = victim.process;
        let killed = false;
        let received: string[] = [];
        files.before = (_call, _path, count) => {
          if (count < call || killed) return;
          killed = true;
          files.shorten = (length) => Math.floor(length * part);
          received = [...victim.received];
          victim.kill();
          throw systemError('KILLED');
        };
        await victim.clock.advance(0);
        const promised = await promisedUntil(victim, () => killed);
        world.time += 61_000;
        const heir = new Rig({ fallback }, { world });
        await heir.clock.advance(10_000);
        const found = heir.received;
        expect(found).toEqual([...found].sort());
        const arrived = new Set([...received, ...found]);
        const missing = promised.filter((id) => !arrived.has(id));
        expect({ call, missing }).toEqual({ call, missing: [] });
        heir.kill();
      }
    },
  );

  test('while the first attempt is under way has that in its log only with durability always', async () => {
    const world = new World();
    const victim = new Rig({ fallback }, { world });
    await victim.clock.advance(0);
    victim.transport.answer = () => undefined;
    victim.export(['a']);
    await victim.clock.advance(10);
    victim.kill();
    const heir = new Rig({ fallback }, { world });
    await heir.clock.advance(1000);
    expect(heir.received).toEqual(fallback === 'always' ? ['a'] : []);
  });
});

/** What was promised before the death: afterwards the process says nothing any more. */
async function promisedUntil(rig: Rig, isDead: () => boolean): Promise<string[]> {
  const promised: string[] = [];
  const originalExport = rig.exporter.export.bind(rig.exporter);
  rig.exporter.export = (metrics, callback) =>
    originalExport(metrics, (result) => {
      if (result.code === 0 && !isDead()) {
        const [point] = metrics.scopeMetrics[0]?.metrics[0]?.dataPoints ?? [];
        promised.push(String((point?.attributes as { id?: unknown } | undefined)?.id));
      }
      callback(result);
    });
  await live(rig);
  return promised;
}
