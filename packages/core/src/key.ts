import type { Key, RefusalReason, Scope, SeriesLabelValue } from './recorder.ts';
import { quote, wellFormed } from './text.ts';

/** A label as it was given, once it is known to be valid and present. */
export type Entry = readonly [name: string, value: SeriesLabelValue];

/** Why a name or a label set has no series. */
export interface Fault {
  readonly reason: RefusalReason;
  /** What the warning is about. */
  readonly subject: string;
  readonly text: string;
}

const METRIC_NAME = /^[A-Za-z][A-Za-z0-9_.\-/]{0,254}$/;

/** What a metric's name may be: OpenTelemetry's instrument name syntax. */
export const NAME_RULE =
  "an ASCII letter, then at most 254 ASCII letters, digits, '_', '.', '-' and '/' (OpenTelemetry's instrument names)";

export function isMetricName(name: unknown): name is string {
  return typeof name === 'string' && METRIC_NAME.test(name);
}

export function nameFault(name: unknown): Fault {
  const shown = quote(name);
  return {
    reason: 'invalid_name',
    subject: shown,
    text: `A metric's name must be ${NAME_RULE}; it was ${shown}. Nothing is recorded under it.`,
  };
}

/** What is wrong with a label's name, or undefined. */
export function labelNameProblem(name: unknown): string | undefined {
  if (typeof name !== 'string') return `a label's name must be a string; it was ${quote(name)}`;
  if (name === '') return "a label's name must not be empty";
  if (name.startsWith('__'))
    return `label ${quote(name)}: names that begin with '__' are reserved by Prometheus`;
  return undefined;
}

/** What is wrong with a label's value, or undefined. `undefined` is a valid value: the label is absent. */
export function labelValueProblem(name: string, value: unknown): string | undefined {
  const type = typeof value;
  if (type === 'string' || type === 'boolean' || type === 'undefined' || Number.isFinite(value))
    return undefined;
  return `label ${quote(name)}: a value must be a string, a finite number, a boolean or undefined; it was ${quote(value)}`;
}

export function isAbsent(value: unknown): boolean {
  return value === undefined || value === '';
}

/** The problem of labels with a getter or a Proxy that throws. */
export const UNREADABLE = 'reading the labels threw';

/** The own enumerable labels of `labels`, absent ones left out, in the object's order; or what is wrong with them. */
export function readLabels(labels: unknown): readonly Entry[] | string {
  if (labels === undefined) return [];
  if (typeof labels !== 'object' || labels === null)
    return `labels must be an object; it was ${quote(labels)}`;
  try {
    const entries: Entry[] = [];
    for (const [name, value] of Object.entries(labels)) {
      const problem = labelNameProblem(name) ?? labelValueProblem(name, value);
      if (problem !== undefined) return problem;
      if (!isAbsent(value)) entries.push([name, value]);
    }
    return entries;
  } catch {
    return UNREADABLE;
  }
}

export function labelFault(metric: string, problem: string): Fault {
  return {
    reason: 'invalid_label',
    subject: quote(metric),
    text: `${quote(metric)}: ${problem}. Nothing is recorded for these labels.`,
  };
}

/** A series' identity: `own` labels win over those of the scope, sorted by name in code unit order, frozen. */
export function makeKey(scope: Scope, name: string, inherited: readonly Entry[], own: readonly Entry[]): Key {
  const byName = new Map<string, SeriesLabelValue>();
  for (const [label, value] of inherited) byName.set(label, value);
  for (const [label, value] of own) byName.set(wellFormed(label), canonicalValue(value));
  const labels = [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(oneOf);
  return Object.freeze({ scope, name, labels: Object.freeze(labels) });
}

/** Labels of the last keys, each by a hash of it, so many at most, and none that is longer. */
const recent = new Map<number, Entry>();
const RECENT = 4_096;
const LONGEST = 64;

/** A frozen label: one object for equal ones of several series where it is still known, as most series share theirs. */
function oneOf(label: Entry): Entry {
  const text = `${label[0]} ${label[1]}`;
  if (text.length > LONGEST) return Object.freeze(label);
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash, 31) + text.charCodeAt(i);
  hash &= RECENT - 1;
  const known = recent.get(hash);
  if (known !== undefined && known[0] === label[0] && known[1] === label[1]) return known;
  recent.set(hash, Object.freeze(label));
  return label;
}

function canonicalValue(value: SeriesLabelValue): SeriesLabelValue {
  if (typeof value === 'string') return wellFormed(value);
  return value === 0 ? 0 : value;
}

/** How many characters the names and values have. */
export function characters(entries: readonly Entry[]): number {
  let sum = 0;
  for (const [name, value] of entries) sum += name.length + (typeof value === 'string' ? value.length : 8);
  return sum;
}
