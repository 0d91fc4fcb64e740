import { OstinatoError } from './errors.ts';
import { isMetricName, labelNameProblem, NAME_RULE } from './key.ts';
import type { OptionCheck } from './option-check.ts';
import type { Kind, Level, Meta } from './recorder.ts';
import { quote, quoteAll, wellFormed } from './text.ts';

const LEVELS: readonly Level[] = ['trace', 'debug', 'info', 'warn', 'error'];
const UNIT = /^[\x20-\x7e]{0,63}$/;

/** What a definition or description may say of a metric. */
export type Options = { readonly [option: string]: unknown };

export const META_OPTIONS: { readonly [K in Kind]: readonly string[] } = {
  counter: ['unit', 'description', 'level'],
  gauge: ['unit', 'description', 'level'],
  histogram: ['unit', 'description', 'level', 'buckets'],
};

export function readName(where: string, name: unknown): string {
  if (isMetricName(name)) return name;
  throw new OstinatoError(
    'OSTINATO_INVALID_NAME',
    `${where}: the name must be ${NAME_RULE}, got ${quote(name)}`,
  );
}

/** What the options say of the metric; frozen, and without what they leave open, an empty text included. */
export function readMeta(check: OptionCheck, options: Options): Meta {
  const { unit, description, level, buckets } = options;
  if (unit !== undefined && (typeof unit !== 'string' || !UNIT.test(unit))) {
    throw check.refused(
      'unit',
      "a UCUM unit of at most 63 ASCII characters, such as 's', 'By' or '{request}'",
      unit,
    );
  }
  if (description !== undefined && typeof description !== 'string') {
    throw check.refused('description', 'a string', description);
  }
  return Object.freeze({
    ...(unit === undefined || unit === '' ? {} : { unit }),
    ...(description === undefined || description === '' ? {} : { description: wellFormed(description) }),
    ...(level === undefined ? {} : { level: readLevel(check, level) }),
    ...(buckets === undefined ? {} : { buckets: check.bounds('buckets', buckets) }),
  });
}

export function readLevel(check: OptionCheck, level: unknown): Level {
  return check.oneOf('level', level, LEVELS);
}

/** The label names that `labels` or `contextLabels` declares, or undefined if it is absent. */
export function readLabelNames(
  check: OptionCheck,
  option: 'labels' | 'contextLabels',
  labels: unknown,
): readonly string[] | undefined {
  if (labels === undefined) return undefined;
  const names: readonly unknown[] = Array.isArray(labels) ? [...labels] : [];
  if (names.length === 0 || new Set(names).size < names.length) {
    throw check.refused(
      option,
      "an array of one or more different label names, such as ['method', 'route'] (leave it out for none)",
      labels,
    );
  }
  for (const name of names) {
    const problem = labelNameProblem(name);
    if (problem !== undefined) throw check.error(`${option} ${quoteAll(names)}: ${problem}`);
  }
  return Object.freeze(names as readonly string[]);
}
