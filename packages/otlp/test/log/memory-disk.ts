import { basename, dirname } from 'node:path';
import type { FileStatus, Files } from '../../src/log/files.ts';

interface File {
  readonly kind: 'file';
  bytes: Buffer;
  synced: Buffer;
  modified: number;
}
interface Directory {
  readonly kind: 'directory';
  entries: Map<string, Node>;
  synced: Map<string, Node>;
  modified: number;
}
type Node = File | Directory;

export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}

/** A disk in memory, with a page cache that a power failure empties. Processes see it through `view`. */
export class MemoryDisk {
  readonly root: Directory = directory(0);
  readonly now: () => number;

  constructor(now: () => number = () => 0) {
    this.now = now;
  }

  node(path: string): Node | undefined {
    let node: Node | undefined = this.root;
    for (const name of path.split('/').filter(Boolean)) {
      node = node?.kind === 'directory' ? node.entries.get(name) : undefined;
    }
    return node;
  }

  /** Forgets all that was not synced. */
  losePower(node: Node = this.root): void {
    if (node.kind === 'file') {
      node.bytes = Buffer.from(node.synced);
    } else {
      node.entries = new Map(node.synced);
      for (const entry of node.entries.values()) this.losePower(entry);
    }
  }

  /** All files by path. */
  files(node: Node = this.root, path = ''): Map<string, Buffer> {
    if (node.kind === 'file') return new Map([[path, node.bytes]]);
    return new Map([...node.entries].flatMap(([name, entry]) => [...this.files(entry, `${path}/${name}`)]));
  }

  view(): DiskView {
    return new DiskView(this);
  }
}

/** What one process sees of the disk; it can be killed at any call, and given errors. */
export class DiskView implements Files {
  readonly #disk: MemoryDisk;
  readonly #descriptors = new Map<number, File>();
  #last = 2;
  #calls = 0;
  #killed = false;
  readonly #busy = new Map<number, number>();
  /** How often a file was closed while it was read or synced: another may get its descriptor meanwhile. */
  closedWhileBusy = 0;
  /** Runs before each call; may throw instead of it. */
  before: (call: string, path: string | undefined, count: number) => void = () => {};
  /** How many bytes a write of so many writes. */
  shorten: (length: number) => number = (length) => length;

  constructor(disk: MemoryDisk) {
    this.#disk = disk;
  }

  get calls(): number {
    return this.#calls;
  }

  get openDescriptors(): number {
    return this.#descriptors.size;
  }

  /** Nothing that the process does from now on has any effect. */
  kill(): void {
    this.#killed = true;
  }

  get killed(): boolean {
    return this.#killed;
  }

  status(path: string): FileStatus | undefined {
    this.#call('status', path);
    const node = this.#disk.node(path);
    if (!node) return undefined;
    const owner = process.geteuid?.() ?? 0;
    const common = { modified: node.modified, owner };
    return node.kind === 'file'
      ? { kind: 'file', size: node.bytes.length, mode: 0o600, ...common }
      : { kind: 'directory', size: 0, mode: 0o700, ...common };
  }

  list(path: string): readonly string[] {
    this.#call('list', path);
    const node = this.#disk.node(path);
    return node?.kind === 'directory' ? [...node.entries.keys()] : [];
  }

