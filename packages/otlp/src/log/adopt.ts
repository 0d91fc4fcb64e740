import { join } from 'node:path';
import { Cursor } from './cursor.ts';
import { attempt, type Files } from './files.ts';
import { isIntact, pointsOf, readHeader, type SegmentHeader, VERSION } from './format.ts';
import { isFree } from './lease.ts';
import { type Found, type Place, removeEmpty, removeUnfinished, segmentsIn } from './place.ts';
import type { Processes } from './processes.ts';
import { readLines } from './reader.ts';
import { bytesOf, type Segment } from './segment.ts';
import { isDamage, readContentStart } from './source.ts';
import { CUMULATIVE } from './thin.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
// A header is short but for the resource in it.
const SHORT_HEADER = 4096;
const LONG_HEADER = 1 << 20;

/** A line of a dead process, not claimed yet. */
export interface FreeLine {
  readonly id: string;
  /** The directory of its owner. */
  readonly owner: string;
  /** By their headers, the first segment and the last. */
  readonly created: number;
  readonly newest: number;
  readonly bytes: number;
}

/** What may be taken in a log's directory, oldest first, and the owners that have nothing. */
export function findFree(
  files: Files,
  root: string,
  processes: Processes,
  now: number,
): { readonly lines: readonly FreeLine[]; readonly owners: readonly string[] } {
  const lines: FreeLine[] = [];
  const owners: string[] = [];
  for (const name of files.list(root)) {
    const owner = join(root, name);
    // One that disappears meanwhile was taken by another process.
    attempt(() => {
      if (!isOurs(files, owner, name) || !isFree(files, owner, processes, now)) return;
      owners.push(owner);
      for (const id of files.list(owner)) {
        const line = isOurs(files, join(owner, id), id) && freeLine(files, owner, id);
        if (line) lines.push(line);
      }
    });
  }
  return { lines: lines.sort((a, b) => a.created - b.created), owners };
}

/** Whether a name is that of an owner or a line, and there is a directory. */
export function isOurs(files: Files, path: string, name: string): boolean {
  return UUID.test(name) && files.status(path)?.kind === 'directory';
}

/** Undefined if only a newer version can read it. */
function freeLine(files: Files, owner: string, id: string): FreeLine | undefined {
  const segments = segmentsIn(files, join(owner, id));
  const header = firstHeader(files, segments);
  if (header && header.version > VERSION) return undefined;
  const created = header?.created ?? segments[0]?.newest ?? 0;
  const newest = firstHeader(files, segments.slice(-1))?.created ?? created;
  return { id, owner, created, newest, bytes: segments.reduce((sum, segment) => sum + bytesOf(segment), 0) };
}

/** Reads what is there of a line that was claimed; undefined if nothing is left to send. Throws what may pass. */
export async function loadLine(
  files: Files,
  place: Place,
): Promise<(Found & { readonly resource: string }) | undefined> {
  const cursor = new Cursor(files, place.path);
  const position = cursor.read();
  removeUnfinished(files, place.path);
  const segments = segmentsIn(files, place.path);
  const resource = firstHeader(files, segments)?.resource ?? '';
  const offsetIn = (segment: Segment) => (segment.number === position.segment ? position.offset : 0);
  const waiting: Segment[] = [];
  for (const segment of segments) {
    const left = segment.number >= position.segment && (await count(files, segment, offsetIn(segment)));
    if (left) waiting.push(segment);
    else attempt(() => files.remove(segment.path));
  }
  const [first] = waiting;
  if (first) return { place, cursor, segments: waiting, offset: offsetIn(first), resource };
  attempt(() => removeEmpty(files, place.path));
  return undefined;
}

export function firstHeader(files: Files, segments: readonly Segment[]): SegmentHeader | undefined {
  for (const { path, size } of segments) {
    for (const limit of [SHORT_HEADER, LONG_HEADER]) {
      const header = readHeader(readContentStart(files, path, limit));
      if (header) return header;
      if (size <= limit) break;
    }
  }
  return undefined;
}

/** Counts what is in a segment from an offset on; false if it ends there. */
async function count(files: Files, segment: Segment, offset: number): Promise<boolean> {
  if (segment.size <= offset) return false;
  let end = offset;
  try {
    for await (const { bytes, whole, end: next } of readLines(files, segment.path, offset, segment.size)) {
      end = next;
      const points = bytes && (whole || isIntact(bytes)) ? pointsOf(bytes) : undefined;
      if (bytes === undefined || points === undefined) continue;
      segment.units++;
      segment.points += points;
      segment.cumulative ||= bytes.includes(CUMULATIVE);
    }
  } catch (error) {
    // The reader finds out again what cannot be read, and says so.
    if (!isDamage(error)) throw error;
    return true;
  }
  if (segment.packed !== undefined) segment.size = end;
  return end > offset;
}
