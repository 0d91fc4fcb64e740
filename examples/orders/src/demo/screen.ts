import type { WriteStream } from 'node:tty';
import type { Account } from './account.ts';
import type { Scene } from './scene.ts';
import { clip, painter } from './text.ts';
import type { Correlation } from './traces.ts';
import { accountLines, picture, plainLine } from './view.ts';

/** Where the demo shows itself. */
export interface Screen {
  /** Something happened. */
  event(elapsed: number, text: string): void;
  /** The present state; called often. */
  show(scene: Scene): void;
  account(account: Account, correlation: Correlation): void;
  close(): void;
}

const FRAME = {
  hideCursor: '\u001b[?25l',
  showCursor: '\u001b[?25h',
  clearLine: '\u001b[2K',
  clearBelow: '\u001b[J',
};

/** A picture that is drawn over itself. What stays on the terminal in the end is the last one. */
export class LiveScreen implements Screen {
  readonly #out: WriteStream;
  readonly #paint;
  #drawn = 0;

  constructor(out: WriteStream) {
    this.#out = out;
    this.#paint = painter(out.hasColors());
    out.write(FRAME.hideCursor);
  }

  event(): void {}

  show(scene: Scene): void {
    const lines = picture(scene, this.#paint).slice(0, this.#out.rows - 1);
    const up = this.#drawn === 0 ? '' : `\u001b[${this.#drawn}A\r`;
    const text = lines.map((line) => `${FRAME.clearLine}${clip(line, this.#out.columns)}\n`).join('');
    this.#out.write(up + text + FRAME.clearBelow);
    this.#drawn = lines.length;
  }

  account(account: Account, correlation: Correlation): void {
    this.#out.write(`${accountLines(account, correlation, this.#paint).join('\n')}\n`);
  }

  close(): void {
    this.#out.write(FRAME.showCursor);
  }
}

const LINE_MILLIS = 2000;

/** Lines, for a file or a pipe: what happens, and every two seconds how things are. */
export class PlainScreen implements Screen {
  readonly #out: NodeJS.WritableStream;
  #next = 0;

  constructor(out: NodeJS.WritableStream) {
    this.#out = out;
  }

  event(elapsed: number, text: string): void {
    this.#out.write(`[${elapsed.toFixed(1).padStart(5)} s] ${text}\n`);
  }

  show(scene: Scene): void {
    if (scene.elapsed * 1000 < this.#next) return;
    this.#next = scene.elapsed * 1000 + LINE_MILLIS;
    this.#out.write(`${plainLine(scene)}\n`);
  }

  account(account: Account, correlation: Correlation): void {
    this.#out.write(`${accountLines(account, correlation, painter(false)).join('\n')}\n`);
  }

  close(): void {}
}
