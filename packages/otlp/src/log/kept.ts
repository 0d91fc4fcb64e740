import { randomUUID } from 'node:crypto';
import { basename, join } from 'node:path';
import { attempt, type Files } from './files.ts';
import { headerLine, VERSION } from './format.ts';
import { isFree } from './lease.ts';
import type { Owner } from './owner.ts';
import type { Processes } from './processes.ts';
import { SegmentWriter } from './segment.ts';

/** What was refused for good, and what cannot be read any more: directories beside those of the owners. */
export const REJECTED = 'rejected';
export const DAMAGED = 'damaged';
export type Kind = typeof REJECTED | typeof DAMAGED;

/** Of each kind, by all processes that share the log; the oldest go first. */
const MAX_BYTES = 16 << 20;
const FILE_BYTES = 2 << 20;
/** Of one process. What has more damaged lines is no log any more, and each costs a write. */
const MAX_DAMAGED = 1000;

/** `<owner>.<number>.jsonl`: whose it is, so that nobody removes or sends what a live process is writing. */
const NAME = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(\d{1,12})\.jsonl(?:\.gz)?$/;

/** A file of what was kept. */
export interface KeptFile {
  readonly path: string;
  readonly owner: string;
  readonly number: number;
  readonly size: number;
  readonly modified: number;
}

/** What was kept in a log's directory, oldest first. */
export function keptFiles(files: Files, root: string, kind: Kind): KeptFile[] {
  const directory = join(root, kind);
  if (files.status(directory)?.kind !== 'directory') return [];
  const kept: KeptFile[] = [];
  for (const name of files.list(directory)) {
    const [, owner, number] = NAME.exec(name) ?? [];
    const path = join(directory, name);
    const status = owner === undefined ? undefined : files.status(path);
    if (owner === undefined || status?.kind !== 'file') continue;
    kept.push({ path, owner, number: Number(number), size: status.size, modified: status.modified });
  }
  return kept.sort((a, b) => a.modified - b.modified || a.number - b.number);
}

/**
 * Keeps for people what the log gives up: units that the receiver refused for good, in the format of a segment so that
 * they can be sent again, and lines that cannot be read, as they are. What cannot be kept is not: the log goes on.
 */
export class Kept {
  readonly #files: Files;
  readonly #root: string;
  readonly #owner: Owner;
  readonly #processes: Processes;
  readonly #now: () => number;
  readonly #open = new Map<Kind, { readonly writer: SegmentWriter; size: number; readonly owner: string }>();
  #number = 0;
  #damaged = 0;

  constructor(files: Files, root: string, owner: Owner, processes: Processes, now: () => number) {
    this.#files = files;
    this.#root = root;
    this.#owner = owner;
    this.#processes = processes;
    this.#now = now;
  }

  /** False if that is not possible. */
  append(kind: Kind, lines: Uint8Array): boolean {
    if (kind === DAMAGED && ++this.#damaged > MAX_DAMAGED) return false;
    try {
      const file = this.#file(kind, lines.length);
      try {
        file.writer.append(lines);
        file.size += lines.length;
      } catch (error) {
        file.writer.truncate(file.size);
        throw error;
      }
      return true;
    } catch {
      return false;
    }
  }

  /** Keeps a whole file that cannot be read, which is not at its path then. */
  move(path: string): void {
    attempt(() => {
      const status = this.#files.status(path);
      if (status?.kind !== 'file' || status.size === 0) return;
      const to = this.#newPath(DAMAGED, status.size);
      this.#files.rename(path, path.endsWith('.gz') ? `${to}.gz` : to);
    });
  }

  close(): void {
    for (const { writer } of this.#open.values()) writer.close();
    this.#open.clear();
  }

  #file(kind: Kind, bytes: number): { readonly writer: SegmentWriter; size: number } {
    const owner = this.#owner.establish();
    const open = this.#open.get(kind);
    if (open && open.owner === owner && open.size < FILE_BYTES && !open.writer.broken) return open;
    open?.writer.close();
    this.#open.delete(kind);
    const path = this.#newPath(kind, bytes);
    const writer = new SegmentWriter(this.#files, path, []);
    const header = { version: VERSION, created: this.#now(), line: randomUUID(), number: 1, resource: '' };
    const line = headerLine(header);
    try {
      writer.append(line);
    } catch (error) {
      writer.close();
      attempt(() => this.#files.remove(path));
      throw error;
    }
    const file = { writer, size: line.length, owner };
    this.#open.set(kind, file);
    return file;
  }

  #newPath(kind: Kind, bytes: number): string {
    const owner = this.#owner.establish();
    const directory = join(this.#root, kind);
    const kindOfFile = this.#files.status(directory)?.kind;
    if (kindOfFile === undefined) this.#files.makeDirectory(directory);
    else if (kindOfFile !== 'directory') throw new Error(`${directory} is not a directory`);
    this.#makeRoom(kind, bytes);
    this.#number++;
    return join(directory, `${basename(owner)}.${this.#number}.jsonl`);
  }

  /** Removes the oldest files of this process and of dead ones until there is room. */
  #makeRoom(kind: Kind, bytes: number): void {
    const files = keptFiles(this.#files, this.#root, kind);
    let held = files.reduce((sum, { size }) => sum + size, bytes);
    for (const { path, owner, size } of files) {
      if (held + FILE_BYTES <= MAX_BYTES) return;
      if (!this.#mayRemove(owner)) continue;
      attempt(() => this.#files.remove(path));
      held -= size;
    }
  }

  #mayRemove(owner: string): boolean {
    const directory = join(this.#root, owner);
    if (directory === this.#owner.path || !this.#files.status(directory)) return true;
    return isFree(this.#files, directory, this.#processes, this.#now());
  }
}
