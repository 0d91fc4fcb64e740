/** Thousands of marked points against a receiver that errs in every class, by a seed: all of them are accounted for. */
import { classify } from '../../src/deliver/classify.ts';
import type { Attempt, FailedAttempt } from '../../src/transport/transport.ts';
import { fail, OK, REFUSED, Rig } from '../support/rig.ts';

const POINTS = 4000;
const PER_EXPORT = 8;

/** mulberry32. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const ERRORS: readonly FailedAttempt[] = [
  ...Array.from({ length: 16 }, (_, i) => fail(i + 1, 'because') as FailedAttempt),
  fail(8, 'throttled', 500) as FailedAttempt,
  fail(14, 'throttled', 900) as FailedAttempt,
  REFUSED as FailedAttempt,
  fail(13, 'Received RST_STREAM with code 2 (Internal server error)') as FailedAttempt,
  fail(2, 'Received HTTP status code 500') as FailedAttempt,
  fail(8, 'Received message larger than max (1752460652 vs 4194304)') as FailedAttempt,
];

describe.each([
  ['our own transport', false],
  ['a wrapped exporter', true],
])('through %s', (_, wrapped) => {
  test.each([1, 2, 3])(
    'random errors of every class, seed %i: every point is taken or refused, once judged never sent again',
    async (seed) => {
      const random = chance(seed);
      const rig = new Rig({ fallback: 'outage' }, { random, wrapped });
      const taken = new Map<string, number>();
      const refused = new Set<string>();
      const sentAfterRefusal: string[] = [];
      rig.transport.answer = ({ ids }, { length }): Attempt => {
        sentAfterRefusal.push(...ids.filter((id) => refused.has(id)));
        const error = random() < 0.4 ? ERRORS[Math.floor(random() * ERRORS.length)] : undefined;
        if (error === undefined) {
          for (const id of ids) taken.set(id, (taken.get(id) ?? 0) + 1);
          return OK;
        }
        if (classify(error, length).kind === 'data') for (const id of ids) refused.add(id);
        return error;
      };
      const results: (0 | 1 | undefined)[] = [];
      const all = Array.from({ length: POINTS }, (_, i) => `${i}`);
      for (let at = 0; at < POINTS; at += PER_EXPORT) {
        const box = rig.export(all.slice(at, at + PER_EXPORT));
        await rig.clock.advance(random() * 2000);
        results.push(box.result?.code);
      }
      while (rig.account.logged + rig.account.queued > 0) await rig.clock.advance(10_000);

      expect(sentAfterRefusal).toEqual([]);
      expect(all.filter((id) => !taken.has(id) && !refused.has(id))).toEqual([]);
      expect(all.filter((id) => taken.has(id) && refused.has(id))).toEqual([]);
      expect([...taken.values()].every((times) => times === 1)).toBe(true);
      expect(rig.account).toMatchObject({
        accepted: POINTS,
        delivered: taken.size,
        rejected: refused.size,
        dropped: 0,
      });
      expect(refused.size).toBeGreaterThan(POINTS / 50);
      expect(taken.size).toBeGreaterThan(POINTS / 2);
      await rig.exporter.shutdown();
    },
  );

  test('an expired token, for a day of exports: nothing is consumed, and all of it arrives in order afterwards', async () => {
    const rig = new Rig({ fallback: 'outage' }, { wrapped });
    rig.transport.answer = () => fail(16, 'token expired');
    const all = Array.from({ length: 500 }, (_, i) => `${i}`);
    for (const id of all) {
      rig.export([id]);
      await rig.clock.advance(86_400_000 / all.length / 2);
    }
    expect(rig.account).toMatchObject({ accepted: 500, logged: 500, rejected: 0, dropped: 0, delivered: 0 });
    rig.transport.answer = () => OK;
    rig.transport.sent.length = 0;
    while (rig.account.logged > 0) await rig.clock.advance(10_000);
    expect(rig.received).toEqual(all);
    await rig.exporter.shutdown();
  });
});
