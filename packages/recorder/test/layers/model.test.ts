import { createHmac } from 'node:crypto';
import type { Key, Level, SeriesLabelValue } from '@ostinato/core';
import fc from 'fast-check';
import { commonLabels } from '../../src/layers/common-labels.ts';
import { fanout } from '../../src/layers/fanout.ts';
import { filter } from '../../src/layers/filter.ts';
import type { Layer } from '../../src/layers/layer.ts';
import { prefix } from '../../src/layers/prefix.ts';
import { redact } from '../../src/layers/redact.ts';
import { rename } from '../../src/layers/rename.ts';
import { route } from '../../src/layers/route.ts';
import { createRecorder } from '../../src/recorder.ts';
import { catchWarnings, makeKey, readAll } from '../support/series.ts';

type Labels = Record<string, SeriesLabelValue>;
interface Sample {
  readonly scope: { readonly name: string; readonly level?: Level };
  readonly name: string;
  readonly labels: Labels;
  readonly level: Level | undefined;
}
/** What a layer makes of a sample; none: it is held back. Written without a look at the layers. */
type Model = (sample: Sample) => Sample | undefined;

const LEVELS: readonly Level[] = ['trace', 'debug', 'info', 'warn', 'error'];
const name = fc.constantFrom('a', 'b', 'a.b', 'a.b.c', 'db', 'db.x', 'dbx', 'b.a');
const label: fc.Arbitrary<string> = fc.constantFrom('p', 'q', 'r', 'user');
const value = fc.oneof(
  fc.constantFrom<SeriesLabelValue>('x', 'y', 1, '1', true),
  fc.string({ minLength: 1 }),
);
const level = fc.constantFrom(...LEVELS);
const scope = fc.record(
  { name: fc.constantFrom('ostinato', 'orders', 'orders/db', 'orders.db.pool', 'ordersdb'), level },
  { requiredKeys: ['name'] },
);
const labels = fc.dictionary(label, value, { maxKeys: 4 });
const pattern = fc.constantFrom('a', 'a*', 'a.*', 'a.**', '**', '**.c', '*.b', '*', 'db**');
const some = <T>(one: fc.Arbitrary<T>) => fc.array(one, { maxLength: 3 });

const fits = (pattern: string, name: string) => {
  const source = pattern.replace(/\./g, '\\.').replace(/\*\*|\*/g, (star) => (star === '*' ? '[^.]*' : '.*'));
  return new RegExp(`^${source}$`).test(name);
};

const layers: fc.Arbitrary<readonly [Layer, Model]> = fc.oneof(
  fc
    .constantFrom('shop', 'a')
    .map((text): [Layer, Model] => [
      prefix(text),
      (sample) => ({ ...sample, name: `${text}.${sample.name}` }),
    ]),
  labels.map((common): [Layer, Model] => [
    commonLabels(common),
    (sample) => ({ ...sample, labels: { ...common, ...sample.labels } }),
  ]),
  fc
    .record({ allow: fc.option(some(pattern), { nil: undefined }), deny: some(pattern) })
    .map(({ allow, deny }): [Layer, Model] => [
      filter({ ...(allow && { allow }), deny }),
      (sample) => {
        const allowed = allow === undefined || allow.some((one) => fits(one, sample.name));
        return allowed && !deny.some((one) => fits(one, sample.name)) ? sample : undefined;
      },
    ]),
  fc.record({ from: level, orders: level }).map(({ from, orders }): [Layer, Model] => [
    filter({ directives: `${from}, orders=${orders}` }),
    (sample) => {
      const threshold = /^orders([./]|$)/.test(sample.scope.name) ? orders : from;
      const own = sample.level ?? sample.scope.level ?? 'info';
      return LEVELS.indexOf(own) >= LEVELS.indexOf(threshold) ? sample : undefined;
    },
  ]),
  fc
    .record({ names: fc.dictionary(name, name), renamed: fc.dictionary(label, label) })
    .map(({ names, renamed }): [Layer, Model] => [
      rename(names, { labels: renamed }),
      (sample) => {
        const kept = Object.entries(sample.labels).filter(([own]) => !Object.hasOwn(renamed, own));
        const labels: Labels = Object.fromEntries(kept);
        for (const old of Object.keys(sample.labels).sort()) {
          const to = Object.hasOwn(renamed, old) ? renamed[old]! : old;
          if (!Object.hasOwn(labels, to)) labels[to] = sample.labels[old]!;
        }
        return {
          ...sample,
          labels,
          name: Object.hasOwn(names, sample.name) ? names[sample.name]! : sample.name,
        };
      },
    ]),
  fc
    .record({ drop: some(label), hashed: some(label), allow: fc.dictionary(pattern, some(label)) })
    .map(({ drop, hashed, allow }): [Layer, Model] => [
      redact({ drop, hash: { labels: hashed, key: 'k' }, allow }),
      (sample) => {
        const labels: Labels = {};
        for (const [own, value] of Object.entries(sample.labels)) {
          const allowed = Object.entries(allow).some(
            ([one, names]) => fits(one, sample.name) && names.includes(own),
          );
          if (!allowed || drop.includes(own)) continue;
          const digest = () => createHmac('sha256', 'k').update(`${value}`).digest('hex').slice(0, 16);
          labels[own] = hashed.includes(own) ? digest() : value;
        }
        return { ...sample, labels };
      },
    ]),
);

