import fc from 'fast-check';
import { editDistance, quote, quoteAll, wellFormed } from '../src/text.ts';

it.each<[unknown, string]>([
  ['plain', "'plain'"],
  ['a\u001b[31mred\nline\u202e', "'a\ufffd[31mred\ufffdline\ufffd'"],
  ['x'.repeat(200), `'${'x'.repeat(80)}…'`],
  [-0, '-0'],
  [Number.NaN, 'NaN'],
  [undefined, 'undefined'],
  [null, 'null'],
  [true, 'true'],
  [10n ** 1_000n, 'a bigint'],
  [Symbol('s\n'), 'Symbol(s\ufffd)'],
  [() => 1, 'a function'],
  [{ toString: () => 'no' }, 'an object'],
])('shows %#', (value, shown) => {
  expect(quote(value)).toBe(shown);
});

it('shows anything in one short printable line', () => {
  fc.assert(
    fc.property(fc.anything({ withBigInt: true, withNullPrototype: true, withDate: true }), (value) => {
      const shown = quote(value);
      expect(shown.length).toBeLessThan(100);
      expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Surrogate}]/u);
    }),
  );
});

it('shows twenty items of an array', () => {
  expect(quoteAll([1, 'a'])).toBe("[1, 'a']");
  expect(quoteAll(Array(2))).toBe('[undefined, undefined]');
  expect(quoteAll(Array.from({ length: 21 }, (_, i) => i))).toMatch(/19, …\]$/);
});

it('makes text well-formed without changing what is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(wellFormed(text)).toBe(text);
    }),
  );
  expect(wellFormed('a\ud83db\ude00')).toBe('a\ufffdb\ufffd');
});

it.each([
  ['', '', 0],
  ['route', 'route', 0],
  ['', 'abc', 3],
  ['kitten', 'sitting', 3],
  ['descripton', 'description', 1],
])('from %j to %j it is %d letters, and back as many', (a, b, edits) => {
  expect(editDistance(a, b)).toBe(edits);
  expect(editDistance(b, a)).toBe(edits);
});
