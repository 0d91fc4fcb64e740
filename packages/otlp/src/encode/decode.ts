import { MAX_DEPTH, malformed } from './malformed.ts';
import type {
  ExportMetricsServiceRequest,
  ExportMetricsServiceResponse,
  RetryInfo,
  RpcStatus,
} from './messages.ts';
import {
  exportMetricsServiceRequest,
  exportMetricsServiceResponse,
  FIXED32,
  FIXED64,
  type Field,
  LENGTH_DELIMITED,
  type Message,
  retryInfo,
  rpcStatus,
  VARINT,
} from './schema.ts';

/** A decoded message: fields by their JSON names. */
export type Plain = Record<string, unknown>;

/**
 * Reads a serialized `ExportMetricsServiceRequest`. Unknown fields are skipped, as protobuf asks.
 *
 * @throws an error with `code: 'OSTINATO_MALFORMED_OTLP'` when the bytes are cut off, contradict themselves or nest
 * more than 100 messages.
 */
export function decodeRequest(bytes: Uint8Array): ExportMetricsServiceRequest {
  return new Decoder(bytes, false).decode(exportMetricsServiceRequest);
}

/** Reads a serialized `ExportMetricsServiceResponse`; throws as `decodeRequest` does. */
export function decodeResponse(bytes: Uint8Array): ExportMetricsServiceResponse {
  return new Decoder(bytes, false).decode(exportMetricsServiceResponse);
}

/** Reads a serialized `google.rpc.Status`; throws as `decodeRequest` does. */
export function decodeStatus(bytes: Uint8Array): RpcStatus {
  return new Decoder(bytes, false).decode(rpcStatus);
}

/** Reads a serialized `google.rpc.RetryInfo`; throws as `decodeRequest` does. */
export function decodeRetryInfo(bytes: Uint8Array): RetryInfo {
  return new Decoder(bytes, false).decode(retryInfo);
}

/** A request with doubles as JSON can hold them: a string where it has no number. */
export function decodeForJson(bytes: Uint8Array): Plain {
  return new Decoder(bytes, true).decode(exportMetricsServiceRequest);
}

/** Short ASCII texts, such as keys of attributes, come again and again: they are found by a hash of their bytes. */
const SHARED = 1024;
const SHORT = 32;
const shared = new Array<string>(SHARED).fill('');

function isAscii(bytes: Uint8Array, from: number, end: number, text: string): boolean {
  if (end - from !== text.length) return false;
  for (let i = 0; i < text.length; i++) {
    const byte = bytes[from + i] as number;
    if (byte > 0x7f || byte !== text.charCodeAt(i)) return false;
  }
  return true;
}

class Decoder {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #forJson: boolean;
  #at = 0;
  /** The end of the message that is being read: nothing reads past it. */
  #end: number;
  /** The halves of the last varint or 64-bit integer. */
  #low = 0;
  #high = 0;
  /** The last large integer of each field number, as halves and as text: the points of a batch share their times. */
  readonly #lows = new Array<number>(16).fill(0);
  readonly #highs = new Array<number>(16).fill(0);
  readonly #texts = new Array<string>(16).fill('0');

