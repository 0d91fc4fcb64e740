import type { SeriesNotes } from '@ostinato/core';

/** Bytes of some fifty series. All live as long as one of these does: where few do, many bytes are kept for them. */
const STORE = 4 * 1024;

let store = new DataView(new ArrayBuffer(0));
let used = 0;

/** Keeps bytes with a series, the last `attributes` of which are its attributes. What is kept one after the other lies so. */
export function keep(notes: SeriesNotes, bytes: Uint8Array, attributes: number): void {
  const size = bytes.length;
  if (used + size > store.byteLength) {
    store = new DataView(new ArrayBuffer(Math.max(STORE, size)));
    used = 0;
  }
  new Uint8Array(store.buffer, used, size).set(bytes);
  used += size;
  notes.store = store;
  notes.attributes = used - attributes;
  notes.end = used;
}
