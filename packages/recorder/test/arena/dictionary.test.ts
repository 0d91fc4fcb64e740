import fc from 'fast-check';
import { Arena, allocateArena } from '../../src/arena/arena.ts';
import {
  copyIdentity,
  defineMetric,
  defineSeries,
  hashSeries,
  hasIdentity,
  identityBytes,
  type MetricDefinition,
  readMetric,
  readSeries,
  recordHead,
} from '../../src/arena/dictionary.ts';
import { METRIC_RECORD, SERIES_RECORD, SLAB_BYTES } from '../../src/arena/layout.ts';
import { SlabAllocator } from '../../src/arena/slab.ts';

const METRIC: MetricDefinition = {
  scope: { name: 'orders/db', version: '1.2' },
  name: 'query.time',
  type: 'histogram',
  unit: 'ms',
  description: 'How long a query takes, 💶 included.',
  bounds: [-1, 0, 0.1, 1e300],
};

function setUp(maxMemory = 4 * 1024 * 1024) {
  const arena = new Arena(allocateArena(maxMemory));
  return { arena, slabs: new SlabAllocator(arena, 1) };
}

/** Whether two series records define the same series, by a copy of the first one's identity. */
function sameSeries(arena: Arena, a: number, b: number): boolean {
  const [ofA, ofB] = [identityBytes(arena, a), identityBytes(arena, b)];
  if (ofA.metric !== ofB.metric || ofA.labels !== ofB.labels) return false;
  const scratch = (arena.slabs - 1) * SLAB_BYTES;
  copyIdentity(arena, a, scratch);
  return hasIdentity(arena, b, scratch);
}

const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\ud800', '\udfff', 'é', 'a\0'),
);
const anyLabels = fc.uniqueArray(
  fc.tuple(anyText, fc.oneof(anyText, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean())),
  { selector: ([name]) => name, maxLength: 6 },
);

test('a metric reads back as it was defined', () => {
  const { arena, slabs } = setUp();
  expect(readMetric(arena, defineMetric(arena, slabs, METRIC, false)!)).toEqual(METRIC);
});

test('a metric of the smallest kind reads back as it was defined', () => {
  const { arena, slabs } = setUp();
  const small = {
    scope: { name: 's' },
    name: 'n',
    type: 'counter',
    unit: '',
    description: '',
    bounds: [],
  } as const;
  expect(readMetric(arena, defineMetric(arena, slabs, small, false)!)).toEqual(small);
});

test.each([
  ['', false],
  [', where records are reused', true],
])('any labels read back with their types, lone surrogates included%s', (_title, reuses) => {
  const { arena } = setUp(64 * 1024 * 1024);
  const slabs = new SlabAllocator(arena, 1, reuses);
  const metric = defineMetric(arena, slabs, METRIC, false)!;
  fc.assert(
    fc.property(anyLabels, fc.bigInt({ min: 0n, max: 2n ** 62n }), (labels, start) => {
      const address = defineSeries(arena, slabs, { metric, labels, start }, 77, false)!;
      const canonical = labels.map(([name, value]) => [name, value === 0 ? 0 : value]);
      expect(readSeries(arena, address)).toEqual({ metric, labels: canonical, start });
    }),
  );
});

test('two series are the same exactly when their labels are, whatever thread defined them', () => {
  const { arena, slabs } = setUp(64 * 1024 * 1024);
  const other = new SlabAllocator(arena, 2);
  const [mine, theirs] = [
    defineMetric(arena, slabs, METRIC, false)!,
    defineMetric(arena, other, METRIC, false)!,
  ];
  const few = fc.uniqueArray(
    fc.tuple(fc.constantFrom('a', 'b', 'ab', ''), fc.constantFrom('', 'a', 'b', 1, '1', true)),
    {
      selector: ([name]) => name,
      maxLength: 3,
    },
  );
  fc.assert(
    fc.property(few, few, (a, b) => {
      const first = defineSeries(arena, slabs, { metric: mine, labels: a, start: 0n }, 0, false)!;
      const second = defineSeries(arena, other, { metric: theirs, labels: b, start: 1n }, 0, false)!;
      const text = (labels: typeof a) => JSON.stringify(labels.map(([name, value]) => [name, String(value)]));
      expect(sameSeries(arena, first, second)).toBe(text(a) === text(b));
      if (text(a) === text(b)) expect(hashSeries(arena, first)).toBe(hashSeries(arena, second));
    }),
    { numRuns: 500 },
  );
});

test('metrics that differ in one name only are different', () => {
  const { arena, slabs } = setUp();
  const variants: MetricDefinition[] = [
    METRIC,
    { ...METRIC, name: 'query.tim' },
    { ...METRIC, scope: { name: 'orders/db' } },
    { ...METRIC, scope: { name: 'orders/d', version: 'b1.2' } },
  ];
  const series = variants.map((variant) => {
    const metric = defineMetric(arena, slabs, variant, false)!;
    return defineSeries(arena, slabs, { metric, labels: [], start: 0n }, 0, false)!;
  });
  for (const a of series) for (const b of series) expect(sameSeries(arena, a, b)).toBe(a === b);
});

test('records lie one after the other, and none is published before its turn', () => {
  const { arena, slabs } = setUp();
  const metric = defineMetric(arena, slabs, METRIC, false)!;
  const define = (id: number) =>
    defineSeries(arena, slabs, { metric, labels: [['id', id]], start: 0n }, 0, false)!;
  const expected = [
    [METRIC_RECORD, metric],
    [SERIES_RECORD, define(1)],
    [SERIES_RECORD, define(2)],
  ];
  const slab = Math.floor((metric * 8) / SLAB_BYTES);
  const published = () => {
    const records: number[][] = [];
    for (let at = 0; at < arena.published(slab); ) {
      const address = (slab * SLAB_BYTES + at) / 8;
      const { tag, size } = recordHead(arena, address);
      records.push([tag, address]);
      at += size;
    }
    return records;
  };
  expect(published()).toEqual(expected);
  slabs.record(20, false);
  expect(published()).toEqual(expected);
  const third = define(3);
  expect(published()).toEqual([...expected, [SERIES_RECORD, third]]);
});

test('a definition larger than a slab takes a run of them', () => {
  const { arena, slabs } = setUp();
  const description = 'x'.repeat(3 * SLAB_BYTES);
  const address = defineMetric(arena, slabs, { ...METRIC, description }, false)!;
  expect(readMetric(arena, address).description).toBe(description);
  expect(defineSeries(arena, slabs, { metric: address, labels: [], start: 0n }, 0, false)).toBeGreaterThan(
    address,
  );
});

test('a definition that nothing can hold is refused', () => {
  const { arena, slabs } = setUp(1024 * 1024);
  expect(defineMetric(arena, slabs, { ...METRIC, description: 'x'.repeat(2 ** 20) }, true)).toBeUndefined();
  expect(arena.claimed).toBe(SLAB_BYTES);
});
