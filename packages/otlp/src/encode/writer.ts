/** 2^32: where a number is split into two halves of 64 bits. */
const HALF = 0x1_0000_0000;

/** Up to this length bytes are copied one by one, which beats a native call. */
const FEW = 48;

/** Up to this length words are copied one by one, which beats it too, and looking at the bytes as an array. */
const MANY = 128;

/** Strings up to this length are tried as ASCII, byte by byte, which beats a native call; their length is one byte. */
const SHORT = 64;

/** The share of a buffer that is written when it is not worth while to copy it into a smaller one. */
const FULL = 7 / 8;

const NOTHING = Buffer.allocUnsafeSlow(0);

/** How many bytes `value` takes as a varint; below 2^35. */
export function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  if (value < 0x1000_0000) return 4;
  return 5;
}

/** The two's complement halves of a 64-bit integer. */
export const lowHalf = (value: bigint): number => Number(value & 0xffff_ffffn);
export const highHalf = (value: bigint): number => Number((value >> 32n) & 0xffff_ffffn);

/** Protobuf into a growing buffer that is kept between messages. */
export class Writer {
  bytes = NOTHING;
  length = 0;
  #view = new DataView(NOTHING.buffer);
  /** Of the first buffer, which is made when something is written. */
  #capacity: number;

  constructor(capacity = 4096) {
    this.#capacity = capacity;
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    if (this.length + count > this.bytes.length) this.#grow(this.length + count);
  }

