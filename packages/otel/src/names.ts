import { report, type ScopeSnapshot, type SnapshotMetric } from '@ostinato/core';
import { prometheusName } from './prometheus-name.ts';

/**
 * Finds metrics that a backend may take for one another, and says so once for each name. Nothing is renamed or held
 * back: each is exported as it was defined, in its scope, and OTLP keeps them apart. The first definition within one
 * scope stays, which is the recorder's rule and said there (`OSTINATO_KIND`, `OSTINATO_DEFINITION_DIFFERS`).
 */
export class Names {
  /** Looked at as they are; more may be learned of a metric, which is another object then. */
  readonly #seen = new WeakSet<SnapshotMetric>();
  /** Who had the name first. */
  readonly #owners = new Map<string, SnapshotMetric>();
  /** By name in Prometheus. */
  readonly #translated = new Map<string, SnapshotMetric>();

  look(scopes: readonly ScopeSnapshot[]): void {
    for (const { definitions = [] } of scopes) {
      for (const metric of definitions) {
        if (this.#seen.has(metric)) continue;
        this.#seen.add(metric);
        this.#compare(metric);
      }
    }
  }

  #compare(metric: SnapshotMetric): void {
    const owner = this.#own(this.#owners, metric.name, metric);
    if (owner !== undefined && !alike(owner, metric)) {
      report('OSTINATO_NAME_CONFLICT', metric.name, () => {
        return `the metric name ${metric.name} is used for two things: ${describe(owner)} and ${describe(metric)}. Both are exported; backends that do not tell scopes apart keep one of them, or refuse both. Rename one.`;
      });
      return;
    }
    for (const name of namesInPrometheus(metric)) {
      const other = this.#own(this.#translated, name, metric);
      if (other === undefined) continue;
      report('OSTINATO_NAME_COLLISION', name, () => {
        return `${describe(other)} and ${describe(metric)} are both ${name} in Prometheus, which keeps one of two series whose labels are equal. Rename one${other.name === metric.name ? ', or have Prometheus keep scopes apart (otlp.promote_scope_metadata)' : ''}.`;
      });
      return;
    }
  }

  /** Who else had the name before, if somebody had. */
  #own(
    owners: Map<string, SnapshotMetric>,
    name: string,
    metric: SnapshotMetric,
  ): SnapshotMetric | undefined {
    const owner = owners.get(name);
    if (owner !== undefined && !isSame(owner, metric)) return owner;
    owners.set(name, metric);
    return undefined;
  }
}

/** All the names that Prometheus gives to its series. */
function namesInPrometheus(metric: SnapshotMetric): readonly string[] {
  const name = prometheusName(metric.name, kindOf(metric), metric.unit);
  return kindOf(metric) === 'histogram' ? [name, `${name}_bucket`, `${name}_count`, `${name}_sum`] : [name];
}

function kindOf({ type }: SnapshotMetric): 'counter' | 'gauge' | 'histogram' {
  return type === 'exponentialHistogram' ? 'histogram' : type;
}

function isSame(a: SnapshotMetric, b: SnapshotMetric): boolean {
  return a.name === b.name && a.scope.name === b.scope.name && a.scope.version === b.scope.version;
}

function alike(a: SnapshotMetric, b: SnapshotMetric): boolean {
  return kindOf(a) === kindOf(b) && a.unit === b.unit;
}

function describe(metric: SnapshotMetric): string {
  const { scope, name, unit } = metric;
  const version = scope.version === undefined ? '' : ` ${scope.version}`;
  return `the ${kindOf(metric)} ${name}${unit === '' ? '' : ` in ${unit}`} (scope ${scope.name}${version})`;
}
