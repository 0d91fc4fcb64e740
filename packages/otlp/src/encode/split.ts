import type { Unit } from '../unit.ts';
import { decodeRequest, type Plain } from './decode.ts';
import type { ExportMetricsServiceRequest, Metric } from './messages.ts';
import { metric } from './schema.ts';
import { encodeRequest } from './serialize.ts';

/** The members of a metric that hold its points. */
const DATA = metric.fields.filter((field) => field.oneof).map((field) => field.name as keyof Metric);

/**
 * Halves a unit by its data points, order kept; resource, scopes and metrics are repeated where both halves need
 * them. `undefined` for a unit of one point.
 */
export function splitUnit(unit: Unit): [Unit, Unit] | undefined {
  if (unit.points < 2) return undefined;
  const request = decodeRequest(unit.bytes);
  const half = unit.points >> 1;
  const part = (from: number, to: number): Unit => ({
    bytes: encodeRequest(window(request, from, to)),
    points: to - from,
    resource: unit.resource,
  });
  return [part(0, half), part(half, unit.points)];
}

/** The request with only its data points `from` to `to`, and without what they leave empty. */
function window(request: ExportMetricsServiceRequest, from: number, to: number): ExportMetricsServiceRequest {
  let seen = 0;

  function part(data: { dataPoints?: unknown[] }): Plain | undefined {
    const points = data.dataPoints ?? [];
    const first = seen;
    seen += points.length;
    const dataPoints = points.slice(Math.max(0, from - first), Math.max(0, to - first));
    return dataPoints.length === 0 ? undefined : { ...data, dataPoints };
  }

  const resourceMetrics = kept(request.resourceMetrics, (resource) => {
    const scopeMetrics = kept(resource.scopeMetrics, (scope) => {
      const metrics = kept(scope.metrics, (one) => {
        const name = DATA.find((member) => one[member] !== undefined);
        const data = name === undefined ? undefined : part(one[name] as { dataPoints?: unknown[] });
        return name === undefined || data === undefined ? undefined : { ...one, [name]: data };
      });
      return metrics.length === 0 ? undefined : { ...scope, metrics };
    });
    return scopeMetrics.length === 0 ? undefined : { ...resource, scopeMetrics };
  });
  return { resourceMetrics };
}

function kept<T>(list: readonly T[] | undefined, part: (element: T) => T | undefined): T[] {
  const parts: T[] = [];
  for (const element of list ?? []) {
    const found = part(element);
    if (found !== undefined) parts.push(found);
  }
  return parts;
}
