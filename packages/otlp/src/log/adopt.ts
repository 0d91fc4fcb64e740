import { join } from 'node:path';
import { Cursor } from './cursor.ts';
import { attempt, type Files } from './files.ts';
import { isIntact, pointsOf, readHeader, type SegmentHeader, VERSION } from './format.ts';
import { isFree } from './lease.ts';
import { type Found, type Place, removeEmpty, segmentsIn } from './place.ts';
import type { Processes } from './processes.ts';
import { type RawLine, SegmentReader } from './reader.ts';
import type { Segment } from './segment.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
// A header is short but for the resource in it.
const SHORT_HEADER = 4096;
const LONG_HEADER = 1 << 20;

/** A line of a dead process, not claimed yet. */
export interface FreeLine {
  readonly id: string;
  /** The directory of its owner. */
  readonly owner: string;
  readonly created: number;
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

function isOurs(files: Files, path: string, name: string): boolean {
  return UUID.test(name) && files.status(path)?.kind === 'directory';
}

/** Undefined if only a newer version can read it. */
function freeLine(files: Files, owner: string, id: string): FreeLine | undefined {
  const segments = segmentsIn(files, join(owner, id));
  const header = firstHeader(files, segments);
  if (header && header.version > VERSION) return undefined;
  const created = header?.created ?? segments[0]?.newest ?? 0;
  return { id, owner, created, bytes: segments.reduce((sum, { size }) => sum + size, 0) };
}

/** Reads what is there of a line that was claimed; undefined if nothing is left to send. */
export async function loadLine(
  files: Files,
  place: Place,
): Promise<(Found & { readonly resource: string }) | undefined> {
  const cursor = new Cursor(files, place.path);
  const position = cursor.read();
  const segments = segmentsIn(files, place.path);
  const resource = firstHeader(files, segments)?.resource ?? '';
  const offsetIn = (segment: Segment) => (segment.number === position.segment ? position.offset : 0);
  const waiting = segments.filter(
    (segment) => segment.number >= position.segment && segment.size > offsetIn(segment),
  );
  for (const segment of segments) {
    if (!waiting.includes(segment)) attempt(() => files.remove(segment.path));
    // The reader finds out again what cannot be read, and says so.
    else await count(files, segment, offsetIn(segment)).catch(() => undefined);
  }
  const [first] = waiting;
  if (first) return { place, cursor, segments: waiting, offset: offsetIn(first), resource };
  attempt(() => removeEmpty(files, place.path));
  return undefined;
}

function firstHeader(files: Files, segments: readonly Segment[]): SegmentHeader | undefined {
  for (const { path, size } of segments) {
    for (const limit of [SHORT_HEADER, LONG_HEADER]) {
      const header = readHeader(files.readStart(path, limit));
      if (header) return header;
      if (size <= limit) break;
    }
  }
  return undefined;
}

async function count(files: Files, segment: Segment, offset: number): Promise<void> {
  const reader = new SegmentReader(files, segment.path, offset);
  const add = ({ bytes }: RawLine) => {
    const points = bytes && pointsOf(bytes);
    if (points === undefined) return;
    segment.units++;
    segment.points += points;
  };
  try {
    let more = true;
    while (more) {
      more = await reader.fill(segment.size);
      for (let line = reader.take(); line; line = reader.take()) add(line);
    }
    const rest = reader.takeRest();
    if (rest?.bytes && isIntact(rest.bytes)) add(rest);
  } finally {
    reader.close();
  }
}
