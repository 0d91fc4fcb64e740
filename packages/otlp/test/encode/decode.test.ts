import fc from 'fast-check';
import { encodeBatch } from '../../src/encode/batch.ts';
import { decodeRequest, decodeResponse } from '../../src/encode/decode.ts';
import { encodeRequest } from '../../src/encode/serialize.ts';
import { batch } from './arbitraries.ts';
import { decoded, hex } from './oracle.ts';

const encode = (given: Parameters<typeof encodeBatch>[0]): Uint8Array =>
  encodeBatch(given, { maxBytes: Number.MAX_SAFE_INTEGER }).units[0].bytes;

const malformed = expect.objectContaining({ code: 'OSTINATO_MALFORMED_OTLP' });

describe('decodeRequest', () => {
  it('reads what the generated decoder reads', () => {
    fc.assert(
      fc.property(batch, (given) => {
        const bytes = encode(given);
        expect(decodeRequest(bytes)).toEqual(decoded(bytes));
      }),
      { numRuns: 100 },
    );
  });

  it('is undone by encodeRequest', () => {
    fc.assert(
      fc.property(batch, (given) => {
        const bytes = encode(given);
        expect(hex(encodeRequest(decodeRequest(bytes)))).toBe(hex(bytes));
      }),
      { numRuns: 100 },
    );
  });

  it('gives a value or an error with a code for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          decodeRequest(bytes);
        } catch (error) {
          expect(error).toEqual(malformed);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('gives a value or an error with a code for a request with any bytes changed, and never reads past its end', () => {
    const change = fc.tuple(fc.nat(), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(
        batch,
        fc.array(change, { minLength: 1, maxLength: 8 }),
        fc.nat(),
        (given, changes, cut) => {
          const bytes = encode(given);
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          const part = bytes.subarray(0, cut % (bytes.length + 1));
          const outcome = (given: Uint8Array): unknown => {
            try {
              return decodeRequest(given);
            } catch (error) {
              expect(error).toEqual(malformed);
              return (error as Error).message;
            }
          };
          expect(outcome(part)).toEqual(outcome(new Uint8Array(part)));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('refuses what is cut off', () => {
    expect(() => decodeRequest(Uint8Array.of(0x0a, 5, 1))).toThrow(malformed);
    expect(() => decodeRequest(Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f))).toThrow(malformed);
    expect(() => decodeRequest(Uint8Array.of(0x80))).toThrow(malformed);
  });

  it('refuses an inner message that is longer than the one around it', () => {
    expect(() => decodeRequest(Uint8Array.of(0x0a, 2, 0x12, 3, 0, 0, 0))).toThrow(malformed);
  });

  it('refuses a varint without an end, field number 0 and groups', () => {
    expect(() => decodeRequest(new Uint8Array(11).fill(0xff))).toThrow(malformed);
    expect(() => decodeRequest(Uint8Array.of(0x02, 0))).toThrow(malformed);
    expect(() => decodeRequest(Uint8Array.of(0x7b))).toThrow(malformed);
  });

  it('refuses more than 100 messages in one another', () => {
    const nested = (levels: number): Uint8Array => {
      // Metadata of a metric: value > arrayValue > value > arrayValue …
      let bytes: number[] = [];
      const wrap = (tag: number): void => {
        const size = bytes.length;
        bytes = [tag, (size & 0x7f) | 0x80, size >> 7, ...bytes];
      };
      for (let i = 0; i < levels; i++) for (const tag of [0x0a, 0x2a]) wrap(tag);
      for (const tag of [0x12, 0x62, 0x12, 0x12, 0x0a]) wrap(tag);
      return Uint8Array.from(bytes);
    };
    expect(() => decodeRequest(nested(47))).not.toThrow();
    expect(() => decodeRequest(nested(48))).toThrow(malformed);
    expect(() => decodeRequest(nested(4000))).toThrow(malformed);
  });

  it('skips unknown fields of every wire type', () => {
    const unknown = [0x78, 0x96, 0x01, 0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x7a, 2, 9, 9, 0x7d, 1, 2, 3, 4];
    const known = [0x0a, 3, 0x1a, 1, 0x75];
    expect(decodeRequest(Uint8Array.from([...unknown, ...known, ...unknown]))).toEqual({
      resourceMetrics: [{ schemaUrl: 'u' }],
    });
  });

  it('merges a message that comes twice, and lets the last of a oneof win', () => {
    const twice = Uint8Array.from([0x0a, 8, 0x0a, 2, 0x10, 7, 0x0a, 2, 0x10, 9]);
    expect(decodeRequest(twice)).toEqual({ resourceMetrics: [{ resource: { droppedAttributesCount: 9 } }] });
    expect(decodeRequest(twice)).toEqual(decoded(twice));
    // Attribute a: boolValue true, then stringValue "s".
    const value = [0x12, 5, 0x10, 1, 0x0a, 1, 0x73];
    const oneof = Uint8Array.from([0x0a, 14, 0x0a, 12, 0x0a, 10, 0x0a, 1, 0x61, ...value]);
    expect(decodeRequest(oneof)).toEqual({
      resourceMetrics: [{ resource: { attributes: [{ key: 'a', value: { stringValue: 's' } }] } }],
    });
  });

  it('reads lists of numbers packed and not', () => {
    const bounds = encodeRequest({
      resourceMetrics: [
        { scopeMetrics: [{ metrics: [{ histogram: { dataPoints: [{ bucketCounts: ['1', '2'] }] } }] }] },
      ],
    });
    const at = hex(bounds).indexOf('3210');
    const unpacked = Buffer.from(
      `0a1a12181216 4a14 0a12`.replaceAll(' ', '') + '3101000000000000003102000000000000 00'.replace(' ', ''),
      'hex',
    );
    expect(at).toBeGreaterThan(0);
    expect(decodeRequest(unpacked)).toEqual(decodeRequest(bounds));
    expect(decodeRequest(unpacked)).toEqual(decoded(unpacked));
  });
});

describe('decodeResponse', () => {
  it('tells an empty partial success from none', () => {
    expect(decodeResponse(new Uint8Array(0))).toEqual({});
    expect(decodeResponse(Uint8Array.of(0x0a, 0))).toEqual({ partialSuccess: {} });
  });

  it('reads how many points were rejected and why, negative numbers included', () => {
    const bytes = Buffer.from('0a0f08fdffffffffffffffff0112026e6f', 'hex');
    expect(decodeResponse(bytes)).toEqual({
      partialSuccess: { rejectedDataPoints: '-3', errorMessage: 'no' },
    });
  });
});
