import fc from 'fast-check';
import { varintSize, Writer } from '../../src/encode/writer.ts';

const written = (write: (writer: Writer) => void): string => {
  const writer = new Writer(16);
  write(writer);
  return Buffer.from(writer.slice()).toString('hex');
};

test('a length is the same bytes whatever width was left for it', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.uint8Array({ maxLength: 20 }),
      fc.integer({ min: 1, max: 5 }),
      (content, before, width) => {
        const expected = written((writer) => {
          writer.raw(before);
          writer.blob(content);
          writer.byte(7);
        });
        const actual = written((writer) => {
          writer.raw(before);
          const at = writer.open(width);
          writer.raw(content);
          writer.close(at, width);
          writer.byte(7);
        });
        expect(actual).toBe(expected);
      },
    ),
  );
});

test('what was taken stays as it is, whatever is written then', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (contents) => {
      const writer = new Writer(16);
      const taken = contents.map((content) => {
        writer.raw(content);
        return writer.take();
      });
      expect(taken).toEqual(contents);
      for (const { buffer, length } of taken) expect(buffer.byteLength * 7).toBeLessThanOrEqual(length * 8);
    }),
  );
});

test('many varints are those of one after the other', () => {
  const value = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.maxSafeNat());
  fc.assert(
    fc.property(fc.array(value, { maxLength: 200 }), fc.nat({ max: 3 }), (values, left) => {
      const count = Math.max(0, values.length - left);
      const expected = written((writer) => {
        for (const each of values.slice(0, count)) writer.varint(each);
      });
      expect(written((writer) => writer.varints(values, count))).toBe(expected);
      expect(written((writer) => writer.varints(Float64Array.from(values), count))).toBe(expected);
    }),
  );
});

test.each([0, 127, 128, 16_383, 16_384, 2 ** 21 - 1, 2 ** 21, 2 ** 28 - 1, 2 ** 28])(
  'varintSize(%d) is how many bytes are written',
  (value) => {
    expect(written((writer) => writer.varint(value))).toHaveLength(varintSize(value) * 2);
  },
);
