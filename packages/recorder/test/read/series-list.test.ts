import fc from 'fast-check';
import { CollectedSeries } from '../../src/read/collected.ts';
import { SeriesList } from '../../src/read/series-list.ts';
import { makeKey } from '../support/series.ts';

const step = fc.record({
  act: fc.constantFrom('find', 'find', 'find', 'leave', 'sweep'),
  value: fc.integer({ min: 0, max: 12 }),
});

test.each<[title: string, hash: (() => number) | undefined]>([
  ['by their hash', undefined],
  ['all of one hash', () => 3],
])('series are found until they are gone, and listed until they are swept: %s', (_title, hash) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const list = new SeriesList(hash);
      const model = new Map<number, CollectedSeries>();
      let listed: CollectedSeries[] = [];
      for (const [i, { act, value }] of steps.entries()) {
        const key = makeKey('c', { value });
        if (act === 'sweep') {
          const before = list.all;
          const copy = [...before];
          list.sweep();
          listed = listed.filter(({ state }) => state !== 'gone');
          expect(before).toEqual(copy);
        } else if (act === 'leave') {
          model.get(value)?.leave();
          model.delete(value);
        } else if (!model.has(value)) {
          const series = new CollectedSeries(i, i, key, 0n);
          list.push(series);
          listed.push(series);
          model.set(value, series);
        }
        for (let other = 0; other <= 12; other++) {
          expect(list.get(makeKey('c', { value: other }).labels)).toBe(model.get(other));
        }
        expect(list.all).toHaveLength(listed.length);
        for (const [at, one] of listed.entries()) expect(list.all[at]).toBe(one);
      }
    }),
  );
});
