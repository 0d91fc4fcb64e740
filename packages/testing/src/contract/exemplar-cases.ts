import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { type ActiveSpan, setTraceContext } from '@ostinato/core';
import type { Context } from './context.ts';

/** Whose id is a number. */
const spanOf = (id: number): ActiveSpan => ({
  traceId: id.toString(16).padStart(32, '0'),
  spanId: id.toString(16).padStart(16, '0'),
  sampled: true,
});

/** Records each value in a span of that id, by `record`. */
function inSpans(values: readonly number[], record: (value: number) => void): void {
  let active: ActiveSpan | undefined;
  const context = setTraceContext({ activeSpan: () => active });
  try {
    for (const value of values) {
      active = spanOf(value);
      record(value);
    }
  } finally {
    context[Symbol.dispose]();
  }
}

const VALUES = Array.from({ length: 100 }, (_, i) => i + 1);
const SUM = 5_050;

/** What holds while there are spans. Whether a recorder has exemplars at all is its own affair. */
export const exemplarCases: Readonly<Record<string, (t: Context) => Promise<void>>> = {
  async 'spans change no total'(t) {
    const [counter, gauge, histogram] = [t.name('c'), t.name('g'), t.name('h')];
    inSpans(VALUES, (value) => {
      t.way.increment(counter, value);
      t.way.set(gauge, value);
      t.way.record(histogram, value);
    });
    t.way.increment(counter, 1);
    await t.expectValue(SUM + 1, counter);
    await t.expectValue(100, gauge);
    await t.expectSamples(100, SUM, histogram);
  },

  async 'an exemplar is a sample of its series, in the span in which it was recorded; a gauge has none'(t) {
    const [counter, gauge, histogram] = [t.name('c'), t.name('g'), t.name('h')];
    inSpans(VALUES, (value) => {
      t.way.increment(counter, value, { odd: value % 2 === 1 });
      t.way.set(gauge, value);
      t.way.record(histogram, value);
    });
    // In one reading: what was read does not come again.
    const all = (await t.subject.read()).filter(({ name }) => [counter, gauge, histogram].includes(name));
    strictEqual(all.length, 4, 'series that were recorded on');
    for (const { name, labels, exemplars = [] } of all) {
      if (name === gauge) deepStrictEqual(exemplars, [], 'exemplars of a gauge');
      for (const { value, traceId, spanId } of exemplars) {
        const { sampled: _, ...ids } = spanOf(value);
        deepStrictEqual({ traceId, spanId }, ids, `the span of ${value}`);
        ok(VALUES.includes(value), `${value} was recorded`);
        if (name === counter)
          strictEqual(String(labels.odd), String(value % 2 === 1), `the series of ${value}`);
      }
    }
  },

  async 'an exemplar does not come twice'(t) {
    const name = t.name('c');
    inSpans([7], (value) => t.way.increment(name, value));
    await t.one(name);
    deepStrictEqual((await t.one(name)).exemplars ?? [], []);
  },
};
