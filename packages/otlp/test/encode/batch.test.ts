import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationType,
  MeterProvider,
  MetricReader,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import fc from 'fast-check';
import { encodeBatch } from '../../src/encode/batch.ts';
import { decodeRequest } from '../../src/encode/decode.ts';
import type { AttributeMap, ExemplarBatch, MetricsBatch } from '../../src/encode/sdk-types.ts';
import { batch, pointsOf } from './arbitraries.ts';
import { counter } from './fixtures.ts';
import { decoded, hex, pointsIn, stock } from './oracle.ts';

const WHOLE = { maxBytes: Number.MAX_SAFE_INTEGER };
const one = (given: MetricsBatch): Uint8Array => encodeBatch(given, WHOLE).units[0].bytes;

describe('a batch of the SDK', () => {
  it('is what the types of the SDK say', () => {
    const given: ResourceMetrics = {
      resource: { attributes: {} } as ResourceMetrics['resource'],
      scopeMetrics: [],
    };
    expect(encodeBatch(given, WHOLE).units).toEqual([]);
  });

  it('becomes the bytes of the stock serializer', () => {
    fc.assert(
      fc.property(batch, (given) => {
        const { units, lazy } = encodeBatch(given, WHOLE);
        expect(lazy).toBeUndefined();
        expect(units.map(({ points }) => points)).toEqual([pointsOf(given)]);
        expect(hex(units[0].bytes)).toBe(hex(stock(given)));
      }),
      { numRuns: 300 },
    );
  });

  it('becomes the bytes of the stock serializer, collected by the SDK itself', async () => {
    class Reader extends MetricReader {
      protected async onForceFlush(): Promise<void> {}
      protected async onShutdown(): Promise<void> {}
    }
    const reader = new Reader();
    const provider = new MeterProvider({
      readers: [reader],
      resource: resourceFromAttributes({ 'service.name': 'shop', 'process.command_args': ['node', 'a.js'] }),
      views: [
        { instrumentName: 'fast', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } },
        {
          instrumentName: 'slow',
          aggregation: { type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM, options: { boundaries: [1, 5] } },
        },
      ],
    });
    const meter = provider.getMeter('shop', '1.0.0', { schemaUrl: 'https://opentelemetry.io/schemas/1.0.0' });
    meter
      .createCounter('orders', { unit: '{order}', description: 'Orders', valueType: 0 })
      .add(3, { ok: true, tags: ['a', 'b'] });
    meter.createUpDownCounter('open').add(-2.5, { code: 200 });
    meter.createObservableGauge('heat').addCallback((result) => result.observe(36.6, { room: 'Ü' }));
    for (const name of ['fast', 'slow']) {
      const histogram = meter.createHistogram(name, { unit: 's' });
      for (const value of [0, 0.1, 2, 1e6]) histogram.record(value, { name });
    }
    provider.getMeter('empty');
    const { resourceMetrics } = await reader.collect();
    expect(pointsOf(resourceMetrics)).toBe(5);
    expect(hex(one(resourceMetrics))).toBe(hex(stock(resourceMetrics)));
    await provider.shutdown();
  });

  it('is split by size, every point kept, in order, with its resource, scope and metric', () => {
    fc.assert(
      fc.property(batch, fc.integer({ min: 1, max: 5000 }), (given, maxBytes) => {
        const { units, resource } = encodeBatch(given, { maxBytes });
        expect(units.flatMap(pointsIn)).toEqual(pointsIn({ bytes: one(given) }));
        for (const unit of units) {
          expect(unit.resource).toBe(resource);
          expect(pointsIn(unit)).toHaveLength(unit.points);
          if (unit.points > 1) expect(unit.bytes.length).toBeLessThanOrEqual(maxBytes);
        }
      }),
      { numRuns: 120 },
    );
  });

  it('is one unit when it fits to the byte, and more when it is one byte too large', () => {
    fc.assert(
      fc.property(batch, (given) => {
        const size = stock(given).length;
        expect(encodeBatch(given, { maxBytes: size }).units).toHaveLength(1);
        const smaller = encodeBatch(given, { maxBytes: size - 1 }).units;
        if (pointsOf(given) === 1) expect(smaller).toHaveLength(1);
        else expect(smaller.length).toBeGreaterThan(1);
      }),
      { numRuns: 100 },
    );
  });

  it('survives its units: nothing of one is in the memory of another', () => {
    const given = counter({ attributes: { a: 'x'.repeat(500) } });
    const first = encodeBatch(given, WHOLE).units[0];
    const before = hex(first.bytes);
    encodeBatch(counter({ attributes: { b: 'y'.repeat(700) } }), WHOLE);
    expect(hex(first.bytes)).toBe(before);
  });
});

