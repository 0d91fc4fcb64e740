import type { Arena } from '../arena/arena.ts';
import { FILTER_BYTES, FILTER_GENERATION, FILTER_TEXT, FILTER_TEXT_BYTES } from '../arena/layout.ts';

/** The rules of a filter that was changed at run time, as text in the arena, from where every thread takes them. */
export class SharedFilter {
  readonly #words: Int32Array;

  constructor(arena: Arena) {
    this.#words = arena.words;
  }

  /** By the recorder's thread alone. False: the text is too long. */
  write(text: string): boolean {
    const bytes = new TextEncoder().encode(text);
    if (bytes.length > FILTER_TEXT_BYTES) return false;
    const padded = new Uint8Array(FILTER_TEXT_BYTES);
    padded.set(bytes);
    const generation = Atomics.load(this.#words, FILTER_GENERATION);
    Atomics.store(this.#words, FILTER_GENERATION, (generation + 1) | 0);
    Atomics.store(this.#words, FILTER_BYTES, bytes.length);
    new Int32Array(padded.buffer).forEach((word, i) => {
      Atomics.store(this.#words, FILTER_TEXT + i, word);
    });
    Atomics.store(this.#words, FILTER_GENERATION, (generation + 2) | 0);
    return true;
  }

  /** Even; 0: nothing was ever written. */
  get generation(): number {
    return Atomics.load(this.#words, FILTER_GENERATION);
  }

  /** The text of a generation, or undefined if it is being replaced just now. */
  read(generation: number): string | undefined {
    if (generation % 2 !== 0) return undefined;
    const bytes = Atomics.load(this.#words, FILTER_BYTES);
    const words = new Int32Array(FILTER_TEXT_BYTES / 4).map((_, i) =>
      Atomics.load(this.#words, FILTER_TEXT + i),
    );
    if (this.generation !== generation) return undefined;
    return new TextDecoder().decode(new Uint8Array(words.buffer, 0, bytes));
  }
}
