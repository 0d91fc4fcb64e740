import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { attempt, type Files, writeAll } from './files.ts';
import { hexadecimal } from './format.ts';

/** How far a line is acknowledged: everything before `offset` in segment `segment`, and all earlier segments. */
export interface Position {
  readonly segment: number;
  readonly offset: number;
}

/**
 * The cursor is a file with two slots in different sectors, written by turns in place. Each has a sequence number
 * and a checksum, so a torn write leaves the slot before it, and no cursor at all means the beginning: the units
 * since are sent again, and none is lost. It is not synced, since what a power failure takes from it are only
 * repetitions.
 *
 * A slot is text: sequence, segment and offset in 14 digits each, and the CRC-32 of what is before it.
 */
const SLOT_DISTANCE = 4096;
const DIGITS = 14;
const SLOT = /^(\d{14} (\d{14}) (\d{14}) )([0-9a-f]{8})\n/;
const SLOT_LENGTH = 3 * (DIGITS + 1) + 9;

const SIZE = SLOT_DISTANCE + SLOT_LENGTH;

/** The name of the file in a line's directory. */
export const CURSOR = 'cursor';

interface Slot {
  readonly sequence: number;
  readonly position: Position;
}

/** The cursor of the line in a directory. */
export class Cursor {
  readonly #files: Files;
  readonly #path: string;
  #descriptor: number | undefined;
  #sequence = 0;

  /** Opens nothing before its first use. */
  constructor(files: Files, directory: string) {
    this.#files = files;
    this.#path = join(directory, CURSOR);
  }

  /** Whether there is one. One that stands nowhere is damaged: everything is sent again. */
  get exists(): boolean {
    return this.#files.status(this.#path) !== undefined;
  }

  /** Where it stands; segment 0 is before all. */
  read(): Position {
    let file: Uint8Array = new Uint8Array();
    // One that cannot be read is like none.
    attempt(() => {
      if (this.#files.status(this.#path)) file = this.#files.readStart(this.#path, SIZE);
    });
    const { sequence, position } = newestSlot(file);
    this.#sequence = sequence;
    return position;
  }

  /** Writes it. If it cannot be written, a crash costs repetitions, no more. */
  move(position: Position): void {
    attempt(() => {
      this.#descriptor ??= this.#open();
      this.#sequence++;
      const slot = Buffer.from(slotText({ sequence: this.#sequence, position }));
      writeAll(this.#files, this.#descriptor, slot, (this.#sequence % 2) * SLOT_DISTANCE);
    });
  }

  close(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    if (descriptor !== undefined) attempt(() => this.#files.close(descriptor));
  }

  #open(): number {
    const exists = this.#files.status(this.#path);
    return exists ? this.#files.open(this.#path, 'write') : this.#files.create(this.#path);
  }
}

function slotText({ sequence, position }: Slot): string {
  const fields = [sequence, position.segment, position.offset];
  const text = fields.map((field) => `${String(field).padStart(DIGITS, '0')} `).join('');
  return `${text}${hexadecimal(crc32(text))}\n`;
}

function newestSlot(file: Uint8Array): Slot {
  let newest: Slot = { sequence: 0, position: { segment: 0, offset: 0 } };
  for (const at of [0, SLOT_DISTANCE]) {
    const [, text = '', segment, offset, crc] =
      SLOT.exec(Buffer.from(file.subarray(at, at + SLOT_LENGTH)).toString('latin1')) ?? [];
    const sequence = Number(text.slice(0, DIGITS));
    if (crc !== hexadecimal(crc32(text)) || sequence <= newest.sequence) continue;
    newest = { sequence, position: { segment: Number(segment), offset: Number(offset) } };
  }
  return newest;
}
