import fc from 'fast-check';
import { encodeBatch } from '../../src/encode/batch.ts';
import { decodeRequest } from '../../src/encode/decode.ts';
import { fromLine, MAX_LINE_BYTES, toLine, toLines } from '../../src/encode/json-lines.ts';
import type { NumberDataPoint } from '../../src/encode/messages.ts';
import { encodeRequest } from '../../src/encode/serialize.ts';
import type { Unit } from '../../src/unit.ts';
import { batch } from './arbitraries.ts';
import { counter } from './fixtures.ts';
import { decoded, hex, pointsIn } from './oracle.ts';

const WHOLE = { maxBytes: Number.MAX_SAFE_INTEGER };
const malformed = expect.objectContaining({ code: 'OSTINATO_MALFORMED_OTLP' });

/** The bytes of a request with one gauge point. */
const gauge = (point: NumberDataPoint): Uint8Array =>
  encodeRequest({
    resourceMetrics: [{ scopeMetrics: [{ metrics: [{ gauge: { dataPoints: [point] } }] }] }],
  });
const PREFIX = '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[';
const lineOf = (point: NumberDataPoint): string =>
  toLine({ bytes: gauge(point) })
    .replace(PREFIX, '')
    .replace(']}}]}]}]}', '');

describe('toLine', () => {
  it('is undone by fromLine, to the byte, for a unit of the encoder', () => {
    fc.assert(
      fc.property(batch, (given) => {
        const [unit] = encodeBatch(given, WHOLE).units;
        expect(hex(fromLine(toLine(unit)))).toBe(hex(unit.bytes));
      }),
      { numRuns: 200 },
    );
  });

  it('is one line of well-formed text that begins with resourceMetrics and holds no null', () => {
    fc.assert(
      fc.property(batch, (given) => {
        const line = toLine(encodeBatch(given, WHOLE).units[0]);
        expect(line.startsWith('{"resourceMetrics":[{')).toBe(true);
        expect(line).not.toMatch(/[\n\r\p{Surrogate}]/u);
        JSON.parse(line, (_, value) => expect(value).not.toBeNull() ?? value);
      }),
      { numRuns: 100 },
    );
  });

  it('loses nothing of a unit of another encoder but what this protocol version does not know', () => {
    const field = (tag: number, ...body: number[]): number[] => [tag, body.length, ...body];
    const scope = (name: number): number[] => field(0x12, ...field(0x1a, name));
    // Fields in another order, a list in two parts, a length of two bytes, a field of tomorrow.
    const resource = [0x0a, 0x82, 0x00, 0x10, 0x07];
    const tomorrow = field(0x7a, 1, 2, 3);
    const foreign = Uint8Array.from(
      field(0x0a, ...field(0x1a, 0x75), ...scope(0x76), ...tomorrow, ...resource, ...scope(0x77)),
    );
    expect(decoded(foreign).resourceMetrics?.[0].scopeMetrics).toHaveLength(2);
    expect(decoded(fromLine(toLine({ bytes: foreign })))).toEqual(decoded(foreign));
  });

  it('writes 64-bit integers as decimal strings, at their limits', () => {
    expect(lineOf({ timeUnixNano: '18446744073709551615', asInt: '-9223372036854775808' })).toBe(
      '{"timeUnixNano":"18446744073709551615","asInt":"-9223372036854775808"}',
    );
    expect(lineOf({ timeUnixNano: '9007199254740993', asInt: '9223372036854775807' })).toBe(
      '{"timeUnixNano":"9007199254740993","asInt":"9223372036854775807"}',
    );
  });

  it('keeps apart a signed and an unsigned integer of the same bits and field number', () => {
    const bits = 2n ** 63n + 5n;
    const dataPoints = [{ asInt: String(BigInt.asIntN(64, bits)) }];
    const histogram = { dataPoints: [{ bucketCounts: [String(bits), String(bits)] }] };
    const bytes = encodeRequest({
      resourceMetrics: [
        { scopeMetrics: [{ metrics: [{ histogram }, { gauge: { dataPoints } }, { histogram }] }] },
      ],
    });
    expect(decodeRequest(bytes)).toEqual(decoded(bytes));
    expect(hex(fromLine(toLine({ bytes })))).toBe(hex(bytes));
  });

  it.each([
    [Number.NaN, '"NaN"'],
    [Infinity, '"Infinity"'],
    [-Infinity, '"-Infinity"'],
    [-0, '"-0"'],
    [0, '0'],
    [5e-324, '5e-324'],
    [Number.MAX_VALUE, '1.7976931348623157e+308'],
    [0.1, '0.1'],
  ])('writes the double %p as %s', (asDouble, text) => {
    expect(lineOf({ asDouble })).toBe(`{"asDouble":${text}}`);
  });

  it('writes ids in hex, other bytes in base64, enums as numbers and 32-bit integers as numbers', () => {
    const exemplars = [{ spanId: 'b7ad6b7169203331', traceId: '0af7651916cd43dd8448eb211c80319c' }];
    expect(lineOf({ attributes: [{ key: 'b', value: { bytesValue: '+/8=' } }], flags: 1, exemplars })).toBe(
      '{"attributes":[{"key":"b","value":{"bytesValue":"+/8="}}],"flags":1,"exemplars":[{"spanId":"b7ad6b7169203331","traceId":"0af7651916cd43dd8448eb211c80319c"}]}',
    );
    const line = toLine(encodeBatch(counter({}), WHOLE).units[0]);
    expect(line).toContain('"aggregationTemporality":2,"isMonotonic":true');
  });

  it('makes bytes that are no UTF-8 well-formed', () => {
    const bytes = Buffer.from(encodeRequest({ resourceMetrics: [{ schemaUrl: 'abc' }] }));
    bytes[bytes.length - 1] = 0xff;
    expect(toLine({ bytes })).toBe('{"resourceMetrics":[{"schemaUrl":"ab\ufffd"}]}');
  });

  it('of an empty request is the object that a Collector skips', () => {
    expect(toLine({ bytes: new Uint8Array(0) })).toBe('{"resourceMetrics":[]}');
  });
});

