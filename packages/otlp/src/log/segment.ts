import { attempt, codeOf, degradedBy, type Files, writeAll } from './files.ts';
import type { Degraded } from './log.ts';

/** One file of a line. Lines number their segments from 1; only the last may have a writer. */
export interface Segment {
  readonly number: number;
  path: string;
  /** Bytes in it that count, unpacked: what is beyond them was not stored. Positions are counted in these. */
  size: number;
  /** Bytes of the file, if it is packed. */
  packed: number | undefined;
  /** What in it is not acknowledged yet. */
  units: number;
  points: number;
  /** Whether there may be points in it that later ones stand for. */
  cumulative: boolean;
  /** When it was created, and when something was last written to it; in milliseconds since the epoch. */
  readonly created: number;
  newest: number;
  writer: SegmentWriter | undefined;
}

/** Bytes on disk. */
export function bytesOf({ size, packed }: Segment): number {
  return packed ?? size;
}

/** Writes one new segment; nobody else ever writes to it. */
export class SegmentWriter {
  readonly #files: Files;
  readonly #path: string;
  readonly #descriptor: number;
  /** Directories whose entries must be durable too, until they are. */
  #directories: readonly string[];
  #size = 0;
  #broken = false;
  #running: Promise<Degraded | undefined> | undefined;
  #waiting: Promise<Degraded | undefined> | undefined;
  #closing = false;

  /** Throws EEXIST if there is such a file. */
  constructor(files: Files, path: string, directories: readonly string[]) {
    this.#files = files;
    this.#path = path;
    this.#directories = directories;
    this.#descriptor = files.create(path);
  }

  /** What is written can no longer be trusted: do not append again. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Writes all of it with one write. If it throws, part of it may have been written: truncate. */
  append(bytes: Uint8Array): void {
    writeAll(this.#files, this.#descriptor, bytes, this.#size);
    this.#size += bytes.length;
  }

  /** Takes back what was written after `size`; broken if it cannot. */
  truncate(size: number): void {
    try {
      this.#files.truncate(this.#descriptor, size);
      this.#size = size;
    } catch {
      this.#broken = true;
    }
  }

  /** What was written is durable when it returns. After an error nobody knows what is on disk: broken. */
  syncNow(): void {
    try {
      this.#files.syncNow(this.#descriptor);
      for (const directory of this.#directories) {
        try {
          this.#files.syncDirectoryNow(directory);
        } catch (error) {
          unlessGone(error);
        }
      }
      this.#directories = [];
    } catch (error) {
      this.#broken = true;
      throw error;
    }
  }

  /** The same in the background. Calls that come while one is running share the next. */
  sync(): Promise<Degraded | undefined> {
    if (!this.#running) return this.#start();
    this.#waiting ??= this.#running.then(() => {
      this.#waiting = undefined;
      return this.#start();
    });
    return this.#waiting;
  }

  /** Closes the file, once it is synced. */
  close(): void {
    this.#closing = true;
    if (!this.#running && !this.#waiting) attempt(() => this.#files.close(this.#descriptor));
  }

  #start(): Promise<Degraded | undefined> {
    this.#running = this.#sync().then((degraded) => {
      this.#running = undefined;
      if (this.#closing) this.close();
      return degraded;
    });
    return this.#running;
  }

  async #sync(): Promise<Degraded | undefined> {
    try {
      await this.#files.sync(this.#descriptor);
      for (const directory of this.#directories) await this.#files.syncDirectory(directory).catch(unlessGone);
      this.#directories = [];
      return undefined;
    } catch (error) {
      this.#broken = true;
      return degradedBy(error, `cannot sync ${this.#path}`);
    }
  }
}

/** A directory that is gone was acknowledged, or is another process's now. */
function unlessGone(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error;
}
