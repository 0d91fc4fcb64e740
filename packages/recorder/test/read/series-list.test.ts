import fc from 'fast-check';
import { CollectedSeries } from '../../src/read/collected.ts';
import { SeriesList } from '../../src/read/series-list.ts';
import { makeKey } from '../support/series.ts';

const VALUES = 12;
const step = fc.record({
  act: fc.constantFrom('find', 'find', 'leave'),
  value: fc.nat(VALUES),
});

test.each<[title: string, hash: (() => number) | undefined]>([
  ['by their hash', undefined],
  ['all of one hash', () => 3],
])(
  'series are found by their labels until they are gone, and listed in order of arrival: %s',
  (_title, hash) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const list = new SeriesList(hash);
        const found = new Map<number, CollectedSeries>();
        const all: CollectedSeries[] = [];
        for (const [i, { act, value }] of steps.entries()) {
          if (act === 'leave') {
            found.get(value)?.leave();
            found.delete(value);
          } else if (!found.has(value)) {
            const series = new CollectedSeries(i, i, makeKey('c', { value }), 0n);
            list.push(series);
            all.push(series);
            found.set(value, series);
          }
          for (let any = 0; any <= VALUES; any++) {
            expect(list.get(makeKey('c', { any: 0, value: any }).labels)).toBeUndefined();
            expect(list.get(makeKey('c', { value: any }).labels)).toBe(found.get(any));
          }
          expect(list.all.every((series, at) => series === all[at])).toBe(true);
          expect(list.all).toHaveLength(all.length);
        }
      }),
    );
  },
);