  constructor(bytes: Uint8Array, forJson: boolean) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#forJson = forJson;
    this.#end = bytes.byteLength;
  }

  decode(schema: Message): Plain {
    const message: Plain = {};
    this.#message(schema, message, 1);
    return message;
  }

  /** `chosen` is the field of the message's oneof that it has already. */
  #message(schema: Message, into: Plain, depth: number, chosen?: Field): void {
    if (depth > MAX_DEPTH) throw this.#malformed(`more than ${MAX_DEPTH} messages in one another`);
    let member = chosen;
    while (this.#at < this.#end) {
      this.#varint();
      const tag = this.#low;
      if (this.#high !== 0 || tag < 8) throw this.#malformed('not a field number');
      const wire = tag & 7;
      const field = schema.byNumber[tag >>> 3];
      if (field === undefined) {
        this.#skip(wire);
      } else if (field.repeated) {
        this.#repeated(field, wire, into, depth);
      } else if (wire !== field.wire) {
        this.#skip(wire);
      } else {
        if (field.oneof) {
          // The last one wins.
          if (member !== undefined && member !== field) delete into[member.name];
          member = field;
        }
        if (field.message === undefined) into[field.name] = this.#scalar(field);
        else this.#single(field, field.message, into, depth);
      }
    }
  }

  #single(field: Field, schema: Message, into: Plain, depth: number): void {
    const earlier = into[field.name] as Plain | undefined;
    const message = earlier ?? {};
    into[field.name] = message;
    // A message that comes twice is merged.
    const chosen = earlier && schema.fields.find(({ oneof, name }) => oneof && earlier[name] !== undefined);
    this.#nested(schema, message, depth, chosen);
  }

  #repeated(field: Field, wire: number, into: Plain, depth: number): void {
    if (wire !== field.wire && !(field.packed && wire === LENGTH_DELIMITED)) {
      this.#skip(wire);
      return;
    }
    let list = into[field.name] as unknown[] | undefined;
    if (list === undefined) {
      list = [];
      into[field.name] = list;
    }
    if (field.message !== undefined) {
      const element: Plain = {};
      list.push(element);
      this.#nested(field.message, element, depth);
    } else if (wire === field.wire) {
      list.push(this.#scalar(field));
    } else {
      const outer = this.#end;
      this.#end = this.#delimited();
      while (this.#at < this.#end) list.push(this.#scalar(field));
      this.#end = outer;
    }
  }

  #nested(schema: Message, into: Plain, depth: number, chosen?: Field): void {
    const outer = this.#end;
    this.#end = this.#delimited();
    this.#message(schema, into, depth + 1, chosen);
    this.#end = outer;
  }

  #scalar(field: Field): string | number | boolean {
    const type = field.type;
    switch (type) {
      case 'string':
        return this.#string();
      case 'bytes':
        return this.#text('base64', this.#delimited());
      case 'id':
        return this.#text('hex', this.#delimited());
      case 'double':
        return this.#double();
      case 'fixed64':
        this.#fixed64();
        return this.#decimal(field, false);
      case 'sfixed64':
        this.#fixed64();
        return this.#decimal(field, true);
      case 'int64':
        this.#varint();
        return this.#decimal(field, true);
      case 'uint64':
        this.#varint();
        return this.#decimal(field, false);
      case 'uint32':
        this.#varint();
        return this.#low;
      case 'enum':
        this.#varint();
        return this.#low | 0;
      case 'sint32':
        this.#varint();
        return (this.#low >>> 1) ^ -(this.#low & 1);
      case 'bool':
        this.#varint();
        return this.#low !== 0 || this.#high !== 0;
      case 'message':
        throw new Error('a message is no scalar');
      default:
        return type satisfies never;
    }
  }

  #double(): number | string {
    const at = this.#advance(8);
    const value = this.#view.getFloat64(at, true);
    if (this.#forJson && (!Number.isFinite(value) || Object.is(value, -0))) {
      return Object.is(value, -0) ? '-0' : String(value);
    }
    return value;
  }

  #fixed64(): void {
    const at = this.#advance(8);
    this.#low = this.#view.getUint32(at, true);
    this.#high = this.#view.getUint32(at + 4, true);
  }

  /** The 64-bit integer just read, in decimal. */
  #decimal(field: Field, signed: boolean): string {
    const low = this.#low;
    const high = this.#high;
    if (high < 0x20_0000) return String(high * 0x1_0000_0000 + low);
    const slot = field.tag >>> 3;
    const negative = signed && high >= 0x8000_0000;
    if (!negative && this.#lows[slot] === low && this.#highs[slot] === high)
      return this.#texts[slot] as string;
    const unsigned = (BigInt(high) << 32n) | BigInt(low);
    if (negative) return String(BigInt.asIntN(64, unsigned));
    const text = String(unsigned);
    this.#lows[slot] = low;
    this.#highs[slot] = high;
    this.#texts[slot] = text;
    return text;
  }

  #string(): string {
    const end = this.#delimited();
    const bytes = this.#bytes;
    let hash = end - this.#at;
    if (hash > SHORT) return this.#text('utf8', end);
    for (let i = this.#at; i < end; i++) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0;
    const slot = hash & (SHARED - 1);
    const known = shared[slot] as string;
    if (isAscii(bytes, this.#at, end, known)) {
      this.#at = end;
      return known;
    }
    const text = this.#text('utf8', end);
    shared[slot] = text;
    return text;
  }

  #text(encoding: 'utf8' | 'base64' | 'hex', end: number): string {
    const text = this.#bytes.toString(encoding, this.#at, end);
    this.#at = end;
    return text;
  }

  /** Reads a length; returns where what it announces ends. */
  #delimited(): number {
    this.#varint();
    if (this.#high !== 0 || this.#low > this.#end - this.#at) throw this.#malformed('cut off');
    return this.#at + this.#low;
  }

  #advance(count: number): number {
    const at = this.#at;
    if (count > this.#end - at) throw this.#malformed('cut off');
    this.#at = at + count;
    return at;
  }

  #varint(): void {
    const bytes = this.#bytes;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.#at >= this.#end) throw this.#malformed('cut off');
      const byte = bytes[this.#at++] as number;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.#low = low >>> 0;
        this.#high = high >>> 0;
        return;
      }
    }
    throw this.#malformed('a varint of more than ten bytes');
  }

  #skip(wire: number): void {
    switch (wire) {
      case VARINT:
        this.#varint();
        return;
      case FIXED64:
        this.#advance(8);
        return;
      case LENGTH_DELIMITED:
        this.#at = this.#delimited();
        return;
      case FIXED32:
        this.#advance(4);
        return;
      default:
        throw this.#malformed(`wire type ${wire}`);
    }
  }

  #malformed(what: string): Error {
    return malformed(`${what}, at byte ${this.#at}`);
  }
}
