import { type EndedSeries, report, type ScopeSnapshot, type SeriesRun, SNAPSHOT } from '@ostinato/core';
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

/** What this exporter and the recorder tell of themselves. */
const OWN_SCOPES: ReadonlySet<string> = new Set(['@ostinato/otlp', '@ostinato/recorder']);

export interface EncodeOptions {
  readonly maxBytes: number;
  /** Snapshots were read to their end; so long that held the event loop, in ms. */
  readonly onRead?: (millis: number) => void;
  /**
   * Of Ostinato's own snapshots: a cumulative series begins with a point of zero at its start, and ends with one that says
   * that there is no value. Default false.
   */
  readonly zeroPoints?: boolean;
}

/**
 * Encodes a batch into units of at most `maxBytes` of protobuf (a single point may be larger). Metrics without
 * points are left out, and so are scopes and requests without metrics.
 *
 * Deltas of what we tell of ourselves are read only beside others: each export changes them, so that they alone would
 * be exported for ever. Unread, they are part of the next collection.
 */
export function encodeBatch(batch: MetricsBatch, options: EncodeOptions): EncodedBatch {
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
      : new LazyUnits(new UnitBuilder(resource, options.maxBytes), snapshots, units.length > 0, options);
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

/** What is to be said of a scope's series that expired. */
interface Ends extends LazyScope {
  readonly ended: EndedSeries[];
}

class LazyUnits implements Iterator<Unit | undefined, undefined> {
  readonly #builder: UnitBuilder;
  /** Scopes that are not finished; the last one is being read. */
  readonly #scopes: LazyScope[];
  readonly #onRead: ((millis: number) => void) | undefined;
  readonly #zeroPoints: boolean;
  readonly #ends: Ends[] = [];
  #points: SnapshotPoints | undefined;
  #runs: Iterator<SeriesRun> | undefined;
  /** Whether there is anything but what we tell of ourselves. */
  #others: boolean;
  #millis = 0;

  constructor(
    builder: UnitBuilder,
    scopes: readonly LazyScope[],
    others: boolean,
    { onRead, zeroPoints = false }: EncodeOptions,
  ) {
    const isOwn = ({ scope }: LazyScope) => OWN_SCOPES.has(scope.name);
    this.#builder = builder;
    this.#scopes = [...scopes.filter(isOwn), ...scopes.filter((scope) => !isOwn(scope)).reverse()];
    this.#others = others;
    this.#onRead = onRead;
    this.#zeroPoints = zeroPoints;
  }

  next(): IteratorResult<Unit | undefined, undefined> {
    const ready = this.#builder.take();
    if (ready !== undefined) return { done: false, value: ready };
    if (this.#scopes.length > 0) this.#step();
    else if (this.#ends.length > 0) this.#stepEnds();
    else return { done: true, value: undefined };
    return { done: false, value: this.#builder.take() };
  }

  /** Reads one run of the current scope, or ends that scope. */
  #step(): void {
    const current = this.#scopes.at(-1);
    const began = performance.now();
    const more = current !== undefined && this.#isWanted(current) && this.#readRun(current);
    this.#millis += performance.now() - began;
    if (more) return;
    this.#runs = undefined;
    this.#scopes.pop();
    if (this.#zeroPoints && current !== undefined) this.#noteEnds(current);
    if (this.#scopes.length > 0) return;
    this.#builder.flush();
    if (this.#others) this.#onRead?.(this.#millis);
  }

  #noteEnds({ scope, snapshot }: LazyScope): void {
    const ended = [...(snapshot.ended?.() ?? [])];
    if (ended.length > 0) this.#ends.push({ scope, snapshot, ended });
  }

  /**
   * What ended goes in units of its own, after the others: of a metric that stands twice in one request, the Collector's
   * `prometheus` exporter drops one.
   */
  #stepEnds(): void {
    const [{ scope, snapshot, ended }] = this.#ends as [Ends];
    this.#builder.scope(encodeScope(scope));
    const points = new SnapshotPoints(this.#builder, snapshot, false);
    for (const series of ended.splice(0, STEP)) points.end(series);
    if (ended.length === 0) this.#ends.shift();
    if (this.#ends.length === 0) this.#builder.flush();
  }

  #isWanted({ scope, snapshot }: LazyScope): boolean {
    return this.#others || snapshot.temporality === 'cumulative' || !OWN_SCOPES.has(scope.name);
  }

  /** False at the end, and when the scope's series cannot be read: the others still can. */
  #readRun({ scope, snapshot }: LazyScope): boolean {
    const isOwn = OWN_SCOPES.has(scope.name);
    try {
      if (this.#runs === undefined) {
        this.#builder.scope(encodeScope(scope));
        this.#points = new SnapshotPoints(this.#builder, snapshot, this.#zeroPoints);
        this.#runs = snapshot.chunks(STEP)[Symbol.iterator]();
      }
      const run = this.#runs.next();
      if (run.done === true) return false;
      const points = this.#points as SnapshotPoints;
      for (let some = run.value.numbers?.(); some !== undefined; some = run.value.numbers?.()) {
        points.addNumbers(some);
        this.#others ||= !isOwn;
      }
      for (const series of run.value) {
        points.add(series);
        this.#others ||= !isOwn;
      }
      return true;
    } catch (error) {
      const text = `reading the metrics of scope ${scope.name} failed: ${String(error)}`;
      report('OSTINATO_COLLECT_FAILED', scope.name, text);
      return false;
    }
  }
}