const samples = fc.array(fc.record({ scope, name, labels, level: fc.option(level, { nil: undefined }) }), {
  minLength: 1,
  maxLength: 30,
});

const text = (scope: string, name: string, labels: Labels) =>
  JSON.stringify([
    scope,
    name,
    Object.entries(labels)
      .map(([label, value]) => [label, `${value}`])
      .sort(),
  ]);

let caught: ReturnType<typeof catchWarnings>;
beforeAll(() => {
  caught = catchWarnings();
});
afterAll(() => caught.stop());

test('whatever the layers and their order, every sample is where a simple model says', () => {
  fc.assert(
    fc.property(fc.array(layers, { maxLength: 6 }), samples, fc.boolean(), (stack, samples, forwarded) => {
      const expected: Record<string, number> = {};
      const shown = stack.map(([layer]) => layer);
      const rest = createRecorder({ maxMemory: 2 ** 20 });
      const recorder = createRecorder({
        // Behind a route that nothing takes and a fanout, the others are compiled on their own.
        layers: forwarded
          ? [route({ never: rest }), ...shown.slice(0, 2), fanout(rest), ...shown.slice(2)]
          : shown,
        maxMemory: 2 ** 20,
      });
      for (const [i, sample] of samples.entries()) {
        const { scope, name, labels, level } = sample;
        recorder.counter(makeKey(name, labels, scope), { ...(level && { level }) }).sink.increment(i + 1);
        const seen = stack.reduce<Sample | undefined>((so, [, model]) => so && model(so), sample);
        if (seen === undefined) continue;
        const id = text(seen.scope.name, seen.name, seen.labels);
        expected[id] = (expected[id] ?? 0) + i + 1;
      }
      const reads = readAll(recorder.reader().collect());
      expect(
        Object.fromEntries(reads.map((read) => [text(read.scope, read.name, read.labels), read.value])),
      ).toEqual(expected);
      expect(recorder.refusals()).toEqual({});
    }),
    { numRuns: 300 },
  );
});

test('behind layers, keys are sorted, frozen, and one object for one series', () => {
  fc.assert(
    fc.property(fc.array(layers, { maxLength: 4 }), samples, (stack, samples) => {
      const seen = new Map<string, Key>();
      const spy = createRecorder({ maxMemory: 2 ** 20 });
      const counter = spy.counter.bind(spy);
      spy.counter = (key, meta) => {
        const names = key.labels.map(([label]) => label);
        expect(names).toEqual([...new Set(names)].sort());
        expect([key, key.labels, ...key.labels].every(Object.isFrozen)).toBe(true);
        const id = `${key.scope.level} ${text(key.scope.name, key.name, Object.fromEntries(key.labels))}`;
        seen.set(id, seen.get(id) ?? key);
        if (stack.some(([{ layer }]) => layer === 'prefix')) expect(seen.get(id)).toBe(key);
        return counter(key, meta);
      };
      const recorder = createRecorder({
        layers: [...stack.map(([layer]) => layer), fanout(spy)],
        maxMemory: 2 ** 20,
      });
      const scope = { name: 'one' };
      for (const { name, labels } of samples)
        recorder.counter(makeKey(name, labels, scope), {}).sink.increment(1);
    }),
    { numRuns: 100 },
  );
});
