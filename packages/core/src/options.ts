import { OstinatoError } from './errors.ts';
import { isMetricName, labelNameProblem, NAME_RULE } from './key.ts';
import type { Kind, Level, Meta } from './recorder.ts';
import { quote, quoteAll, wellFormed } from './text.ts';

const LEVELS: readonly Level[] = ['trace', 'debug', 'info', 'warn', 'error'];
const UNIT = /^[\x20-\x7e]{0,63}$/;

type Options = { readonly [option: string]: unknown };

/** Throws an error that says where, what was given and what is allowed. */
function invalid(where: string, option: string, given: string, allowed: string): never {
  throw new OstinatoError(
    'OSTINATO_INVALID_OPTION',
    `${where}: ${option} is ${given}, but must be ${allowed}.`,
  );
}

export function readName(where: string, name: unknown): string {
  if (isMetricName(name)) return name;
  throw new OstinatoError(
    'OSTINATO_INVALID_NAME',
    `${where}: the name is ${quote(name)}, but must be ${NAME_RULE}.`,
  );
}

/** `given` as an object with none but the allowed options. */
export function readOptions(where: string, given: unknown, allowed: readonly string[]): Options {
  if (given === undefined) return {};
  if (typeof given !== 'object' || given === null) {
    invalid(where, 'the options argument', quote(given), `an object with any of: ${allowed.join(', ')}`);
  }
  for (const option of Object.keys(given)) {
    if (allowed.includes(option)) continue;
    const meant = nearest(option, allowed);
    const hint = meant === undefined ? '' : ` Did you mean '${meant}'?`;
    throw new OstinatoError(
      'OSTINATO_INVALID_OPTION',
      `${where}: there is no option ${quote(option)}.${hint} Allowed are: ${allowed.join(', ')}.`,
    );
  }
  return given as Options;
}

export const META_OPTIONS: { readonly [K in Kind]: readonly string[] } = {
  counter: ['unit', 'description', 'level'],
  gauge: ['unit', 'description', 'level'],
  histogram: ['unit', 'description', 'level', 'buckets'],
};

/** What the options say of the metric; frozen, and without what they leave open. */
export function readMeta(where: string, options: Options): Meta {
  const { unit, description, level, buckets } = options;
  if (unit !== undefined && (typeof unit !== 'string' || !UNIT.test(unit))) {
    invalid(
      where,
      "option 'unit'",
      quote(unit),
      "a UCUM unit of at most 63 ASCII characters, such as 's', 'By' or '{request}'",
    );
  }
  if (description !== undefined && typeof description !== 'string') {
    invalid(where, "option 'description'", quote(description), 'a string');
  }
  return Object.freeze({
    ...(unit === undefined ? {} : { unit }),
    ...(description === undefined ? {} : { description: wellFormed(description) }),
    ...(level === undefined ? {} : { level: readLevel(where, level) }),
    ...(buckets === undefined ? {} : { buckets: readBuckets(where, buckets) }),
  });
}

export function readLevel(where: string, level: unknown): Level {
  if (LEVELS.includes(level as Level)) return level as Level;
  return invalid(where, "option 'level'", quote(level), `one of ${LEVELS.join(', ')}`);
}

function readBuckets(where: string, buckets: unknown): readonly number[] {
  const allowed = 'an array of finite numbers, each greater than the one before';
  if (!Array.isArray(buckets)) return invalid(where, "option 'buckets'", quote(buckets), allowed);
  const bounds: readonly unknown[] = [...buckets];
  const valid = bounds.every(
    (bound, i) => Number.isFinite(bound) && (i === 0 || (bound as number) > (bounds[i - 1] as number)),
  );
  if (!valid) invalid(where, "option 'buckets'", quoteAll(bounds), allowed);
  return Object.freeze(bounds as readonly number[]);
}

/** The declared label names of a family, or undefined if it is none. */
export function readLabelNames(where: string, labels: unknown): readonly string[] | undefined {
  if (labels === undefined) return undefined;
  const allowed =
    "an array of one or more different label names, such as ['method', 'route']; leave it out for none";
  if (!Array.isArray(labels)) return invalid(where, "option 'labels'", quote(labels), allowed);
  const names: readonly unknown[] = [...labels];
  if (names.length === 0 || new Set(names).size < names.length) {
    invalid(where, "option 'labels'", quoteAll(names), allowed);
  }
  for (const name of names) {
    const problem = labelNameProblem(name);
    if (problem !== undefined) invalid(where, "option 'labels'", `${quoteAll(names)} (${problem})`, allowed);
  }
  return Object.freeze(names as readonly string[]);
}

/** The allowed option that a mistyped one comes nearest to, if one is near. */
function nearest(given: string, allowed: readonly string[]): string | undefined {
  const ranked = allowed
    .map((option) => ({ option, edits: distance(given.slice(0, 64).toLowerCase(), option.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
  const [best] = ranked;
  return best !== undefined && best.edits <= Math.max(2, best.option.length / 3) ? best.option : undefined;
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
