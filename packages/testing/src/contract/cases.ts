import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { type Kind, REVOKED, type RefusalReason } from '@ostinato/core';
import type { Context } from './context.ts';
import { cellOf, type Labels, makeKey } from './ways.ts';

const KINDS: readonly Kind[] = ['counter', 'gauge', 'histogram'];

/** The rules, each in the words of its title. Samples are valid: the facade lets nothing else through. */
export const cases: Readonly<Record<string, (t: Context) => Promise<void>>> = {
  async 'a counter adds up what it is incremented by'(t) {
    const name = t.name('orders');
    for (const by of [1, 0, 2.5, 40]) t.way.increment(name, by);
    await t.expectValue(43.5, name);
    strictEqual((await t.one(name)).kind, 'counter');
  },

  async 'a counter that is set by absolute shows the highest value it was given'(t) {
    const name = t.name('bytes_sent');
    for (const value of [10, 30, 20]) t.way.absolute(name, value);
    await t.expectValue(30, name);
  },

  async 'the first operation fixes whether a counter is incremented or set; the other is refused and counted'(
    t,
  ) {
    const [sum, highest] = [t.name('sum'), t.name('highest')];
    t.way.increment(sum, 5);
    t.way.absolute(sum, 100);
    t.way.increment(sum, 1);
    t.way.absolute(highest, 100);
    t.way.increment(highest, 5);
    t.way.absolute(highest, 101);
    await t.expectValue(6, sum);
    await t.expectValue(101, highest);
    t.expectRefused('mode', 2);
  },

  async 'a counter of one metric may be incremented in one series and set in another'(t) {
    const name = t.name('mixed');
    t.way.increment(name, 3, { series: 'a' });
    t.way.absolute(name, 7, { series: 'b' });
    await t.expectValue(3, name, { series: 'a' });
    await t.expectValue(7, name, { series: 'b' });
    t.expectRefused('mode', 0);
  },

  async 'a gauge stands where it was set last, and moves from there'(t) {
    const name = t.name('temperature');
    t.way.set(name, 20);
    t.way.set(name, -3.5);
    await t.expectValue(-3.5, name);
    t.way.add(name, 4);
    t.way.add(name, -1);
    await t.expectValue(-0.5, name);
    t.way.set(name, 0);
    await t.expectValue(0, name);
    strictEqual((await t.one(name)).kind, 'gauge');
  },

  async 'a gauge that was never set moves from 0'(t) {
    const name = t.name('in_flight');
    t.way.add(name, 2);
    t.way.add(name, -3);
    await t.expectValue(-1, name);
  },

  async 'a histogram counts and sums its samples, zeros and repeated ones included'(t) {
    const name = t.name('size');
    t.way.record(name, 4);
    t.way.record(name, 0);
    t.way.record(name, 0.5, 6);
    await t.expectSamples(8, 7, name);
    strictEqual((await t.one(name)).kind, 'histogram');
  },

  async 'declared buckets hold their upper bound, and the last one everything above'(t) {
    const name = t.name('process_time');
    t.way.declare('histogram', name, { unit: 'ms', buckets: [0, 10, 50] });
    for (const value of [0, 0.001, 10, 10.001, 50, 50.001, 1e9]) t.way.record(name, value);
    const { bounds, counts, count } = await t.one(name);
    deepStrictEqual({ bounds, counts, count }, { bounds: [0, 10, 50], counts: [1, 2, 2, 2], count: 7 });
  },

  async 'the largest and smallest numbers neither throw nor disturb other series'(t) {
    const [counter, gauge, histogram] = [t.name('c'), t.name('g'), t.name('h')];
    for (const value of [Number.MAX_VALUE, Number.MIN_VALUE, Number.MAX_SAFE_INTEGER]) {
      t.way.increment(counter, value, { extreme: true });
      t.way.set(gauge, -value, { extreme: true });
      t.way.record(histogram, value, 1, { extreme: true });
    }
    t.way.increment(counter, 1);
    t.way.set(gauge, 2);
    t.way.record(histogram, 3);
    await t.expectValue(1, counter);
    await t.expectValue(2, gauge);
    await t.expectSamples(1, 3, histogram);
    await t.expectValue(Number.MAX_VALUE, counter, { extreme: true });
    await t.expectValue(-Number.MAX_SAFE_INTEGER, gauge, { extreme: true });
    strictEqual((await t.one(histogram, { extreme: true })).count, 3);
  },

  async 'equal label sets are one series, whatever object they come in'(t) {
    const name = t.name('requests');
    for (let i = 0; i < 3; i++) {
      t.way.increment(name, 1, { method: 'GET', route: '/order', status: 200 });
      t.way.set(t.name('gauge'), i, { method: 'GET', route: '/order' });
      t.way.record(t.name('histogram'), i, 1, { method: 'GET', route: '/order' });
    }
    await t.expectValue(3, name, { method: 'GET', route: '/order', status: 200 });
    await t.expectValue(2, t.name('gauge'), { method: 'GET', route: '/order' });
    await t.expectSamples(3, 3, t.name('histogram'), { method: 'GET', route: '/order' });
    strictEqual((await t.series(name)).length, 1);
  },

  async 'a number, a boolean and their text are one value, reported with the type that came first'(t) {
    const name = t.name('responses');
    t.way.increment(name, 1, { code: 200, cached: 'true' });
    t.way.increment(name, 1, { code: '200', cached: true });
    await t.expectValue(2, name, { code: 200, cached: 'true' });
    deepStrictEqual((await t.one(name, { code: 200, cached: 'true' })).labels, { cached: 'true', code: 200 });
  },

  async 'no two different label sets are one series'(t) {
    const name = t.name('tricky');
    const sets: readonly Labels[] = [
      {},
      { a: 'b' },
      { a: 'b,c=d' },
      { a: 'b', c: 'd' },
      { 'a=b,c': 'd' },
      { a: '"b"' },
      { a: 'b\u0000c' },
      { a: 'b', '\u0000c': 'd' },
      { a: 'B' },
      { b: 'a' },
      { a: ' b' },
      { a: 'é' },
      { a: 'e\u0301' },
      { a: '💶' },
      { a: -1 },
      { a: 1 },
      { a: 0.1 },
      { a: 1e21 },
      { a: true },
      { a: false },
      { a: 'null' },
      { a: 'x'.repeat(300) },
      { a: `${'x'.repeat(299)}y` },
    ];
    for (const [i, labels] of sets.entries()) t.way.increment(name, 2 ** i, labels);
    for (const [i, labels] of sets.entries()) await t.expectValue(2 ** i, name, labels);
    strictEqual((await t.series(name)).length, sets.length);
  },

  async 'labels that come from the context are labels like any other'(t) {
    const name = t.name('by_tenant');
    t.way.incrementWithin({ tenant: 'a', tier: 1 }, name, 1);
    t.way.incrementWithin({ tenant: 'b' }, name, 2, { route: '/', tenant: 'a' });
    t.way.increment(name, 4, { tier: 1, tenant: 'a' });
    t.way.increment(name, 8, { tenant: 'a', route: '/' });
    await t.expectValue(5, name, { tenant: 'a', tier: 1 });
    await t.expectValue(10, name, { tenant: 'a', route: '/' });
    strictEqual((await t.series(name)).length, 2);
  },

  async 'names that objects have anyway are ordinary names'(t) {
    const labels = { constructor: 'a', toString: 'b', hasOwnProperty: 'c', valueOf: 'd' };
    for (const metric of ['constructor', 'toString']) t.way.increment(metric, 4, labels);
    await t.expectValue(4, 'constructor', labels);
    await t.expectValue(4, 'toString', labels);
  },

  async 'labels come back as they were given'(t) {
    const labels = { text: 'naïve 💶\n"quoted" \\', number: -0.25, flag: false };
    t.way.set(t.name('g'), 1, labels);
    deepStrictEqual(
      { ...(await t.one(t.name('g'), labels)).labels },
      { flag: false, number: -0.25, text: labels.text },
    );
  },

  async 'one name in two scopes is two metrics, of different kinds if they like'(t) {
    const name = t.name('queries');
    t.way.increment(name, 1, {}, 'orders/db');
    t.way.increment(name, 2, {}, 'payments/db');
    t.way.set(name, 9, {}, 'cache');
    await t.expectValue(1, name, {}, 'orders/db');
    await t.expectValue(2, name, {}, 'payments/db');
    await t.expectValue(9, name, {}, 'cache');
    t.expectRefused('kind', 0);
  },

  async 'a name used as another kind throws nothing, is refused and counted, and leaves the first alone'(t) {
    const name = t.name('ambiguous');
    t.way.increment(name, 5);
    t.way.set(name, 77);
    t.way.set(name, 78, { some: 'labels' });
    t.way.record(name, 33);
    t.way.increment(name, 1);
    await t.expectValue(6, name);
    strictEqual((await t.series(name)).length, 1);
    t.expectRefused('kind', 3);
  },

  async 'a declaration is reported with the series'(t) {
    for (const kind of KINDS) t.way.declare(kind, t.name(kind), { unit: 's', description: `A ${kind}.` });
    t.way.increment(t.name('counter'), 1);
    t.way.set(t.name('gauge'), 1);
    t.way.record(t.name('histogram'), 1);
    for (const kind of KINDS) {
      const { unit, description } = await t.one(t.name(kind));
      deepStrictEqual({ unit, description }, { unit: 's', description: `A ${kind}.` });
    }
  },

  async 'a description is reported whether it came before the first sample or after'(t) {
    t.way.describe('counter', t.name('before'), { unit: 'By', description: 'Described before.' });
    t.way.increment(t.name('before'), 1);
    t.way.increment(t.name('after'), 1);
    t.way.describe('counter', t.name('after'), { unit: 'By', description: 'Described after.' });
    for (const when of ['before', 'after']) {
      const { unit, description } = await t.one(t.name(when));
      deepStrictEqual({ unit, description }, { unit: 'By', description: `Described ${when}.` });
    }
  },

  async 'what was only described is not a series'(t) {
    for (const kind of KINDS) t.way.describe(kind, t.name(kind), { description: 'Never used.' });
    for (const kind of KINDS) strictEqual((await t.series(t.name(kind))).length, 0);
  },

  async 'a thousand series of a metric are all exact, the early ones still when the last is made'(t) {
    const name = t.name('many');
    for (let round = 1; round <= 2; round++) {
      for (let i = 0; i < 1000; i++) t.way.increment(name, i, { i });
    }
    const all = await t.series(name);
    strictEqual(all.length, 1000);
    for (const { labels, value } of all) strictEqual(value, 2 * Number(labels.i));
  },

  async 'reading changes nothing, and recording goes on after it'(t) {
    const [counter, gauge, histogram] = [t.name('c'), t.name('g'), t.name('h')];
    const record = () => {
      t.way.increment(counter, 1);
      t.way.add(gauge, 1);
      t.way.record(histogram, 1);
    };
    record();
    for (const expected of [1, 1]) {
      await t.expectValue(expected, counter);
      await t.expectValue(expected, gauge);
      await t.expectSamples(expected, expected, histogram);
    }
    record();
    await t.expectValue(2, counter);
    await t.expectValue(2, gauge);
    await t.expectSamples(2, 2, histogram);
  },

  async 'cells of one series, asked for separately, may be used in turn'(t) {
    const { recorder } = t.subject;
    const name = t.name('shared');
    const cells = [0, 1, 2].map(() => recorder.counter(makeKey(name, { a: 1 }), {}));
    for (const { sink } of cells) sink.increment(1);
    for (const { slots, index, sink } of cells) {
      if (slots === undefined) sink.increment(1);
      else slots[index] = (slots[index] as number) + 1;
    }
    await t.expectValue(6, name, { a: 1 });
  },

  async 'a new cell is open: it is not revoked'(t) {
    for (const kind of KINDS) {
      const cell = cellOf(t.subject.recorder, kind, makeKey(t.name(kind)), {});
      ok(cell.gate !== REVOKED, `the cell of a new ${kind}`);
    }
  },

  async 'every refusal of the facade is counted by its reason'(t) {
    const reasons: readonly RefusalReason[] = [
      'not_a_number',
      'not_finite',
      'negative',
      'invalid_name',
      'invalid_label',
    ];
    for (const kind of KINDS) for (const reason of reasons) t.subject.recorder.refused(kind, reason);
    for (const reason of reasons) t.expectRefused(reason, KINDS.length);
  },
};
