import { join } from 'node:path';
import { CURSOR, type Cursor } from './cursor.ts';
import { attempt, type Files } from './files.ts';
import type { Segment } from './segment.ts';

/** Where a line is on disk: a directory with segments and a cursor. */
export interface Place {
  readonly id: string;
  readonly path: string;
  /** Directories above whose entry for it may not be durable yet. */
  readonly above: readonly string[];
}

/** What is on disk of a line of a dead process. */
export interface Found {
  readonly place: Place;
  readonly cursor: Cursor;
  readonly segments: readonly Segment[];
  /** How far the first of them is done with. */
  readonly offset: number;
}

const SEGMENT = /^(\d{8,12})\.jsonl(\.gz)?$/;
const PACKED = '.gz';
/** Of a file that is being written to take the place of another. */
const UNFINISHED = '.tmp';

export function segmentName(number: number): string {
  return `${String(number).padStart(8, '0')}.jsonl`;
}

/** The path of a segment's packed form. */
export function packedPath(path: string): string {
  return isPacked(path) ? path : `${path}${PACKED}`;
}

/** Where it is written until it is complete. */
export function unfinishedPath(path: string): string {
  return `${packedPath(path)}${UNFINISHED}`;
}

export function isPacked(path: string): boolean {
  return path.endsWith(PACKED);
}

/**
 * The segments in a directory, in order. Of one that was to be replaced by its packed form when its process died, the
 * plain one counts: it is whole in any case.
 */
export function segmentsIn(files: Files, directory: string): Segment[] {
  const segments = new Map<number, Segment>();
  for (const name of files.list(directory)) {
    const number = Number(SEGMENT.exec(name)?.[1]);
    const path = join(directory, name);
    if (!(number > 0) || (isPacked(name) && segments.has(number))) continue;
    const status = files.status(path);
    if (status?.kind === 'file') segments.set(number, segmentOf(number, path, status));
  }
  return [...segments.values()].sort((a, b) => a.number - b.number);
}

function segmentOf(number: number, path: string, status: { size: number; modified: number }): Segment {
  const { size, modified } = status;
  const packed = isPacked(path);
  return {
    number,
    path,
    // How much is in it is known when it was read.
    size: packed ? Infinity : size,
    packed: packed ? size : undefined,
    units: 0,
    points: 0,
    cumulative: false,
    created: modified,
    newest: modified,
    writer: undefined,
  };
}

/** Removes what a dead process was about to put in the place of segments. */
export function removeUnfinished(files: Files, directory: string): void {
  const names = new Set(files.list(directory));
  for (const name of names) {
    const twin = SEGMENT.test(name) && isPacked(name) && names.has(name.slice(0, -PACKED.length));
    if (twin || name.endsWith(UNFINISHED)) attempt(() => files.remove(join(directory, name)));
  }
}

/** Removes the directory of a line unless there is more in it than a cursor. */
export function removeEmpty(files: Files, path: string): void {
  const names = files.list(path);
  if (names.some((name) => name !== CURSOR && !name.endsWith(UNFINISHED))) return;
  for (const name of names) files.remove(join(path, name));
  files.removeDirectory(path);
}
