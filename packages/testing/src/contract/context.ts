import { deepStrictEqual, strictEqual } from 'node:assert';
import type { ObservedKind, RefusalReason } from '@ostinato/core';
import type { ContractSeries, ContractSubject } from './subject.ts';
import type { Labels, Way } from './ways.ts';

let runs = 0;

/** What one case works with. */
export class Context {
  readonly way: Way;
  readonly subject: ContractSubject;
  readonly #prefix: string;
  readonly #observers: (() => void)[] = [];

  constructor(subject: ContractSubject, way: Way) {
    this.subject = subject;
    this.way = way;
    this.#prefix = `contract${runs++}.`;
  }

  /** A metric's name of this run alone: the facade remembers definitions for the life of the process. */
  name(suffix: string): string {
    return this.#prefix + suffix;
  }

  /** Returns what ends it; the end of the case does too. */
  observe(kind: ObservedKind, name: string, read: () => number, labels?: Labels, scope?: string): () => void {
    const end = this.way.observe(kind, name, read, labels, scope);
    this.#observers.push(end);
    return end;
  }

  close(): void {
    for (const end of this.#observers) end();
    this.way.close?.();
  }

  async series(name: string): Promise<readonly ContractSeries[]> {
    return (await this.subject.read()).filter((series) => series.name === name);
  }

  /** The one series of a name and exactly these labels, in one scope. */
  async one(name: string, labels: Labels = {}, scope = 'ostinato'): Promise<ContractSeries> {
    const all = await this.series(name);
    const found = all.filter((series) => series.scope === scope && sorted(series.labels) === sorted(labels));
    strictEqual(
      found.length,
      1,
      `expected one series ${name}${sorted(labels)} in scope ${scope}, got ${found.length} of ${JSON.stringify(all)}`,
    );
    return found[0] as ContractSeries;
  }

  async expectValue(expected: number, name: string, labels?: Labels, scope?: string): Promise<void> {
    strictEqual((await this.one(name, labels, scope)).value, expected, `the value of ${name}`);
  }

  async expectSamples(count: number, sum: number, name: string, labels?: Labels): Promise<void> {
    const series = await this.one(name, labels);
    deepStrictEqual({ count: series.count, sum: series.sum }, { count, sum }, `count and sum of ${name}`);
  }

  expectRefused(reason: RefusalReason, count: number): void {
    strictEqual(this.subject.refused(reason), count, `operations refused as ${reason}`);
  }
}

/** Equal for equal label sets, whatever their order and types. */
function sorted(labels: Labels): string {
  return JSON.stringify(
    Object.entries(labels)
      .map(([name, value]) => [name, String(value)])
      .sort(),
  );
}
