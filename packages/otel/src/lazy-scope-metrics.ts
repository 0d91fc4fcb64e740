import type { MetricData, ScopeMetrics } from '@opentelemetry/sdk-metrics';
import { report, type ScopeSnapshot, SNAPSHOT } from '@ostinato/core';
import { materialise } from './metric-data.ts';

/**
 * The series of one scope, not yet read. An exporter that knows the brand (`SNAPSHOT`, not enumerable) reads the
 * snapshot itself, at its own pace; for everyone else `metrics` reads it all at the first look. Series can be read
 * once, so whichever comes first has them: after `metrics` the brand is gone and the data is plain; after the
 * snapshot's `chunks` was called, `metrics` is empty, and says so once.
 *
 * A spread or a splitter copies only `scope` and `metrics`, and so reads the data and drops the brand.
 */
export class LazyScopeMetrics {
  readonly scopeMetrics: ScopeMetrics;
  #snapshot: ScopeSnapshot | undefined;
  #claimed = false;

  constructor(snapshot: ScopeSnapshot) {
    this.#snapshot = snapshot;
    const branded: ScopeSnapshot = {
      scope: snapshot.scope,
      temporality: snapshot.temporality,
      time: snapshot.time,
      chunks: (size) => {
        this.#snapshot = undefined;
        return snapshot.chunks(size);
      },
      ended: () => snapshot.ended?.() ?? [],
    };
    const brand = (): ScopeSnapshot | undefined => {
      this.#claimed = true;
      return branded;
    };
    const scopeMetrics = { scope: scopeOf(snapshot), metrics: [] as MetricData[] };
    Object.defineProperty(scopeMetrics, 'metrics', {
      enumerable: true,
      configurable: true,
      get: () => this.#read(),
    });
    Object.defineProperty(scopeMetrics, SNAPSHOT, { enumerable: false, configurable: true, get: brand });
    this.scopeMetrics = scopeMetrics;
  }

  /** Reads the series now, unless an exporter has taken the snapshot or the data was read already. */
  settle(): void {
    if (!this.#claimed) {
      this.#read();
    }
  }

  /** Never throws: an exporter reads other people's metrics in the same breath. */
  #read(): MetricData[] {
    const snapshot = this.#snapshot;
    let metrics: MetricData[] = [];
    if (snapshot === undefined) {
      report(
        'OSTINATO_SNAPSHOT_CONSUMED',
        this.scopeMetrics.scope.name,
        `the metrics of scope ${this.scopeMetrics.scope.name} were read by an exporter already and are empty now; give each exporter a reader and a producer of its own`,
      );
    } else {
      this.#snapshot = undefined;
      const result = materialise(snapshot);
      metrics = result.metrics;
      if ('error' in result) {
        report(
          'OSTINATO_COLLECT_FAILED',
          this.scopeMetrics.scope.name,
          `reading the metrics of scope ${this.scopeMetrics.scope.name} failed: ${String(result.error)}`,
        );
      }
    }
    this.#claimed = true;
    Object.defineProperty(this.scopeMetrics, 'metrics', { value: metrics, writable: true });
    Object.defineProperty(this.scopeMetrics, SNAPSHOT, { value: undefined });
    return metrics;
  }
}

function scopeOf({ scope }: ScopeSnapshot): ScopeMetrics['scope'] {
  return scope.version === undefined ? { name: scope.name } : { name: scope.name, version: scope.version };
}
