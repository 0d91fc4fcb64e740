import { constants, createGzip, type Gzip } from 'node:zlib';
import { attempt, type Files, writeAll } from './files.ts';

/**
 * Writes the packed form of a segment into a file of its own, which takes the segment's place when it is complete and
 * on the disk. Packing is done by Node's threads, at the fastest level: lines of one service are much alike, and
 * become a fortieth.
 */
export class PackedWriter {
  readonly path: string;
  readonly #files: Files;
  readonly #descriptor: number;
  readonly #gzip: Gzip = createGzip({ level: constants.Z_BEST_SPEED, chunkSize: 64 * 1024 });
  #size = 0;
  #error: unknown;

  /** Replaces a file that an earlier attempt left. */
  constructor(files: Files, path: string) {
    this.path = path;
    this.#files = files;
    attempt(() => files.remove(path));
    this.#descriptor = files.create(path);
    this.#gzip.on('error', (error) => {
      this.#error ??= error;
    });
    this.#gzip.on('data', (bytes: Buffer) => this.#store(bytes));
  }

  async write(bytes: Uint8Array): Promise<void> {
    await new Promise<void>((resolve) => this.#gzip.write(bytes, () => resolve()));
    if (this.#error !== undefined) throw this.#error;
  }

  /** How many bytes it is. What was written is durable: it replaces what may be so. */
  async finish(): Promise<number> {
    await new Promise<void>((resolve) => {
      this.#gzip.once('close', resolve);
      this.#gzip.end();
    });
    if (this.#error !== undefined) throw this.#error;
    await this.#files.sync(this.#descriptor);
    return this.#size;
  }

  /** Once, at last. The file stays. */
  close(): void {
    this.#gzip.destroy();
    attempt(() => this.#files.close(this.#descriptor));
  }

  #store(bytes: Buffer): void {
    if (this.#error !== undefined) return;
    try {
      writeAll(this.#files, this.#descriptor, bytes, this.#size);
      this.#size += bytes.length;
    } catch (error) {
      this.#error = error;
    }
  }
}
