import { basename, join } from 'node:path';
import { firstHeader, isOurs } from '../log/adopt.ts';
import { Cursor, type Position } from '../log/cursor.ts';
import { type Files, nodeFiles } from '../log/files.ts';
import { DAMAGED, REJECTED } from '../log/kept.ts';
import { isFree, readLease } from '../log/lease.ts';
import { segmentsIn } from '../log/place.ts';
import { systemProcesses } from '../log/processes.ts';
import { readLines } from '../log/reader.ts';
import type { Segment } from '../log/segment.ts';
import { ago } from './io.ts';
import { clean } from './unit-text.ts';
import { UsageError } from './usage.ts';

/** A line of a log, as it is on disk. */
export interface ScannedLine {
  readonly id: string;
  readonly path: string;
  readonly cursor: Cursor;
  readonly position: Position;
  readonly segments: readonly Segment[];
  /** Undefined if no header can be read. */
  readonly version: number | undefined;
}

export interface ScannedOwner {
  readonly id: string;
  readonly path: string;
  /** Whether its process may be alive: then nobody touches what it has. */
  readonly isLive: boolean;
  /** Who that is, for people. */
  readonly who: string;
  readonly pid: number | undefined;
  readonly host: string | undefined;
  readonly lines: readonly ScannedLine[];
}

const files: Files = nodeFiles;
/** What a log without owners may have in it; the last is in the root of a volume. */
const KEPT: ReadonlySet<string> = new Set([REJECTED, DAMAGED, 'lost+found']);

/** What is in a log's directory. Changes nothing. */
export function scan(directory: string): ScannedOwner[] {
  const status = files.status(directory);
  if (status === undefined) throw new UsageError(`there is no directory ${directory}`);
  if (status.kind !== 'directory') throw new UsageError(`${directory} is not a directory`);
  const owners = ownersIn(directory);
  if (owners.length > 0) return owners.map((id) => scanOwner(join(directory, id)));
  const below = files.list(directory).filter((name) => isLog(join(directory, name)));
  if (below.length > 0) {
    const paths = below.map((name) => join(directory, name));
    throw new UsageError(`${directory} is no log itself; there are logs in it: ${paths.join(', ')}`);
  }
  const other = files.list(directory).find((name) => !KEPT.has(name));
  if (other !== undefined) throw new UsageError(`${directory} is no log: there is ${clean(other)} in it`);
  return [];
}

function isLog(path: string): boolean {
  return files.status(path)?.kind === 'directory' && ownersIn(path).length > 0;
}

function ownersIn(directory: string): string[] {
  return files.list(directory).filter((name) => isOurs(files, join(directory, name), name));
}

function scanOwner(path: string): ScannedOwner {
  const processes = systemProcesses();
  const now = Date.now();
  const { released, identity, renewed } = readLease(files, path);
  const isLive = !isFree(files, path, processes, now);
  const name = identity ? `process ${identity.pid} on ${clean(identity.host)}` : 'a process without a lease';
  const heard = `${ago(now - renewed)} ago`;
  let who: string;
  if (released) who = 'a process that ended well';
  else if (!identity) who = `${name}, last seen ${heard}`;
  else if (processes.hasEnded(identity)) who = `${name}, which has ended`;
  else if (isLive) who = `${name}, alive ${heard}`;
  else who = `${name}, not heard of for ${ago(now - renewed)}`;
  const lines = files.list(path).filter((id) => isOurs(files, join(path, id), id));
  return {
    id: basename(path),
    path,
    isLive,
    who,
    pid: identity?.pid,
    host: identity?.host,
    lines: lines.map((id) => scanLine(id, join(path, id))),
  };
}

function scanLine(id: string, path: string): ScannedLine {
  const cursor = new Cursor(files, path);
  const segments = segmentsIn(files, path);
  return {
    id,
    path,
    cursor,
    position: cursor.read(),
    segments,
    version: firstHeader(files, segments)?.version,
  };
}

/** A line of a segment, and where it stands. */
export interface Text {
  readonly path: string;
  readonly start: number;
  readonly end: number;
  readonly bytes: Buffer | undefined;
  readonly whole: boolean;
}

/** The lines of a file from an offset on. Of a live process' log, what is gone by now is nothing. */
export async function* textsOf(
  path: string,
  offset: number,
  limit = Infinity,
): AsyncGenerator<Text, undefined> {
  let start = offset;
  try {
    for await (const { bytes, end, whole } of readLines(files, path, offset, limit)) {
      yield { path, start, end, bytes, whole };
      start = end;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** What waits in a line, from its cursor on. */
export async function* waitingIn({ segments, position }: ScannedLine): AsyncGenerator<Text, undefined> {
  for (const { number, path } of segments) {
    if (number < position.segment) continue;
    yield* textsOf(path, number === position.segment ? position.offset : 0);
  }
}
