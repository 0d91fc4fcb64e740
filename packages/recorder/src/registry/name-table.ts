import type { Key } from '@ostinato/core';
import { entry } from '../entry.ts';

/** Finds what belongs to a scope and a name in it. */
export class NameTable<T> {
  readonly #scopes = new Map<string, Map<string, Map<string, T>>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(scope: Key['scope'], name: string): T | undefined {
    return this.#scopes
      .get(scope.name)
      ?.get(scope.version ?? '')
      ?.get(name);
  }

  /** `name` is new in its scope. */
  add(scope: Key['scope'], name: string, value: T): void {
    const versions = entry(this.#scopes, scope.name, () => new Map<string, Map<string, T>>());
    entry(versions, scope.version ?? '', () => new Map<string, T>()).set(name, value);
    this.#size++;
  }
}
