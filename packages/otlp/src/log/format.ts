import { crc32 } from 'node:zlib';

/**
 * The format of a segment: OTLP JSON Lines, as the Collector's `otlp_json_file` receiver reads them.
 *
 * ```
 * {"resourceMetrics":[],"segment":{"version":1,"created":…,"line":…,"number":…,"resource":…},"crc":"0f3a9c21"}
 * {"resourceMetrics":[…],"points":250,"crc":"77a01be4"}
 * ```
 * One object and `\n` a line; key `resourceMetrics` first, since the Collector finds lines by it; keys that it does
 * not know last, since it skips those. `crc` is the CRC-32 (zlib's) of all bytes of the line before `,"crc"`, in
 * eight hexadecimal digits, so the tail has a fixed width and a line is verified before it is parsed. Only a unit has
 * `points`. A segment begins with a header, which the Collector skips for want of metrics and without which two
 * segments of one resource would look like the same file to it (it compares the first 1,000 bytes).
 */
export const VERSION = 1;

/** A longer line is damage: units are at most 1 MiB as a line, but for one with a single, very long point. */
export const LONGEST_LINE = 4 << 20;

export const NEWLINE = 10;

const TAIL = /^,"crc":"([0-9a-f]{8})"\}$/;
const TAIL_LENGTH = ',"crc":"00000000"}'.length;
const POINTS = /,"points":(\d{1,15})$/;
const POINTS_LENGTH = ',"points":'.length + 15;

/** What a segment says of itself. */
export interface SegmentHeader {
  readonly version: number;
  /** Milliseconds since the epoch, and later than that of whatever was there to be adopted: lines are sent in this order. */
  readonly created: number;
  readonly line: string;
  readonly number: number;
  readonly resource: string;
}

/** The lines of units, given as JSON texts; newlines included. Throws if one is too long. */
export function unitLines(units: readonly { readonly text: string; readonly points: number }[]): Uint8Array {
  return sealed(units.map(({ text, points }) => ({ text, end: `,"points":${points}` })));
}

/** The same for units that were refused for good, and why and when: the receiver's words, in milliseconds since the epoch. */
export function rejectedLines(
  units: readonly { readonly text: string; readonly points: number }[],
  rejected: { readonly time: number; readonly cause: string },
): Uint8Array {
  const why = JSON.stringify({ time: rejected.time, cause: rejected.cause });
  return sealed(units.map(({ text, points }) => ({ text, end: `,"rejected":${why},"points":${points}` })));
}

/** Says what the bytes after it were, which stand there as they are, and a newline. */
export function damagedLines(path: string, offset: number, time: number, bytes: Uint8Array): Uint8Array {
  const end = `,"damaged":${JSON.stringify({ time, path, offset, bytes: bytes.length })}`;
  return Buffer.concat([sealed([{ text: '{"resourceMetrics":[]}', end }]), bytes, Buffer.of(NEWLINE)]);
}

/** The first line of a segment, newline included. */
export function headerLine(header: SegmentHeader): Uint8Array {
  const { version, created, line, number, resource } = header;
  const end = `,"segment":${JSON.stringify({ version, created, line, number, resource })}`;
  return sealed([{ text: '{"resourceMetrics":[]}', end }]);
}

/** JSON objects as lines, with more keys at their ends. Copies each text once: they may be megabytes. */
function sealed(objects: readonly { readonly text: string; readonly end: string }[]): Uint8Array {
  const lengths = objects.map(({ text, end }) => {
    const length = Buffer.byteLength(text) - 1 + Buffer.byteLength(end) + TAIL_LENGTH;
    if (length > LONGEST_LINE) throw new RangeError(`a unit of ${length} bytes as JSON is too large`);
    return length + 1;
  });
  const bytes = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const { text, end } of objects) {
    const start = at;
    at += bytes.write(text, at) - 1;
    at += bytes.write(end, at);
    at += bytes.write(`,"crc":"${hexadecimal(crc32(bytes.subarray(start, at)))}"}\n`, at);
  }
  return bytes;
}

/** Eight hexadecimal digits. */
export function hexadecimal(crc: number): string {
  return crc.toString(16).padStart(8, '0');
}

/** Whether a line (without its newline) is the one that was written. */
export function isIntact(line: Buffer): boolean {
  const crc = TAIL.exec(line.toString('latin1', Math.max(0, line.length - TAIL_LENGTH)))?.[1];
  return crc !== undefined && hexadecimal(crc32(line.subarray(0, line.length - TAIL_LENGTH))) === crc;
}

/** Points of the unit in a line, as far as its end can be read; undefined if it holds none, as a header. */
export function pointsOf(line: Buffer): number | undefined {
  const end = Math.max(0, line.length - TAIL_LENGTH);
  const points = POINTS.exec(line.toString('latin1', Math.max(0, end - POINTS_LENGTH), end))?.[1];
  return points === undefined ? undefined : Number(points);
}

/** The header that a segment starts with; undefined if it is damaged. */
export function readHeader(start: Uint8Array): SegmentHeader | undefined {
  const bytes = Buffer.from(start.buffer, start.byteOffset, start.byteLength);
  const end = bytes.indexOf(NEWLINE);
  const line = bytes.subarray(0, end < 0 ? 0 : end);
  if (!isIntact(line)) return undefined;
  try {
    const { segment } = JSON.parse(line.toString()) as { segment?: Partial<SegmentHeader> };
    const { version, created, line: id, number, resource } = segment ?? {};
    if (typeof version !== 'number' || typeof created !== 'number' || typeof number !== 'number')
      return undefined;
    if (typeof id !== 'string' || typeof resource !== 'string') return undefined;
    return { version, created, line: id, number, resource };
  } catch {
    return undefined;
  }
}
