import * as fs from 'node:fs';
import { dirname } from 'node:path';
import type { Degraded } from './log.ts';

/** What the log wants to know of a path; symbolic links are not followed. */
export interface FileStatus {
  readonly kind: 'file' | 'directory' | 'link' | 'other';
  readonly size: number;
  /** Last modification, in milliseconds since the epoch. */
  readonly modified: number;
  /** Permission bits. */
  readonly mode: number;
  readonly owner: number;
}

/**
 * The only way to the disk. Everything throws errors with a `code`, as Node's file system does, unless it says
 * otherwise. Files are created 0600 and directories 0700; no call follows a symbolic link in a path's last part.
 */
export interface Files {
  /** Undefined when there is nothing. */
  status(path: string): FileStatus | undefined;
  /** Names in a directory, in no order; empty when there is none. */
  list(path: string): readonly string[];
  makeDirectory(path: string): void;
  /** Makes it with its parents, as far as they are missing; returns those that have a new entry. */
  makeDirectories(path: string): readonly string[];
  removeDirectory(path: string): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
  /** Sets the time of last modification. */
  touch(path: string, millis: number): void;
  /** A new file, for writing; EEXIST if there is one. */
  create(path: string): number;
  /** An existing regular file. */
  open(path: string, access: 'read' | 'write'): number;
  close(descriptor: number): void;
  /** May write less than all of it. */
  write(descriptor: number, bytes: Uint8Array, position: number): number;
  truncate(descriptor: number, size: number): void;
  /** Fills as much of the buffer as there is; 0 at the end. */
  read(descriptor: number, into: Uint8Array, position: number): Promise<number>;
  /** The first `limit` bytes of a file. */
  readStart(path: string, limit: number): Uint8Array;
  /** The content of a file becomes durable (fdatasync). */
  sync(descriptor: number): Promise<void>;
  syncNow(descriptor: number): void;
  /** The names in a directory become durable, where the platform can do that. */
  syncDirectory(path: string): Promise<void>;
  syncDirectoryNow(path: string): void;
}

// O_NONBLOCK: opening a FIFO that somebody put there must not hang. On Windows neither flag exists.
const { O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_WRONLY } = fs.constants;
const GUARDS = (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_NONBLOCK ?? 0);

/**
 * Makes a directory unless it is there, and says which one it changed. Not all levels at once by `recursive`: where a parent is
 * there and takes no directory (in `/proc`), Node 20 tries for ever.
 */
function makeOne(path: string): string[] {
  try {
    fs.mkdirSync(path, { mode: 0o700 });
    return [dirname(path)];
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && fs.statSync(path).isDirectory()) return [];
    throw error;
  }
}

/** The real file system. */
export const nodeFiles: Files = {
  status(path) {
    try {
      const stats = fs.lstatSync(path, { throwIfNoEntry: false });
      return stats && statusOf(stats);
    } catch (error) {
      if (codeOf(error) === 'ENOTDIR') return undefined;
      throw error;
    }
  },
  list(path) {
    try {
      return fs.readdirSync(path);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
  },
  makeDirectory: (path) => fs.mkdirSync(path, { mode: 0o700 }),
  makeDirectories(path) {
    try {
      return makeOne(path);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
    }
    const above = nodeFiles.makeDirectories(dirname(path));
    return [...makeOne(path), ...above];
  },
  removeDirectory: (path) => fs.rmdirSync(path),
  rename: (from, to) => fs.renameSync(from, to),
  remove: (path) => fs.unlinkSync(path),
  touch: (path, millis) => fs.lutimesSync(path, millis / 1000, millis / 1000),
  create: (path) => fs.openSync(path, O_CREAT | O_EXCL | O_WRONLY | GUARDS, 0o600),
  open(path, access) {
    const descriptor = fs.openSync(path, (access === 'read' ? O_RDONLY : O_RDWR) | GUARDS);
    if (fs.fstatSync(descriptor).isFile()) return descriptor;
    fs.closeSync(descriptor);
    throw Object.assign(new Error(`${path} is not a regular file`), { code: 'EINVAL' });
  },
  close: (descriptor) => fs.closeSync(descriptor),
  write: (descriptor, bytes, position) => fs.writeSync(descriptor, bytes, 0, bytes.length, position),
  truncate: (descriptor, size) => fs.ftruncateSync(descriptor, size),
  read: (descriptor, into, position) =>
    new Promise((resolve, reject) => {
      fs.read(descriptor, into, 0, into.length, position, (error, count) => {
        if (error) reject(error);
        else resolve(count);
      });
    }),
  readStart(path, limit) {
    const descriptor = nodeFiles.open(path, 'read');
    try {
      const bytes = new Uint8Array(Math.min(limit, fs.fstatSync(descriptor).size));
      return bytes.subarray(0, fs.readSync(descriptor, bytes, 0, bytes.length, 0));
    } finally {
      fs.closeSync(descriptor);
    }
  },
  sync: (descriptor) =>
    new Promise((resolve, reject) => {
      fs.fdatasync(descriptor, (error) => {
        if (error) reject(error);
        else resolve();
      });
    }),
  syncNow: (descriptor) => fs.fdatasyncSync(descriptor),
  async syncDirectory(path) {
    if (process.platform === 'win32') return;
    const directory = await fs.promises.open(path, O_RDONLY);
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  },
  syncDirectoryNow(path) {
    if (process.platform === 'win32') return;
    const descriptor = fs.openSync(path, O_RDONLY);
    try {
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  },
};

function statusOf(stats: fs.Stats): FileStatus {
  const kind = stats.isFile()
    ? 'file'
    : stats.isDirectory()
      ? 'directory'
      : stats.isSymbolicLink()
        ? 'link'
        : 'other';
  return { kind, size: stats.size, modified: stats.mtimeMs, mode: stats.mode & 0o7777, owner: stats.uid };
}

/** The `code` of an error from the file system; '' if it has none. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : '';
}

/** Why the log could not do what was asked of it. */
export function degradedBy(error: unknown, doing: string): Degraded {
  const cause = error as { message?: unknown } | undefined;
  const message = typeof cause?.message === 'string' ? cause.message : String(error);
  return { code: codeOf(error) || 'OSTINATO_LOG', message: `${doing}: ${message}` };
}

/** Writes all of it, or throws. */
export function writeAll(files: Files, descriptor: number, bytes: Uint8Array, position: number): void {
  for (let written = 0; written < bytes.length; ) {
    const count = files.write(descriptor, bytes.subarray(written), position + written);
    if (count === 0) throw Object.assign(new Error('nothing could be written'), { code: 'ENOSPC' });
    written += count;
  }
}

/** Does what may fail without harm. */
export function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // The caller says why it does not matter.
  }
}
