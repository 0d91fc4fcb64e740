import { crc32 } from 'node:zlib';
import { headerLine, isIntact, LONGEST_LINE, pointsOf, readHeader, unitLines } from '../../src/log/format.ts';

const unitLine = (text: string, points: number) => unitLines([{ text, points }]);

const header = { version: 1, created: 1_700_000_000_000, line: 'one', number: 3, resource: 'shop "é"' };

function withoutNewline(line: Uint8Array): Buffer {
  return Buffer.from(line.subarray(0, -1));
}

describe('a line of a segment', () => {
  test('is one JSON object and a newline, resourceMetrics first and crc last', () => {
    const text = Buffer.from(unitLine('{"resourceMetrics":[{"é":1}]}', 7)).toString();
    expect(text).toMatch(/^\{"resourceMetrics":\[\{"é":1\}\],"points":7,"crc":"[0-9a-f]{8}"\}\n$/);
    expect(Object.keys(JSON.parse(text))).toEqual(['resourceMetrics', 'points', 'crc']);
  });

  test('has the CRC-32 of all bytes before `,"crc"`', () => {
    const text = Buffer.from(unitLine('{"resourceMetrics":["é"]}', 7)).toString();
    const before = text.slice(0, text.indexOf(',"crc"'));
    expect(parseInt(JSON.parse(text).crc, 16)).toBe(crc32(Buffer.from(before)));
  });

  test('is intact until any one bit of it is changed', () => {
    const line = withoutNewline(unitLine('{"resourceMetrics":[1]}', 7));
    expect(isIntact(line)).toBe(true);
    for (let bit = 0; bit < line.length * 8; bit++) {
      const changed = Buffer.from(line);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(isIntact(changed)).toBe(false);
    }
    for (let length = 0; length < line.length; length++)
      expect(isIntact(line.subarray(0, length))).toBe(false);
  });

  test('tells its points without being parsed', () => {
    expect(pointsOf(withoutNewline(unitLine('{"resourceMetrics":[1]}', 123_456)))).toBe(123_456);
    expect(pointsOf(withoutNewline(unitLine('{"resourceMetrics":[1]}', 0)))).toBe(0);
    expect(pointsOf(withoutNewline(headerLine(header)))).toBeUndefined();
    expect(pointsOf(Buffer.alloc(0))).toBeUndefined();
  });

  test('is refused when it could not be read again', () => {
    expect(() => unitLine(`{"resourceMetrics":["${'x'.repeat(LONGEST_LINE)}"]}`, 1)).toThrow(/too large/);
  });
});

describe('a header', () => {
  test('is a line that a Collector skips: no metrics, an unknown key', () => {
    const line = headerLine(header);
    expect(Buffer.from(line).toString()).toMatch(/^\{"resourceMetrics":\[\],"segment":\{/);
    expect(isIntact(withoutNewline(line))).toBe(true);
  });

  test('differs between segments within the 1,000 bytes that a Collector compares, whatever the resource', () => {
    const long = { ...header, resource: 'x'.repeat(5000) };
    const starts = [
      headerLine(long),
      headerLine({ ...long, number: 4 }),
      headerLine({ ...long, line: 'two' }),
    ];
    expect(new Set(starts.map((line) => Buffer.from(line.subarray(0, 1000)).toString())).size).toBe(3);
  });

  test('is read from the start of a segment', () => {
    const start = Buffer.concat([headerLine(header), unitLine('{"resourceMetrics":[1]}', 1)]);
    expect(readHeader(start)).toEqual(header);
  });

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['no newline', withoutNewline(headerLine(header))],
    ['a unit', Buffer.from(unitLine('{"resourceMetrics":[1]}', 1))],
    ['a changed byte', Buffer.from(headerLine(header)).fill('9', 60, 61)],
    ['no JSON', Buffer.from('hello\n')],
  ])('is not read from %s', (_, start) => {
    expect(readHeader(start)).toBeUndefined();
  });
});
