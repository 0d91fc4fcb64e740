import { types } from 'node:util';
import { anyValue, arrayValue, keyValue, keyValueList, tag } from './schema.ts';
import type { AttributeMap } from './sdk-types.ts';
import { highHalf, lowHalf, type Writer } from './writer.ts';

const KEY = tag(keyValue, 'key');
const VALUE = tag(keyValue, 'value');
const STRING = tag(anyValue, 'stringValue');
const BOOL = tag(anyValue, 'boolValue');
const INT = tag(anyValue, 'intValue');
const DOUBLE = tag(anyValue, 'doubleValue');
const ARRAY = tag(anyValue, 'arrayValue');
const KVLIST = tag(anyValue, 'kvlistValue');
const BYTES = tag(anyValue, 'bytesValue');
const ARRAY_VALUES = tag(arrayValue, 'values');
const KVLIST_VALUES = tag(keyValueList, 'values');

/** Objects in one another within one value: three messages each, so that decoders with a limit of 100 read it. */
const MAX_NESTING = 24;
const INT64_END = 2 ** 63;

/** The objects around the value that is being written: no value is written inside itself. */
const enclosing: object[] = [];

/** All own enumerable attributes, as repeated KeyValue under the given tag. */
export function writeAttributes(writer: Writer, fieldTag: number, attributes: AttributeMap): void {
  for (const key in attributes) {
    if (Object.hasOwn(attributes, key)) writeAttribute(writer, fieldTag, key, attributes[key]);
  }
}

/** One KeyValue. A value that AnyValue has no type for is written as the empty value. */
export function writeAttribute(writer: Writer, fieldTag: number, key: string, value: unknown): void {
  writer.byte(fieldTag);
  const at = writer.open();
  writer.byte(KEY);
  writer.string(key);
  writer.byte(VALUE);
  const valueAt = writer.open();
  writeValue(writer, value);
  writer.close(valueAt);
  writer.close(at);
}

function writeValue(writer: Writer, value: unknown): void {
  switch (typeof value) {
    case 'string':
      writer.byte(STRING);
      writer.string(value);
      return;
    case 'boolean':
      writer.byte(BOOL);
      writer.byte(value ? 1 : 0);
      return;
    case 'number':
      // Every whole double in the range of int64 is exact there.
      if (Number.isInteger(value) && value >= -INT64_END && value < INT64_END) writeInt(writer, value);
      else {
        writer.byte(DOUBLE);
        writer.double(value);
      }
      return;
    case 'bigint':
      writeBigInt(writer, value);
      return;
    case 'object':
      if (value !== null) writeObject(writer, value);
      return;
    default:
  }
}

function writeInt(writer: Writer, value: number): void {
  writer.byte(INT);
  if (value >= 0) writer.varint(value);
  else writer.varint64(value >>> 0, Math.floor(value / 0x1_0000_0000) >>> 0);
}

function writeBigInt(writer: Writer, value: bigint): void {
  if (BigInt.asIntN(64, value) === value) {
    writer.byte(INT);
    writer.varint64(lowHalf(value), highHalf(value));
  } else {
    writer.byte(STRING);
    writer.string(String(value));
  }
}

function writeObject(writer: Writer, value: object): void {
  if (types.isUint8Array(value)) {
    writer.byte(BYTES);
    writer.blob(value);
    return;
  }
  if (enclosing.length === MAX_NESTING || enclosing.includes(value)) return;
  enclosing.push(value);
  try {
    const isArray = Array.isArray(value);
    writer.byte(isArray ? ARRAY : KVLIST);
    const at = writer.open();
    if (isArray) writeArray(writer, value);
    else writeAttributes(writer, KVLIST_VALUES, value as AttributeMap);
    writer.close(at);
  } finally {
    enclosing.pop();
  }
}

function writeArray(writer: Writer, values: readonly unknown[]): void {
  for (const value of values) {
    writer.byte(ARRAY_VALUES);
    const at = writer.open();
    writeValue(writer, value);
    writer.close(at);
  }
}
