import fc from 'fast-check';
import { LabelTable } from '../../src/registry/label-table.ts';
import { type Labels, makeKey } from '../support/series.ts';

const value = fc.oneof(
  fc.constantFrom<string | number | boolean>('a', 'b', 'ab', '', '1', 1, 'true', true, '\ud800'),
  fc.string({ maxLength: 2 }),
);
const labels: fc.Arbitrary<Labels> = fc.dictionary(fc.constantFrom('a', 'b', 'ab', 'ba', '1'), value, {
  maxKeys: 3,
});
const step = fc.record({ act: fc.constantFrom('set', 'set', 'set', 'delete'), labels });

/** What makes two lists of labels one. */
const identity = (own: Labels) =>
  JSON.stringify(makeKey('c', own).labels.map(([name, text]) => [name, String(text)]));

test.each<[title: string, hash: (() => number) | undefined]>([
  ['by their hash', undefined],
  ['all of one hash', () => 3],
  ['with a hash at the end of the table', () => -1],
])('a table of labels has what a Map by their text has: %s', (_title, hash) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.array(labels, { maxLength: 5 }), (steps, others) => {
      const table = new LabelTable<number>(hash);
      const model = new Map<string, number>();
      for (const [i, { act, labels: own }] of steps.entries()) {
        const key = makeKey('c', own).labels;
        if (act === 'set') {
          table.set(key, i);
          model.set(identity(own), i);
        } else {
          table.delete(key);
          model.delete(identity(own));
        }
        for (const known of [...steps.map((one) => one.labels), ...others]) {
          expect(table.get(makeKey('c', known).labels)).toBe(model.get(identity(known)));
        }
      }
    }),
  );
});

test('ten thousand lists of labels are told apart, also after half of them were taken out', () => {
  const table = new LabelTable<number>();
  const keys = Array.from({ length: 10_000 }, (_, i) => makeKey('c', { a: i % 100, b: `${i}` }).labels);
  for (const [i, key] of keys.entries()) table.set(key, i);
  for (const [i, key] of keys.entries()) if (i % 2 === 0) table.delete(key);
  for (const [i, key] of keys.entries()) expect(table.get(key)).toBe(i % 2 === 0 ? undefined : i);
});
