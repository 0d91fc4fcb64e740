import { join, resolve } from 'node:path';
import { OstinatoError } from '@ostinato/core';
import { fromLine, toLines } from '../encode/json-lines.ts';
import type { Unit } from '../unit.ts';
import { findFree, loadLine } from './adopt.ts';
import type { Codec, Dropped, LineContext } from './context.ts';
import { directoryProblem } from './directory.ts';
import { attempt, type Files, nodeFiles } from './files.ts';
import { rejectedLines } from './format.ts';
import { Housekeeper } from './housekeeper.ts';
import { Kept, REJECTED } from './kept.ts';
import { Line } from './line.ts';
import type { Degraded, FallbackLog, LogLine } from './log.ts';
import { type LogClock, Owner, removeOwner, systemClock } from './owner.ts';
import { type Processes, systemProcesses } from './processes.ts';

export interface LogOptions {
  /** Made when it is first needed, 0700, with its parents. Any number of processes may share it. */
  readonly directory: string;
  /**
   * When an append survives a power failure (it always survives the end of the process): `batch`, when `durable`
   * resolves, after one fdatasync in the background; `always`, when it returns; `never`, when the system gets to it.
   */
  readonly fsync?: 'batch' | 'always' | 'never';
  /**
   * Of all lines that this process owns. Default 512 MiB. From three quarters on, what is cumulative is thinned; beyond
   * it what is oldest is dropped, by whole segments.
   */
  readonly maxBytes?: number;
  /**
   * Of a unit in the log. Default 24 hours. Segments are dropped whole, so up to a 24th more; of what is cumulative the
   * last point of each series stays.
   */
  readonly maxAgeMillis?: number;
  /** A segment that has so many bytes is followed by another. Default 8 MiB, and at most a 16th of `maxBytes`. */
  readonly segmentBytes?: number;
  readonly codec?: Codec;
  readonly clock?: LogClock;
  readonly files?: Files;
  readonly processes?: Processes;
  /** Hears of all that leaves the log without being acknowledged. Must not throw. */
  readonly onDropped?: (dropped: Dropped) => void;
}

const MIB = 1 << 20;
const HOUR = 3_600_000;
/** So full, as a part of `maxBytes`, the log is when it begins to be thinned. */
const THIN_ABOVE = 0.75;

/**
 * Opens the fallback log in a directory. Touches nothing on disk; throws `OSTINATO_LOG_DIRECTORY` if there is a directory
 * that cannot be trusted: a symbolic link, another user's, or one that others may write to.
 */
export function openLog(options: LogOptions): FallbackLog {
  const { files = nodeFiles } = options;
  const directory = resolve(options.directory);
  let problem: string | undefined;
  attempt(() => {
    problem = directoryProblem(files, directory);
  });
  if (problem) throw new OstinatoError('OSTINATO_LOG_DIRECTORY', `fallback.directory: ${problem}`);
  return new DirectoryLog(directory, options, files);
}

class DirectoryLog implements FallbackLog {
  readonly #files: Files;
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #maxAge: number;
  readonly #clock: LogClock;
  readonly #processes: Processes;
  readonly #owner: Owner;
  readonly #own = new Map<string, Line>();
  /** Those that have segments. */
  readonly #lines = new Set<Line>();
  readonly #context: LineContext;
  readonly #housekeeper: Housekeeper;
  readonly #kept: Kept;
  #adopting: Promise<readonly LogLine[]> | undefined;
  #closed = false;
  /** The latest `created` of segments that are here or were found. */
  #lastCreated = 0;

  constructor(directory: string, options: LogOptions, files: Files) {
    this.#files = files;
    this.#directory = directory;
    this.#maxBytes = options.maxBytes ?? 512 * MIB;
    this.#maxAge = options.maxAgeMillis ?? 24 * HOUR;
    this.#clock = options.clock ?? systemClock;
    this.#processes = options.processes ?? systemProcesses();
    this.#owner = new Owner(files, directory, this.#processes, this.#clock, () => this.#tend());
    this.#kept = new Kept(files, directory, this.#owner, this.#processes, () => this.#clock.now());
    const isClosed = () => this.#closed;
    this.#context = {
      files,
      codec: options.codec ?? { toLines, fromLine },
      kept: this.#kept,
      fsync: options.fsync ?? 'batch',
      segmentBytes: options.segmentBytes ?? Math.min(8 * MIB, this.#maxBytes / 16),
      segmentMillis: this.#maxAge / 24,
      lines: this.#lines,
      get closed() {
        return isClosed();
      },
      now: () => this.#clock.now(),
      nextCreated: () => {
        this.#lastCreated = Math.max(this.#clock.now(), this.#lastCreated + 1);
        return this.#lastCreated;
      },
      newLine: () => this.#owner.newLine(),
      wasTaken: (id) => this.#owner.wasTaken(id),
      makeRoom: (bytes) => this.#makeRoom(bytes),
      dropped: (dropped) => options.onDropped?.(dropped),
    };
    this.#housekeeper = new Housekeeper(this.#context, this.#maxBytes * THIN_ABOVE, this.#maxAge);
  }

