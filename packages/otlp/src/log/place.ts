import { join } from 'node:path';
import { CURSOR, type Cursor } from './cursor.ts';
import type { Files } from './files.ts';
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

const SEGMENT = /^(\d{8,12})\.jsonl$/;

export function segmentName(number: number): string {
  return `${String(number).padStart(8, '0')}.jsonl`;
}

/** The segments in a directory, in order. */
export function segmentsIn(files: Files, directory: string): Segment[] {
  const segments: Segment[] = [];
  for (const name of files.list(directory)) {
    const number = Number(SEGMENT.exec(name)?.[1]);
    const path = join(directory, name);
    const status = number > 0 ? files.status(path) : undefined;
    if (status?.kind !== 'file') continue;
    const { size, modified } = status;
    const times = { created: modified, newest: modified };
    segments.push({ number, path, size, units: 0, points: 0, ...times, writer: undefined });
  }
  return segments.sort((a, b) => a.number - b.number);
}

/** Removes the directory of a line unless there is more in it than a cursor. */
export function removeEmpty(files: Files, path: string): void {
  const names = files.list(path);
  if (names.some((name) => name !== CURSOR)) return;
  for (const name of names) files.remove(join(path, name));
  files.removeDirectory(path);
}
