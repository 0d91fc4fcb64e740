import { report, type ScopeSnapshot, type SeriesCursor, SNAPSHOT } from '@ostinato/core';
import type { Unit } from '../unit.ts';
import { encodeScope } from './layout.ts';
import { encodeResource } from './resource.ts';
import { addMetric } from './sdk-points.ts';
import type { MetricsBatch, ScopeBatch } from './sdk-types.ts';
import { SnapshotPoints } from './snapshot-points.ts';
import { UnitBuilder } from './unit-builder.ts';

/** Series that one step of a lazy encoding reads: well below a millisecond. */
const STEP = 64;

export interface EncodedBatch {
  /** Identity of the resource; see `Unit`. */
  readonly resource: string;
  /** Everything that came as SDK objects: nothing of them is referred to any more. */
  readonly units: readonly Unit[];
  /**
   * Everything that came as Ostinato's own snapshots, read step by step: at most 64 series each, after which there is
   * a finished unit or not. To be walked to its end, or what was read and is in no unit yet is lost.
   */
  readonly lazy: Iterator<Unit | undefined, undefined> | undefined;
}

/**
 * Encodes a batch into units of at most `maxBytes` of protobuf (a single point may be larger). Metrics without
 * points are left out, and so are scopes and requests without metrics.
 */
export function encodeBatch(batch: MetricsBatch, options: { readonly maxBytes: number }): EncodedBatch {
  const resource = encodeResource(batch.resource);
  const builder = new UnitBuilder(resource, options.maxBytes);
  const snapshots: LazyScope[] = [];
  for (const scopeMetrics of batch.scopeMetrics) {
    const snapshot = (scopeMetrics as { readonly [SNAPSHOT]?: ScopeSnapshot | undefined })[SNAPSHOT];
    if (snapshot !== undefined) snapshots.push({ scope: scopeMetrics.scope, snapshot });
    else addScope(builder, scopeMetrics);
  }
  builder.flush();
  const units: Unit[] = [];
  for (let unit = builder.take(); unit !== undefined; unit = builder.take()) units.push(unit);
  const lazy =
    snapshots.length === 0
      ? undefined
      : new LazyUnits(new UnitBuilder(resource, options.maxBytes), snapshots);
  return { resource: resource.identity, units, lazy };
}

function addScope(builder: UnitBuilder, { scope, metrics }: ScopeBatch): void {
  builder.scope(encodeScope(scope));
  for (const metric of metrics) addMetric(builder, metric);
}

interface LazyScope {
  readonly scope: ScopeBatch['scope'];
  readonly snapshot: ScopeSnapshot;
}

class LazyUnits implements Iterator<Unit | undefined, undefined> {
  readonly #builder: UnitBuilder;
  /** Scopes that are not finished; the last one is being read. */
  readonly #scopes: LazyScope[];
  #points: SnapshotPoints | undefined;
  #runs: Iterator<Iterable<SeriesCursor>> | undefined;

  constructor(builder: UnitBuilder, scopes: LazyScope[]) {
    this.#builder = builder;
    this.#scopes = scopes.reverse();
  }

  next(): IteratorResult<Unit | undefined, undefined> {
    const ready = this.#builder.take();
    if (ready !== undefined) return { done: false, value: ready };
    if (this.#scopes.length === 0) return { done: true, value: undefined };
    this.#step();
    return { done: false, value: this.#builder.take() };
  }

  /** Reads one run of the current scope, or ends that scope. */
  #step(): void {
    const current = this.#scopes.at(-1);
    if (current === undefined || this.#readRun(current)) return;
    this.#runs = undefined;
    this.#scopes.pop();
    if (this.#scopes.length === 0) this.#builder.flush();
  }

  /** False at the end, and when the scope's series cannot be read: the others still can. */
  #readRun({ scope, snapshot }: LazyScope): boolean {
    try {
      if (this.#runs === undefined) {
        this.#builder.scope(encodeScope(scope));
        this.#points = new SnapshotPoints(this.#builder, snapshot);
        this.#runs = snapshot.chunks(STEP)[Symbol.iterator]();
      }
      const run = this.#runs.next();
      if (run.done === true) return false;
      for (const series of run.value) this.#points?.add(series);
      return true;
    } catch (error) {
      const text = `reading the metrics of scope ${scope.name} failed: ${String(error)}`;
      report('OSTINATO_COLLECT_FAILED', scope.name, text);
      return false;
    }
  }
}
