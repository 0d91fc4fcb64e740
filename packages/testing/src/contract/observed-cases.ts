import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import type { Context } from './context.ts';

/** The rules for values that callbacks give. They are for recorders that have `observe`. */
export const observedCases: Readonly<Record<string, (t: Context) => Promise<void>>> = {
  async 'an observed gauge stands where its callback says, at each look'(t) {
    const name = t.name('queue_depth');
    let depth = 3;
    t.observe('gauge', name, () => depth, { queue: 'mail' });
    await t.expectValue(3, name, { queue: 'mail' });
    depth = -1;
    await t.expectValue(-1, name, { queue: 'mail' });
    strictEqual((await t.one(name, { queue: 'mail' })).kind, 'gauge');
  },

  async 'an observed counter has the total that its callback gives, and never a lower one'(t) {
    const name = t.name('cpu_time');
    const seen: number[] = [];
    let total = 0;
    t.observe('counter', name, () => total, {}, 'node');
    for (total of [0, 10, 7, 12]) seen.push((await t.one(name, {}, 'node')).value);
    deepStrictEqual(seen, [0, 10, 10, 12]);
    strictEqual((await t.one(name, {}, 'node')).kind, 'counter');
  },

  async 'nothing is read before somebody looks, and nothing once the observer was ended; the series stays'(
    t,
  ) {
    const name = t.name('temperature');
    let calls = 0;
    const end = t.observe('gauge', name, () => ++calls);
    strictEqual(calls, 0);
    await t.series(name);
    ok(calls > 0, 'the callback was called');
    const last = calls;
    end();
    end();
    await t.expectValue(last, name);
    strictEqual(calls, last);
  },

  async 'a callback that has no value gives no series, and disturbs no other'(t) {
    const [before, empty, after] = [t.name('before'), t.name('empty'), t.name('after')];
    t.observe('gauge', before, () => 1);
    t.observe('gauge', empty, () => undefined as never);
    t.observe('gauge', after, () => 2);
    await t.expectValue(1, before);
    await t.expectValue(2, after);
    deepStrictEqual(await t.series(empty), []);
  },

  async 'several callbacks of one series: the highest total stays, or the newest value'(t) {
    const [total, depth] = [t.name('total'), t.name('depth')];
    for (const value of [1, 3, 2]) {
      t.observe('counter', total, () => value);
      t.observe('gauge', depth, () => value);
    }
    await t.expectValue(3, total);
    await t.expectValue(2, depth);
  },

  async 'a callback may record, end itself and start others'(t) {
    const [self, calls, other] = [t.name('self'), t.name('calls'), t.name('other')];
    const end = t.observe('gauge', self, () => {
      end();
      t.way.increment(calls, 1);
      t.observe('gauge', other, () => 7);
      return 5;
    });
    await t.series(self);
    await t.expectValue(5, self);
    await t.expectValue(1, calls);
    await t.expectValue(7, other);
  },
};