  #grow(needed: number): void {
    const bytes = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 4, this.#capacity));
    this.bytes.copy(bytes, 0, 0, this.length);
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }

  /** A tag, or any other single byte. */
  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** An unsigned integer below 2^64. */
  varint(value: number): void {
    if (value < HALF) this.varint64(value >>> 0, 0);
    else this.varint64(value >>> 0, (value / HALF) >>> 0);
  }

  varint64(low: number, high: number): void {
    this.reserve(10);
    const bytes = this.bytes;
    let at = this.length;
    let lo = low;
    let hi = high;
    while (hi !== 0) {
      bytes[at++] = (lo & 0x7f) | 0x80;
      lo = ((lo >>> 7) | (hi << 25)) >>> 0;
      hi >>>= 7;
    }
    while (lo > 0x7f) {
      bytes[at++] = (lo & 0x7f) | 0x80;
      lo >>>= 7;
    }
    bytes[at++] = lo;
    this.length = at;
  }

  /** The first `count` of unsigned integers below 2^64, one after the other: by four, as long as each is one byte. */
  varints(values: ArrayLike<number>, count: number): void {
    this.reserve(count * 10);
    const view = this.#view;
    let i = 0;
    while (i < count) {
      let at = this.length;
      for (; i + 4 <= count; i += 4, at += 4) {
        const a = values[i] as number;
        const b = values[i + 1] as number;
        const c = values[i + 2] as number;
        const d = values[i + 3] as number;
        if (!(a + b + c + d < 0x80)) break;
        view.setInt32(at, a + b * 0x100 + c * 0x1_0000 + d * 0x100_0000, true);
      }
      this.length = at;
      for (const end = Math.min(i + 4, count); i < end; i++) this.varint(values[i] as number);
    }
  }

  /** A 32-bit integer, zigzag. */
  sint32(value: number): void {
    this.varint64(((value << 1) ^ (value >> 31)) >>> 0, 0);
  }

  fixed64(low: number, high: number): void {
    this.reserve(8);
    this.#view.setUint32(this.length, low, true);
    this.#view.setUint32(this.length + 4, high, true);
    this.length += 8;
  }

  /** A count: a non-negative integer up to 2^53. */
  count64(value: number): void {
    this.fixed64(value >>> 0, (value / HALF) >>> 0);
  }

  /** A tag and 64 bits. */
  fixed64Field(tag: number, low: number, high: number): void {
    this.reserve(9);
    const at = this.length;
    this.bytes[at] = tag;
    this.#view.setUint32(at + 1, low, true);
    this.#view.setUint32(at + 5, high, true);
    this.length = at + 9;
  }

  /** A tag and a count. */
  countField(tag: number, value: number): void {
    this.fixed64Field(tag, value >>> 0, (value / HALF) >>> 0);
  }

  /** A tag and a double. */
  doubleField(tag: number, value: number): void {
    this.byte(tag);
    this.double(value);
  }

  /** Any NaN is written as the one canonical NaN, because a line of the log can only say "NaN". */
  double(value: number): void {
    this.reserve(8);
    if (Number.isNaN(value)) {
      this.#view.setUint32(this.length, 0, true);
      this.#view.setUint32(this.length + 4, 0x7ff80000, true);
    } else {
      this.#view.setFloat64(this.length, value, true);
    }
    this.length += 8;
  }

  /** Bytes as they are, without a length. */
  raw(source: Uint8Array): void {
    const count = source.length;
    this.reserve(count);
    const at = this.length;
    if (count > FEW) this.bytes.set(source, at);
    else {
      const bytes = this.bytes;
      for (let i = 0; i < count; i++) bytes[at + i] = source[i] as number;
    }
    this.length = at + count;
  }

  /** Bytes `from` to `end` of `source`; by words, which beats a native call for some hundred of them. */
  copy(source: DataView, from: number, end: number): void {
    const count = end - from;
    if (count > MANY) {
      this.raw(new Uint8Array(source.buffer, source.byteOffset + from, count));
      return;
    }
    this.reserve(count);
    const view = this.#view;
    const to = this.length - from;
    let at = from;
    for (; at + 4 <= end; at += 4) view.setInt32(to + at, source.getInt32(at, true), true);
    for (; at < end; at++) view.setInt8(to + at, source.getInt8(at));
    this.length += count;
  }

  /** Length-delimited bytes. */
  blob(source: Uint8Array): void {
    this.varint(source.length);
    this.raw(source);
  }

  /** Length-delimited UTF-8; a lone surrogate becomes U+FFFD. */
  string(text: string): void {
    if (text.length <= SHORT && this.#ascii(text)) return;
    const size = Buffer.byteLength(text);
    this.varint(size);
    this.reserve(size);
    this.length += this.bytes.write(text, this.length, size, 'utf8');
  }

  #ascii(text: string): boolean {
    const count = text.length;
    this.reserve(count + 1);
    const bytes = this.bytes;
    const at = this.length + 1;
    for (let i = 0; i < count; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[at + i] = code;
    }
    bytes[at - 1] = count;
    this.length = at + count;
    return true;
  }

  /** Begins something length-delimited: leaves `width` bytes for its length. Returns what `close` needs. */
  open(width = 1): number {
    this.reserve(width);
    const at = this.length;
    this.length = at + width;
    return at;
  }

  /** Writes the length of what came since `open`, shifting it when the length needs another width than was left. */
  close(at: number, width = 1): void {
    const size = this.length - at - width;
    const needed = varintSize(size);
    if (needed !== width) {
      this.reserve(needed);
      this.bytes.copyWithin(at + needed, at + width, this.length);
    }
    // By hand: making room at `at` would forget what comes after it.
    const bytes = this.bytes;
    let end = at;
    let rest = size;
    for (; rest > 0x7f; rest >>>= 7) bytes[end++] = (rest & 0x7f) | 0x80;
    bytes[end++] = rest;
    this.length = end + size;
  }

  /** What was written; with its buffer, unless much of that is empty. Goes on with nothing, in a buffer as large. */
  take(): Uint8Array {
    const { bytes, length } = this;
    this.length = 0;
    if (length < bytes.length * FULL) return new Uint8Array(bytes.subarray(0, length));
    this.#capacity = bytes.length;
    this.bytes = NOTHING;
    this.#view = new DataView(NOTHING.buffer);
    return new Uint8Array(bytes.buffer, 0, length);
  }

  /** A copy of what was written since `from`. */
  slice(from = 0): Uint8Array {
    return new Uint8Array(this.bytes.subarray(from, this.length));
  }
}
