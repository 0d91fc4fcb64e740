import { constants, createGunzip, type Gunzip, gunzipSync } from 'node:zlib';
import { codeOf, type Files } from './files.ts';
import { isPacked } from './place.ts';

/** The content of a segment from an offset on, whether the file holds it as it is or packed. */
export interface Source {
  /** Fills some of `into`; 0 at the end. One call at a time. */
  read(into: Uint8Array): Promise<number>;
  /** Not while something is read. */
  close(): void;
}

export function openSource(files: Files, path: string, offset: number): Source {
  const descriptor = files.open(path, 'read');
  return isPacked(path)
    ? new PackedSource(files, descriptor, offset)
    : new PlainSource(files, descriptor, offset);
}

/** What the first `limit` bytes of a file hold; nothing if that cannot be unpacked. */
export function readContentStart(files: Files, path: string, limit: number): Uint8Array {
  const start = files.readStart(path, limit);
  if (!isPacked(path)) return start;
  try {
    return gunzipSync(start, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: LONGEST_START });
  } catch {
    return new Uint8Array();
  }
}

const LONGEST_START = 64 << 20;

/** Whether what a read failed with is about the file, and not about the process (too many open files) or its user. */
export function isDamage(error: unknown): boolean {
  const code = codeOf(error);
  return DAMAGE.has(code) || /^Z_(?!MEM_ERROR)/.test(code);
}

// What a disk answers for a damaged place, and the file system for what is no regular file.
const DAMAGE: ReadonlySet<string> = new Set(['EIO', 'ELOOP', 'EINVAL', 'EISDIR', 'ENXIO']);

class PlainSource implements Source {
  readonly #files: Files;
  readonly #descriptor: number;
  #at: number;

  constructor(files: Files, descriptor: number, offset: number) {
    this.#files = files;
    this.#descriptor = descriptor;
    this.#at = offset;
  }

  async read(into: Uint8Array): Promise<number> {
    const count = await this.#files.read(this.#descriptor, into, this.#at);
    this.#at += count;
    return count;
  }

  close(): void {
    this.#files.close(this.#descriptor);
  }
}

/** So much is unpacked at a time: whatever the file is, it becomes at most a thousand times as much. */
const PACKED_CHUNK = 16 * 1024;

class PackedSource implements Source {
  readonly #files: Files;
  readonly #descriptor: number;
  readonly #gunzip: Gunzip = createGunzip({ chunkSize: 256 * 1024 });
  /** What is unpacked and not read yet. */
  readonly #unpacked: Buffer[] = [];
  #at = 0;
  /** Bytes before the offset that are still to come. */
  #skip: number;
  #ended = false;
  #error: Error | undefined;
  #wake: () => void = () => {};

  constructor(files: Files, descriptor: number, offset: number) {
    this.#files = files;
    this.#descriptor = descriptor;
    this.#skip = offset;
    // What was unpacked before the damage is as good as anything: each line has its own checksum.
    this.#gunzip.on('data', (bytes: Buffer) => this.#take(bytes));
    this.#gunzip.on('error', (error) => {
      this.#error = error;
    });
    // A write that fails, or that nobody needs any more, does not call back.
    for (const event of ['end', 'close']) {
      this.#gunzip.on(event, () => {
        this.#ended = true;
        this.#wake();
      });
    }
  }

  async read(into: Uint8Array): Promise<number> {
    for (;;) {
      const [first] = this.#unpacked;
      if (first) {
        const count = first.copy(into);
        if (count === first.length) this.#unpacked.shift();
        else this.#unpacked[0] = first.subarray(count);
        return count;
      }
      if (this.#error) throw this.#error;
      if (this.#ended) return 0;
      await this.#unpackMore();
    }
  }

  close(): void {
    this.#gunzip.destroy();
    this.#files.close(this.#descriptor);
  }

  #take(bytes: Buffer): void {
    const skipped = Math.min(this.#skip, bytes.length);
    this.#skip -= skipped;
    if (skipped < bytes.length) this.#unpacked.push(bytes.subarray(skipped));
  }

  async #unpackMore(): Promise<void> {
    const packed = Buffer.allocUnsafeSlow(PACKED_CHUNK);
    const count = await this.#files.read(this.#descriptor, packed, this.#at);
    this.#at += count;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (count > 0) this.#gunzip.write(packed.subarray(0, count), () => resolve());
      // The end of a file that was cut off is an error, too.
      else this.#gunzip.end();
    });
  }
}
