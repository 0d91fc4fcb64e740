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
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly line: string;
  readonly number: number;
  readonly resource: string;
}

/** A line of a segment, newline included, for a unit's JSON text. Throws if that is too long. */
export function unitLine(json: string, points: number): Uint8Array {
  const line = sealed(`${json.slice(0, -1)},"points":${points}`);
  if (line.length > LONGEST_LINE) throw new RangeError(`a unit of ${line.length} bytes as JSON is too large`);
  return line;
}

/** The first line of a segment, newline included. */
export function headerLine(header: SegmentHeader): Uint8Array {
  const { version, created, line, number, resource } = header;
  return sealed(
    `{"resourceMetrics":[],"segment":${JSON.stringify({ version, created, line, number, resource })}`,
  );
}

function sealed(text: string): Uint8Array {
  const body = Buffer.from(text);
  return Buffer.concat([body, Buffer.from(`,"crc":"${hexadecimal(crc32(body))}"}\n`)]);
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
