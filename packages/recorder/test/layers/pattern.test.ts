import { OptionCheck } from '@ostinato/core';
import fc from 'fast-check';
import { isPattern, matches, readPatterns } from '../../src/layers/pattern.ts';

test.each<[string, string, boolean]>([
  ['orders', 'orders', true],
  ['orders', 'orders.db', false],
  ['orders', 'order', false],
  ['orders.*', 'orders.db', true],
  ['orders.*', 'orders.', true],
  ['orders.*', 'orders', false],
  ['orders.*', 'orders.db.queries', false],
  ['orders.**', 'orders.db.queries', true],
  ['orders.**', 'orders', false],
  ['orders**', 'orders', true],
  ['*.duration', 'http.duration', true],
  ['*.duration', 'http.server.duration', false],
  ['**.duration', 'http.server.duration', true],
  ['**.duration', 'duration', false],
  ['http.*.duration', 'http.server.duration', true],
  ['h*p', 'http', true],
  ['*', 'a/b-c', true],
  ['*', 'a.b', false],
  ['**', 'a.b', true],
  ['a.b', 'axb', false],
])("'%s' and '%s': %s", (pattern, name, expected) => {
  expect(matches(pattern, name)).toBe(expected);
});

const letters = (from: string, maxLength: number) =>
  fc.array(fc.constantFrom(...from), { minLength: 1, maxLength }).map((all) => all.join(''));

test('it says what a regular expression says', () => {
  fc.assert(
    fc.property(letters('ab.*', 8).filter(isPattern), letters('ab.', 8), (pattern, name) => {
      const source = pattern
        .replace(/\./g, '\\.')
        .replace(/\*\*|\*/g, (star) => (star === '*' ? '[^.]*' : '.*'));
      expect(matches(pattern, name)).toBe(new RegExp(`^${source}$`).test(name));
    }),
    { numRuns: 2_000 },
  );
});

test('a pattern made to be slow for backtracking is not', () => {
  expect(matches(`${'**a'.repeat(80)}b`, 'a'.repeat(250))).toBe(false);
});

test.each([['a***'], ['a b'], [''], [5], ['ü'], ['a'.repeat(256)]])('%j is no pattern', (pattern) => {
  const read = () => readPatterns(new OptionCheck('filter'), 'allow', [pattern]);
  expect(read).toThrow(
    /^filter: allow must be an array of patterns: metric names in which '\*' stands for any/,
  );
});
