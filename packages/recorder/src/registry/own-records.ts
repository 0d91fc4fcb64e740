import type { Key } from '@ostinato/core';

/** Longer labels are written into the record, so that the recorder's memory bounds them. In characters. */
const LONGEST = 256;

/**
 * Whose the series records of the collector's own thread are, by address: these do not say it, as it is known here. Of most
 * it is asked once, when the collector takes the record in; of those that have exemplars, whenever one comes.
 */
export class OwnRecords {
  /** Of records that were not taken in. */
  readonly #keys = new Map<number, Key>();
  readonly #labels = new Map<number, Key['labels']>();

  /** What a record is to say of these labels. */
  written(labels: Key['labels']): Key['labels'] | undefined {
    let characters = 0;
    for (const [name, value] of labels) characters += name.length + String(value).length;
    return characters > LONGEST ? labels : undefined;
  }

  /** Before the collector scans. */
  define(record: number, key: Key): void {
    this.#keys.set(record, key);
  }

  /** From now on the series may have exemplars. */
  keepsExemplars(record: number, labels: Key['labels']): void {
    this.#labels.set(record, labels);
  }

  /** Another series may have the record. */
  free(record: number): void {
    this.#labels.delete(record);
  }

  /** The key of a record that is taken in now; undefined: another thread's. */
  take(record: number): Key | undefined {
    const key = this.#keys.get(record);
    this.#keys.delete(record);
    return key;
  }

  /** Of a series that may have exemplars; undefined: another thread's. */
  labelsOf(record: number): Key['labels'] | undefined {
    return this.#labels.get(record);
  }
}