describe('fromLine', () => {
  it('reads what a Collector reads', () => {
    const line =
      '{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"checkout"}}]},' +
      '"scopeMetrics":[{"scope":{"name":"bridge"},"metrics":[{"name":"db.query.duration","unit":"s","exponentialHistogram":' +
      '{"dataPoints":[{"startTimeUnixNano":"1795400000000000000","timeUnixNano":"1795400060000000000","count":"5","sum":4.2,' +
      '"scale":3,"zeroCount":"1","positive":{"offset":-6,"bucketCounts":["2","0","1","1"]},"negative":{},"min":0,"max":1.1,' +
      '"zeroThreshold":1e-9}],"aggregationTemporality":1}}]}]}]}';
    expect(decoded(fromLine(line))).toEqual(JSON.parse(line));
  });

  it('takes 64-bit integers as numbers too, doubles as strings, and ids in either case', () => {
    const point = '{"timeUnixNano":5,"asDouble":"1.5","exemplars":[{"spanId":"B7AD6B7169203331"}]}';
    expect(hex(fromLine(`${PREFIX}${point}]}}]}]}]}`))).toBe(
      hex(gauge({ timeUnixNano: '5', asDouble: 1.5, exemplars: [{ spanId: 'b7ad6b7169203331' }] })),
    );
  });

  it('skips keys that it does not know, a header and a crc among them', () => {
    const line = toLine({ bytes: gauge({ asDouble: 1 }) });
    const more = `{"segment":{"v":1,"resourceMetrics":[1]},${line.slice(1, -1)},"crc":"00ff"}`;
    expect(hex(fromLine(more))).toBe(hex(gauge({ asDouble: 1 })));
    expect(fromLine('{"resourceMetrics":[],"segment":{"v":1}}')).toEqual(new Uint8Array(0));
    expect(fromLine('{}')).toEqual(new Uint8Array(0));
  });

  it('is not led astray by __proto__ and constructor', () => {
    const schemaUrl = '{"resourceMetrics":[{"schemaUrl":"polluted"}]}';
    const line = `{"__proto__":${schemaUrl},"constructor":{"prototype":${schemaUrl}},"resourceMetrics":[{}]}`;
    expect(decodeRequest(fromLine(line))).toEqual({ resourceMetrics: [{}] });
    expect(Object.prototype).not.toHaveProperty('resourceMetrics');
  });

  it('bounds how deep messages go', () => {
    const value = (levels: number): string =>
      `${'{"arrayValue":{"values":['.repeat(levels)}{}${']}}'.repeat(levels)}`;
    const line = (levels: number): string =>
      `{"resourceMetrics":[{"resource":{"attributes":[{"value":${value(levels)}}]}}]}`;
    expect(() => fromLine(line(40))).not.toThrow();
    expect(() => fromLine(line(60))).toThrow(malformed);
    expect(() => fromLine(line(20_000))).toThrow(malformed);
    expect(fromLine(`{"unknown":${'['.repeat(50_000)}${']'.repeat(50_000)}}`)).toEqual(new Uint8Array(0));
  });

  it.each([
    ['no JSON', '{"resourceMetrics":[}'],
    ['a torn line', toLine({ bytes: gauge({ asDouble: 1 }) }).slice(0, -1)],
    ['two objects', '{}{}'],
    ['an empty line', ''],
    ['a list', '[]'],
    ['null', 'null'],
    ['no list where there is one', '{"resourceMetrics":{}}'],
    ['a list where there is none', '{"resourceMetrics":[[]]}'],
    ['a null double', `${PREFIX}{"asDouble":null}]}}]}]}]}`],
    ['a text double', `${PREFIX}{"asDouble":"many"}]}}]}]}]}`],
    ['an empty double', `${PREFIX}{"asDouble":""}]}}]}]}]}`],
    ['an integer beyond int64', `${PREFIX}{"asInt":"9223372036854775808"}]}}]}]}]}`],
    ['a negative time', `${PREFIX}{"timeUnixNano":"-1"}]}}]}]}]}`],
    ['a time beyond uint64', `${PREFIX}{"timeUnixNano":"18446744073709551616"}]}}]}]}]}`],
    ['a fraction for an integer', `${PREFIX}{"asInt":1.5}]}}]}]}]}`],
    ['a hexadecimal integer', `${PREFIX}{"asInt":"0x10"}]}}]}]}]}`],
    ['a flag beyond uint32', `${PREFIX}{"flags":4294967296}]}}]}]}]}`],
    ['an id that is no hex', `${PREFIX}{"exemplars":[{"spanId":"b7ad6b716920333g"}]}]}}]}]}]}`],
    ['bytes that are no base64', `${PREFIX}{"attributes":[{"value":{"bytesValue":"-_8="}}]}]}}]}]}]}`],
    ['a number for a text', '{"resourceMetrics":[{"schemaUrl":1}]}'],
    ['a text for a boolean', `${PREFIX}{"attributes":[{"value":{"boolValue":"true"}}]}]}}]}]}]}`],
  ])('refuses %s, with a code', (_, line) => {
    expect(() => fromLine(line)).toThrow(malformed);
  });

  it('gives bytes or an error with a code for a line with any characters changed', () => {
    const change = fc.tuple(
      fc.nat(),
      fc.constantFrom('"', '{', '}', '[', ']', ',', ':', '0', '-', 'e', 'null', '\\', 'x'),
    );
    fc.assert(
      fc.property(batch, fc.array(change, { minLength: 1, maxLength: 4 }), (given, changes) => {
        let line = toLine(encodeBatch(given, WHOLE).units[0]);
        for (const [at, text] of changes) {
          const index = at % line.length;
          line = line.slice(0, index) + text + line.slice(index + 1);
        }
        try {
          decoded(fromLine(line));
        } catch (error) {
          expect(error).toEqual(malformed);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('toLines', () => {
  const unitOf = (points: number, size: number): Unit => {
    const given = counter({});
    const [metric] = given.scopeMetrics[0].metrics;
    const dataPoints = Array.from({ length: points }, (_, i) => ({
      ...metric.dataPoints[0],
      attributes: { i, text: '\u0001'.repeat(size) },
    }));
    const metrics = [{ ...metric, dataPoints }] as (typeof given.scopeMetrics)[0]['metrics'];
    return encodeBatch({ ...given, scopeMetrics: [{ ...given.scopeMetrics[0], metrics }] }, WHOLE).units[0];
  };

  it('leaves a unit whose line fits as it is', () => {
    const unit = unitOf(3, 1);
    expect(toLines(unit)).toEqual([{ unit, text: toLine(unit) }]);
    expect(toLines(unit)[0].unit).toBe(unit);
  });

  it('halves a unit until each line fits, every point kept, in order', () => {
    // A control character is one byte of protobuf and six of JSON.
    const unit = unitOf(50, 5000);
    expect(unit.bytes.length).toBeLessThan(256 * 1024);
    const lines = toLines(unit);
    expect(lines.length).toBeGreaterThan(1);
    for (const { unit: part, text } of lines) {
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_LINE_BYTES);
      expect(hex(fromLine(text))).toBe(hex(part.bytes));
    }
    expect(lines.flatMap((line) => pointsIn(line.unit))).toEqual(pointsIn(unit));
    expect(lines.reduce((sum, line) => sum + line.unit.points, 0)).toBe(unit.points);
  });

  it('takes no limit from the index that flatMap passes', () => {
    const units = [unitOf(3, 1), unitOf(3, 1), unitOf(3, 1)];
    // @ts-expect-error: where types do not stop it, it is harmless
    expect(units.flatMap(toLines).map(({ unit }: { unit: unknown }) => unit)).toEqual(units);
  });

  it('gives a single point as it is, however long', () => {
    const unit = unitOf(1, 200_000);
    expect(toLines(unit)).toEqual([{ unit, text: toLine(unit) }]);
  });
});