describe('the identity of a resource', () => {
  const identity = (attributes: AttributeMap): string =>
    encodeBatch({ resource: { attributes }, scopeMetrics: [] }, WHOLE).resource;

  it('is the same for the same attributes in any order, and in any process', () => {
    expect(identity({ a: '1', b: [true], c: 2.5 })).toBe(identity({ c: 2.5, a: '1', b: [true] }));
    expect(identity({ 'service.name': 'shop' })).toBe('f8c22df54bce1601bbe559d997cea3c1');
  });

  it('differs where a name, a value or a type differs', () => {
    const all = [
      {},
      { a: '1' },
      { a: 1 },
      { b: '1' },
      { a: '1', b: '' },
      { a: true },
      { ab: '' },
      { a: 'b' },
    ];
    expect(new Set(all.map(identity)).size).toBe(all.length);
  });
});

describe('exemplars', () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const spanId = 'b7ad6b7169203331';
  const base64 = (id: string): string => Buffer.from(id, 'hex').toString('base64');
  const encoded = (exemplar: ExemplarBatch, options = {}) => {
    const bytes = one(counter({ exemplars: [exemplar] }, options));
    return decoded(bytes).resourceMetrics?.[0].scopeMetrics?.[0].metrics?.[0].sum?.dataPoints?.[0]
      .exemplars?.[0];
  };

  it('go on the wire with their ids as bytes', () => {
    const timestamp = [1_795_400_059, 5] as const;
    expect(encoded({ filteredAttributes: { user: 'u' }, value: 0.43, timestamp, spanId, traceId })).toEqual({
      timeUnixNano: '1795400059000000005',
      asDouble: 0.43,
      filteredAttributes: [{ key: 'user', value: { stringValue: 'u' } }],
      spanId: base64(spanId),
      traceId: base64(traceId),
    });
  });

  it('may have their time as a bigint, and are integers where the instrument is', () => {
    expect(encoded({ value: -3, timestamp: 2n ** 63n }, { valueType: 0 })).toEqual({
      timeUnixNano: '9223372036854775808',
      asInt: '-3',
    });
  });

  it('lose an id that a receiver would refuse the whole request for, and are kept', () => {
    const bad = [
      '',
      'xyz',
      'g'.repeat(16),
      '0'.repeat(32),
      '0'.repeat(16),
      traceId.slice(1),
      `${spanId}0`,
      7,
      {},
    ];
    for (const id of bad as string[]) {
      expect(encoded({ value: 1, timestamp: [1, 0], spanId: id, traceId: id })).toEqual({
        timeUnixNano: '1000000000',
        asDouble: 1,
      });
    }
  });

  it('are on the points of every type, and change nothing else', () => {
    const exemplars = [
      { value: 1, timestamp: [1, 0] as const, spanId, traceId },
      { value: 2.5, timestamp: [2, 0] as const, filteredAttributes: { k: [1, 'a'] } },
    ];
    fc.assert(
      fc.property(batch, (given) => {
        const withExemplars = {
          ...given,
          scopeMetrics: given.scopeMetrics.map((scope) => ({
            ...scope,
            metrics: scope.metrics.map((metric) => ({
              ...metric,
              dataPoints: metric.dataPoints.map((point) => ({ ...point, exemplars })),
            })),
          })),
        } as MetricsBatch;
        const bytes = one(withExemplars);
        const text = JSON.stringify(decoded(bytes));
        expect(text.split(base64(traceId))).toHaveLength(pointsOf(given) + 1);
        const without = (_: string, value: Record<string, unknown>) => {
          if (value !== null && typeof value === 'object') delete value.exemplars;
          return value;
        };
        expect(JSON.parse(text, without)).toEqual(JSON.parse(JSON.stringify(decoded(one(given)))));
        expect(JSON.stringify(decodeRequest(bytes)).split(traceId)).toHaveLength(pointsOf(given) + 1);
      }),
      { numRuns: 25 },
    );
  });
});