  makeDirectory(path: string): void {
    this.#call('makeDirectory', path);
    const { entries } = this.#directory(dirname(path));
    if (entries.has(basename(path))) throw systemError('EEXIST');
    entries.set(basename(path), directory(this.#disk.now()));
  }

  makeDirectories(path: string): readonly string[] {
    if (this.#disk.node(path)) return [];
    const above = this.makeDirectories(dirname(path));
    this.makeDirectory(path);
    return [dirname(path), ...above];
  }

  removeDirectory(path: string): void {
    this.#call('removeDirectory', path);
    if (this.#directory(path).entries.size > 0) throw systemError('ENOTEMPTY');
    this.#directory(dirname(path)).entries.delete(basename(path));
  }

  rename(from: string, to: string): void {
    this.#call('rename', from);
    const node = this.#disk.node(from);
    if (!node) throw systemError('ENOENT');
    const target = this.#directory(dirname(to));
    this.#directory(dirname(from)).entries.delete(basename(from));
    target.entries.set(basename(to), node);
  }

  remove(path: string): void {
    this.#call('remove', path);
    this.#file(path);
    this.#directory(dirname(path)).entries.delete(basename(path));
  }

  touch(path: string, millis: number): void {
    this.#call('touch', path);
    this.#file(path).modified = millis;
  }

  create(path: string): number {
    this.#call('create', path);
    const { entries } = this.#directory(dirname(path));
    if (entries.has(basename(path))) throw systemError('EEXIST');
    const file: File = {
      kind: 'file',
      bytes: Buffer.alloc(0),
      synced: Buffer.alloc(0),
      modified: this.#disk.now(),
    };
    entries.set(basename(path), file);
    return this.#describe(file);
  }

  open(path: string, access: 'read' | 'write'): number {
    this.#call(`open ${access}`, path);
    return this.#describe(this.#file(path));
  }

  close(descriptor: number): void {
    this.#call('close');
    if (this.#busy.get(descriptor)) this.closedWhileBusy++;
    if (!this.#descriptors.delete(descriptor)) throw systemError('EBADF');
  }

  write(descriptor: number, bytes: Uint8Array, position: number): number {
    const file = this.#described(descriptor);
    const alive = !this.#killed;
    try {
      this.#call('write');
    } catch (error) {
      // Killed in this very write: part of it may be on disk.
      const length = this.shorten(bytes.length);
      if (alive && this.#killed && length < bytes.length) put(file, bytes.subarray(0, length), position);
      throw error;
    }
    const length = this.shorten(bytes.length);
    file.modified = this.#disk.now();
    return put(file, bytes.subarray(0, length), position);
  }

  truncate(descriptor: number, size: number): void {
    this.#call('truncate');
    const file = this.#described(descriptor);
    file.bytes = Buffer.concat([file.bytes.subarray(0, size)]);
  }

  async read(descriptor: number, into: Uint8Array, position: number): Promise<number> {
    this.#call('read');
    const { bytes } = this.#described(descriptor);
    await this.#working(descriptor);
    const part = bytes.subarray(position, position + into.length);
    into.set(part);
    return part.length;
  }

  readStart(path: string, limit: number): Uint8Array {
    this.#call('readStart', path);
    return Uint8Array.from(this.#file(path).bytes.subarray(0, limit));
  }

  async sync(descriptor: number): Promise<void> {
    const file = this.#described(descriptor);
    const { bytes } = file;
    await this.#working(descriptor);
    this.#call('sync');
    file.synced = Buffer.from(bytes);
  }

  syncNow(descriptor: number): void {
    this.#call('syncNow');
    const file = this.#described(descriptor);
    file.synced = Buffer.from(file.bytes);
  }

  async syncDirectory(path: string): Promise<void> {
    await undefined;
    this.syncDirectoryNow(path);
  }

  syncDirectoryNow(path: string): void {
    this.#call('syncDirectory', path);
    const node = this.#directory(path);
    node.synced = new Map(node.entries);
  }

  /** The threads that do the asynchronous calls. */
  async #working(descriptor: number): Promise<void> {
    this.#busy.set(descriptor, (this.#busy.get(descriptor) ?? 0) + 1);
    await undefined;
    this.#busy.set(descriptor, (this.#busy.get(descriptor) ?? 0) - 1);
  }

  #call(name: string, path?: string): void {
    if (this.#killed) throw systemError('KILLED');
    this.#calls++;
    this.before(name, path, this.#calls);
  }

  #describe(file: File): number {
    this.#last++;
    this.#descriptors.set(this.#last, file);
    return this.#last;
  }

  #described(descriptor: number): File {
    const file = this.#descriptors.get(descriptor);
    if (!file) throw systemError('EBADF');
    return file;
  }

  #file(path: string): File {
    const node = this.#disk.node(path);
    if (node?.kind === 'file') return node;
    throw systemError(node ? 'EISDIR' : 'ENOENT');
  }

  #directory(path: string): Directory {
    const node = this.#disk.node(path);
    if (node?.kind === 'directory') return node;
    throw systemError(node ? 'ENOTDIR' : 'ENOENT');
  }
}

function directory(modified: number): Directory {
  return { kind: 'directory', entries: new Map(), synced: new Map(), modified };
}

function put(file: File, bytes: Uint8Array, position: number): number {
  const size = Math.max(file.bytes.length, position + bytes.length);
  const next = Buffer.alloc(size);
  file.bytes.copy(next);
  next.set(bytes, position);
  file.bytes = next;
  return bytes.length;
}
