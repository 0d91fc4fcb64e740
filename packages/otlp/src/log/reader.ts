import { attempt, type Files } from './files.ts';
import { LONGEST_LINE, NEWLINE } from './format.ts';
import { openSource, type Source } from './source.ts';

const CHUNK = 1 << 20;

/** What stands between two newlines. */
export interface RawLine {
  /** Without its newline; undefined if it is too long to be a line. */
  readonly bytes: Buffer | undefined;
  /** Where in the file the next line begins. */
  readonly end: number;
  /** Whether it ends with a newline: the end of the file may come first. */
  readonly whole: boolean;
}

/** Reads the lines of one segment ahead, in chunks, from an offset on. */
export class SegmentReader {
  readonly #files: Files;
  readonly #path: string;
  #source: Source | undefined;
  /** What is read and not taken yet, and where in the file it ends. */
  #buffer = Buffer.alloc(0);
  #end: number;
  #tooLong = false;
  #reading = false;
  #closed = false;

  constructor(files: Files, path: string, offset: number) {
    this.#files = files;
    this.#path = path;
    this.#end = offset;
  }

  /** The next line that has been read in full. */
  take(): RawLine | undefined {
    const newline = this.#buffer.indexOf(NEWLINE);
    if (newline < 0) return undefined;
    const bytes = this.#buffer.subarray(0, newline);
    this.#buffer = this.#buffer.subarray(newline + 1);
    return this.#line(bytes, true);
  }

  /** What comes after the last newline, when there is nothing more to read. */
  takeRest(): RawLine | undefined {
    if (this.#buffer.length === 0 && !this.#tooLong) return undefined;
    const bytes = this.#buffer;
    this.#buffer = bytes.subarray(bytes.length);
    return this.#line(bytes, false);
  }

  /** Reads on; false if there is nothing more before `limit`. */
  async fill(limit: number): Promise<boolean> {
    const length = Math.min(CHUNK, limit - this.#end);
    if (length <= 0 || this.#closed) return false;
    this.#source ??= openSource(this.#files, this.#path, this.#end);
    if (this.#buffer.length > LONGEST_LINE) {
      this.#tooLong = true;
      this.#buffer = Buffer.alloc(0);
    }
    const left = this.#buffer;
    const buffer = Buffer.allocUnsafeSlow(left.length + length);
    this.#reading = true;
    let count = 0;
    try {
      count = await this.#source.read(buffer.subarray(left.length));
    } finally {
      this.#reading = false;
      if (this.#closed) this.close();
    }
    left.copy(buffer);
    this.#buffer = buffer.subarray(0, left.length + count);
    this.#end += count;
    return count > 0;
  }

  /** Closes the file, once nothing is being read. */
  close(): void {
    this.#closed = true;
    if (this.#reading) return;
    const source = this.#source;
    this.#source = undefined;
    attempt(() => source?.close());
  }

  #line(bytes: Buffer, whole: boolean): RawLine {
    const usable = !this.#tooLong && bytes.length <= LONGEST_LINE;
    this.#tooLong = false;
    return { bytes: usable ? bytes : undefined, end: this.#end - this.#buffer.length, whole };
  }
}

/** The lines of a segment from an offset on, and at last what comes after the last newline. */
export async function* readLines(
  files: Files,
  path: string,
  offset: number,
  limit: number,
): AsyncGenerator<RawLine, undefined> {
  const reader = new SegmentReader(files, path, offset);
  try {
    let more = true;
    while (more) {
      more = await reader.fill(limit);
      for (let line = reader.take(); line; line = reader.take()) yield line;
    }
    const rest = reader.takeRest();
    if (rest) yield rest;
  } finally {
    reader.close();
  }
}