  get bytes(): number {
    let sum = 0;
    for (const line of this.#lines) sum += line.bytes;
    return sum;
  }

  line(resource: string): LogLine {
    let line = this.#own.get(resource);
    if (!line) {
      line = new Line(this.#context, resource);
      this.#own.set(resource, line);
    }
    return line;
  }

  adopt(): Promise<readonly LogLine[]> {
    this.#adopting ??= this.#adopt().finally(() => {
      this.#adopting = undefined;
    });
    return this.#adopting;
  }

  keepRejected(unit: Unit, cause: string): boolean {
    if (this.#closed) return false;
    try {
      const lines = this.#context.codec.toLines(unit).map(({ unit: { points }, text }) => ({ text, points }));
      return this.#kept.append(REJECTED, rejectedLines(lines, { time: this.#clock.now(), cause }));
    } catch {
      // It cannot be written as a line.
      return false;
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const line of this.#own.values()) line.close();
    for (const line of this.#lines) line.close();
    this.#kept.close();
    this.#owner.release();
  }

  async #adopt(): Promise<readonly LogLine[]> {
    const adopted: LogLine[] = [];
    try {
      if (this.#closed || directoryProblem(this.#files, this.#directory)) return adopted;
      const now = this.#clock.now();
      const free = findFree(this.#files, this.#directory, this.#processes, now);
      for (const { newest } of free.lines) this.#lastCreated = Math.max(this.#lastCreated, newest);
      for (const { id, owner, bytes } of free.lines) {
        const held = this.bytes;
        // What comes after one that has to wait waits too: it may be of the same resource.
        if (held > 0 && held + bytes > this.#maxBytes) break;
        const line = await this.#claim(owner, id);
        if (line) adopted.push(line);
        if (this.#closed) break;
      }
      for (const owner of free.owners) attempt(() => removeOwner(this.#files, owner));
    } catch {
      // The directory cannot be read or written; the next append says why.
    }
    this.#expire();
    this.#thinInTime(0);
    return adopted.filter((line) => line.bytes > 0);
  }

  /** Takes a line from a dead owner; undefined if another was faster, or it cannot be read, or is empty. */
  async #claim(owner: string, id: string): Promise<Line | undefined> {
    const mine = this.#owner.establish();
    const [from, path] = [join(owner, id), join(mine, id)];
    try {
      this.#files.rename(from, path);
    } catch {
      return undefined;
    }
    try {
      const found = await loadLine(this.#files, { id, path, above: [mine, this.#directory] });
      if (!found) return undefined;
      const line = new Line(this.#context, found.resource, found);
      // Without a unit there may be a torn end or damage to report.
      if (line.pending === 0) await line.peek();
      return line.bytes > 0 ? line : undefined;
    } catch {
      // For the next who tries.
      attempt(() => this.#files.rename(path, from));
      return undefined;
    }
  }

  /** After each renewal of the lease. */
  #tend(): Promise<void> {
    for (const line of this.#lines) {
      line.checkPlace();
      line.closeOld();
    }
    this.#expire();
    return this.#housekeeper.run();
  }

  #expire(): void {
    const oldest = this.#clock.now() - this.#maxAge;
    for (const line of this.#lines) {
      // What is cumulative is thinned first: what it comes to in the end may stay longer.
      while ((line.oldest ?? oldest) < oldest && !line.isCumulative) line.dropOldest('age');
    }
  }

  #thinInTime(bytes: number): void {
    if (this.bytes + bytes > this.#maxBytes * THIN_ABOVE) void this.#housekeeper.run();
  }

  #makeRoom(bytes: number): Degraded | undefined {
    if (bytes > this.#maxBytes) {
      return {
        code: 'OSTINATO_LOG_FULL',
        message: `${bytes} bytes at once are more than maxBytes (${this.#maxBytes})`,
      };
    }
    this.#expire();
    this.#thinInTime(bytes);
    for (let held = this.bytes; held + bytes > this.#maxBytes; held = this.bytes) {
      let oldest: Line | undefined;
      for (const line of this.#lines) {
        if ((line.oldest ?? Infinity) < (oldest?.oldest ?? Infinity)) oldest = line;
      }
      if (!oldest) break;
      oldest.dropOldest('bytes');
    }
    return undefined;
  }
}
