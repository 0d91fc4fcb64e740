import fc from 'fast-check';
import { counter, gauge, histogram, setGlobalRecorder } from '../src/index.ts';
import { TestRecorder } from './support/recorder.ts';
import { collectWarnings } from './support/warnings.ts';

collectWarnings();

it('finds the same handle for the same labels, another one for any other', () => {
  const sets = [
    undefined,
    { a: 1 },
    { a: '1' },
    { a: 'true' },
    { a: true },
    { a: 1, b: 1 },
    { b: 1 },
    { b: 1, c: 1 },
    { c: 1 },
    { c: 1, d: 1 },
  ];
  const handles = sets.map((labels) => counter('orders', labels));
  expect(new Set(handles).size).toBe(sets.length);
  for (const [i, labels] of sets.entries()) expect(counter('orders', { ...labels })).toBe(handles[i]);
});

it('takes absent labels as not given', () => {
  const plain = counter('orders');
  expect(counter('orders', {})).toBe(plain);
  expect(counter('orders', { a: undefined, b: '' })).toBe(plain);
  expect(counter('orders', { a: undefined, x: 'y', b: '' })).toBe(counter('orders', { x: 'y' }));
});

it('keeps kinds and names apart', () => {
  expect(new Set([counter('x'), gauge('x'), histogram('x'), counter('y')]).size).toBe(4);
});

it('tells names of the same length apart, and those from what is no name', () => {
  const names = ['one', 'two', 'six', 'x'.repeat(35)];
  const handles = names.map((name) => counter(name));
  expect(new Set(handles).size).toBe(names.length);
  for (const [i, name] of names.entries()) expect(counter(name.split('').join(''))).toBe(handles[i]);
  const length = 3;
  for (const name of [['one'], ['o', 'n', 'e'], { length, toString: () => 'one' }, 3, undefined]) {
    expect(handles).not.toContain(counter(name as unknown as string));
  }
});

it('tells a value that came first from all that come after it, at each place of a label set', () => {
  const values = ['a', 0, 'b', '0', true, 'true', 'c', 1, '1', 'd'];
  const seen = new Set<unknown>();
  for (const x of values)
    for (const y of values) for (const z of values) seen.add(counter('first', { x, y, z }));
  for (const x of values) for (const y of values) seen.add(counter('first', { x, y }));
  expect(seen.size).toBe(1_100);
  for (const x of values)
    for (const y of values)
      for (const z of values) {
        expect(seen).toContain(counter('first', { x, y, z }));
        expect(seen).toContain(counter('first', { x, y }));
      }
  expect(counter('first', { x: 'a', y: 'a', z: NaN })).not.toBe(counter('first', { x: 'a', y: 'a' }));
  expect(counter('first', { x: NaN })).not.toBe(counter('first', { x: 'a' }));
});

it('ignores inherited labels, those that a known label set has too', () => {
  const known = counter('inherits', { own: 'y', inherited: 'x' });
  const labels = Object.assign(Object.create({ inherited: 'x' }), { own: 'y' });
  expect(counter('inherits', labels)).not.toBe(known);
  expect(counter('inherits', labels)).toBe(counter('inherits', { own: 'y' }));
});

it('does not take a known label set for one with a bad value', () => {
  const recorder = new TestRecorder();
  const installation = setGlobalRecorder(recorder);
  counter('nulls', { a: 'x' }).increment();
  counter('nulls').increment();
  for (const labels of [null, { a: null }, { a: 'x', b: null }, 'ab', 5, () => 1] as unknown as undefined[]) {
    counter('nulls', labels).increment();
  }
  expect(recorder.refusals).toEqual(Array(6).fill('counter invalid_label'));
  installation.uninstall();
});

it('records under the labels that a changing getter gave last', () => {
  const recorder = new TestRecorder();
  const installation = setGlobalRecorder(recorder);
  let reads = 0;
  const labels = {
    get attempt() {
      reads += 1;
      return reads;
    },
  };
  for (let i = 0; i < 10; i++) counter('changing', labels).increment();
  let total = 0;
  for (const series of recorder.series()) total += recorder.value(series) ?? 0;
  expect(total).toBe(10);
  installation.uninstall();
});

it('every label set reaches its own series and no other, in whatever order the labels are written', () => {
  const recorder = new TestRecorder();
  const installation = setGlobalRecorder(recorder);
  const names = fc.constantFrom('a', 'b', 'c', 'd');
  const values = fc.constantFrom<(string | number | boolean | undefined)[]>('', 'x', 'y', 7, true, undefined);
  const expected = new Map<string, number>();
  fc.assert(
    fc.property(fc.array(fc.tuple(names, values)), (entries) => {
      const labels = Object.fromEntries(entries);
      counter('property', labels).increment();
      const present = Object.entries(labels).filter(([, value]) => value !== undefined && value !== '');
      const shown = present.map(([name, value]) => `${name}=${value}`).sort();
      const series = shown.length === 0 ? 'property' : `property{${shown.join()}}`;
      expected.set(series, (expected.get(series) ?? 0) + 1);
      expect(recorder.value(series)).toBe(expected.get(series));
    }),
    { numRuns: 1_000 },
  );
  installation.uninstall();
});

it('finds a handle again whatever label sets came since, longer and shorter ones that begin with the same labels too', () => {
  const known = new Map<string, unknown>();
  let runs = 0;
  const labels = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('x', 'y', 1)), {
    selector: ([name]) => name,
  });
  fc.assert(
    fc.property(fc.array(labels), (sets) => {
      const name = `again.${runs++ % 10}`;
      for (const entries of sets) {
        const id = JSON.stringify([name, entries]);
        const handle = counter(name, Object.fromEntries(entries));
        expect(handle).toBe(known.get(id) ?? handle);
        known.set(id, handle);
      }
    }),
  );
  expect(new Set(known.values()).size).toBe(known.size);
});
