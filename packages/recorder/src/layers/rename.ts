import { isMetricName, labelNameProblem, NAME_RULE, OptionCheck } from '@ostinato/core';
import type { Mapping } from './layer.ts';

type Names = { readonly [old: string]: string };

export interface RenameLayer {
  readonly layer: 'rename';
  readonly names: Names;
  readonly labels: Names;
}

/**
 * Gives metrics, and with `labels` labels of all metrics, other names. All at once: `{ a: 'b', b: 'a' }` exchanges two.
 * Metrics that come to have one name are one metric. Of labels that come to have one name, the one that had it before
 * stays, else the first by old name; the others are left out. Throws `OSTINATO_INVALID_OPTION`.
 *
 * ```ts
 * rename({ 'http.latency': 'http.server.request.duration' }, { labels: { verb: 'http.request.method' } });
 * ```
 */
export function rename(names: Names, options?: { readonly labels?: Names }): RenameLayer {
  const check = new OptionCheck('rename');
  if (names === undefined) throw check.refused('the names', 'an object', names);
  const { labels } = check.object<{ readonly labels?: Names }>(options, ['labels']);
  return Object.freeze({
    layer: 'rename',
    names: read(check, 'names', names, (name) => (isMetricName(name) ? undefined : NAME_RULE)),
    labels: read(check, 'labels', labels, (label) =>
      labelNameProblem(label) === undefined
        ? undefined
        : "a label's name: not empty, and not beginning with '__'",
    ),
  });
}

/** `rule` says what is allowed where a name is not. */
function read(
  check: OptionCheck,
  option: string,
  given: unknown,
  rule: (name: unknown) => string | undefined,
): Names {
  const pairs = Object.entries(check.object<{ readonly [old: string]: unknown }>(given, undefined, option));
  for (const [old, name] of pairs) {
    const allowed = rule(name);
    if (allowed !== undefined) throw check.refused(`${option}['${old}']`, allowed, name);
  }
  return Object.freeze(Object.fromEntries(pairs) as Names);
}

export function applyRename(layer: RenameLayer): Mapping {
  const names = new Map(Object.entries(layer.names));
  const labels = new Map(Object.entries(layer.labels));
  return {
    rename: (name) => names.get(name) ?? name,
    relabel(_name, given) {
      if (labels.size === 0) return given;
      const taken = new Set(given.map(([label]) => label).filter((label) => !labels.has(label)));
      return [...given].sort(byName).flatMap(([label, value]) => {
        const name = labels.get(label);
        if (name === undefined) return [[label, value] as const];
        if (taken.has(name)) return [];
        taken.add(name);
        return [[name, value] as const];
      });
    },
  };
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
