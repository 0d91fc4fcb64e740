import type { Plain } from './decode.ts';
import { MAX_DEPTH, malformed } from './malformed.ts';
import type { ExportMetricsServiceRequest } from './messages.ts';
import { exportMetricsServiceRequest, type Field, type Message } from './schema.ts';
import { highHalf, lowHalf, Writer } from './writer.ts';

/**
 * Serializes a request in the shape of OTLP JSON. Every field that is there is written, also with its default value;
 * `undefined` and unknown fields are not. 64-bit integers may be decimal strings, numbers or bigints, doubles also
 * the strings of OTLP JSON.
 *
 * @throws an error with `code: 'OSTINATO_MALFORMED_OTLP'` that names a field whose value its type does not allow.
 */
export function encodeRequest(request: ExportMetricsServiceRequest): Uint8Array {
  const serializer = new Serializer();
  serializer.message(exportMetricsServiceRequest, request, 'the request', 1);
  return serializer.writer.slice();
}

const DECIMAL = /^-?[0-9]{1,20}$/;
const HEX = /^(?:[0-9a-fA-F]{2})*$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;
/** Decimals of up to 15 digits are exact as doubles. */
const SAFE_DIGITS = 15;
const UNSIGNED_END = 2n ** 64n;
const SIGNED_END = 2n ** 63n;

class Serializer {
  readonly writer = new Writer(4096);
  /** The halves of the last 64-bit integer. */
  #low = 0;
  #high = 0;
  /** The last large decimal of each field number and its halves: the points of a batch share their times. */
  readonly #decimals = new Array<string>(16).fill('');
  readonly #lows = new Array<number>(16).fill(0);
  readonly #highs = new Array<number>(16).fill(0);

  message(schema: Message, message: unknown, name: string, depth: number): void {
    if (depth > MAX_DEPTH) throw malformed(`more than ${MAX_DEPTH} messages in one another`);
    if (typeof message !== 'object' || message === null || Array.isArray(message)) {
      throw wrong(name, message, 'an object');
    }
    for (const field of schema.fields) {
      const value = (message as Plain)[field.name];
      if (value === undefined) continue;
      if (field.repeated) this.#repeated(field, value, depth);
      else this.#tagged(field, value, depth);
    }
  }

  #repeated(field: Field, list: unknown, depth: number): void {
    if (!Array.isArray(list)) throw wrong(field.name, list, 'an array');
    if (!field.packed) {
      for (const value of list) this.#tagged(field, value, depth);
    } else if (list.length > 0) {
      this.writer.byte(field.tag);
      const at = this.writer.open();
      for (const value of list) this.#scalar(field, value);
      this.writer.close(at);
    }
  }

  #tagged(field: Field, value: unknown, depth: number): void {
    this.writer.byte(field.tag);
    if (field.message === undefined) {
      this.#scalar(field, value);
      return;
    }
    const at = this.writer.open();
    this.message(field.message, value, field.name, depth + 1);
    this.writer.close(at);
  }

  #scalar(field: Field, value: unknown): void {
    const { name } = field;
    const writer = this.writer;
    switch (field.type) {
      case 'string':
        if (typeof value !== 'string') throw wrong(name, value, 'a string');
        writer.string(value);
        return;
      case 'bytes':
        if (typeof value !== 'string' || !BASE64.test(value)) throw wrong(name, value, 'base64');
        writer.blob(Buffer.from(value, 'base64'));
        return;
      case 'id':
        if (typeof value !== 'string' || !HEX.test(value)) throw wrong(name, value, 'hex digits');
        writer.blob(Buffer.from(value, 'hex'));
        return;
      case 'bool':
        if (typeof value !== 'boolean') throw wrong(name, value, 'true or false');
        writer.byte(value ? 1 : 0);
        return;
      case 'double':
        writer.double(double(name, value));
        return;
      case 'fixed64':
        this.#halves(field, value, false);
        writer.fixed64(this.#low, this.#high);
        return;
      case 'sfixed64':
        this.#halves(field, value, true);
        writer.fixed64(this.#low, this.#high);
        return;
      case 'uint64':
        this.#halves(field, value, false);
        writer.varint64(this.#low, this.#high);
        return;
      case 'int64':
        this.#halves(field, value, true);
        writer.varint64(this.#low, this.#high);
        return;
      case 'uint32':
        writer.varint(integer(name, value, 0, 0xffff_ffff));
        return;
      case 'sint32':
        writer.sint32(integer(name, value, -0x8000_0000, 0x7fff_ffff));
        return;
      case 'enum': {
        const number = integer(name, value, -0x8000_0000, 0x7fff_ffff);
        // A negative enum is a sign-extended 64-bit varint.
        writer.varint64(number >>> 0, number < 0 ? 0xffff_ffff : 0);
        return;
      }
      case 'message':
        throw new Error('a message is no scalar');
      default:
        field.type satisfies never;
    }
  }

  /** Leaves the two's complement halves of a 64-bit integer in `#low` and `#high`. */
  #halves(field: Field, value: unknown, signed: boolean): void {
    const text = typeof value === 'string' ? value : wholeNumber(field.name, value);
    const slot = field.tag >>> 3;
    if (text === this.#decimals[slot]) {
      this.#low = this.#lows[slot] as number;
      this.#high = this.#highs[slot] as number;
      return;
    }
    if (!DECIMAL.test(text)) throw wrong(field.name, value, 'a 64-bit integer');
    if (text.length <= SAFE_DIGITS && !text.startsWith('-')) {
      const number = Number(text);
      this.#low = number >>> 0;
      this.#high = (number / 0x1_0000_0000) >>> 0;
      return;
    }
    const number = BigInt(text);
    if (signed ? number < -SIGNED_END || number >= SIGNED_END : number < 0n || number >= UNSIGNED_END) {
      throw wrong(field.name, value, 'a 64-bit integer');
    }
    this.#low = lowHalf(number);
    this.#high = highHalf(number);
    // Only what is valid signed and unsigned: fields of either kind share a number.
    if (number >= 0n && number < SIGNED_END) {
      this.#decimals[slot] = text;
      this.#lows[slot] = this.#low;
      this.#highs[slot] = this.#high;
    }
  }
}

function wholeNumber(name: string, value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number' && Number.isInteger(value)) return String(BigInt(value));
  throw wrong(name, value, 'a 64-bit integer');
}

function integer(name: string, value: unknown, least: number, most: number): number {
  const number = typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number) || number < least || number > most) {
    throw wrong(name, value, `an integer from ${least} to ${most}`);
  }
  return number;
}

function double(name: string, value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && value.trim() !== '') {
    const number = Number(value);
    if (value === 'NaN' || !Number.isNaN(number)) return number;
  }
  throw wrong(name, value, 'a number');
}

function wrong(name: string, value: unknown, allowed: string): Error {
  const given = typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : typeof value;
  return malformed(`${name} is ${given}, and must be ${allowed}`);
}
