import { OstinatoError } from '@ostinato/core';

/** What is thrown for an option: `code` is `OSTINATO_INVALID_OPTION`. */
export function refused(option: string, value: unknown, allowed: string): OstinatoError {
  return new OstinatoError('OSTINATO_INVALID_OPTION', `${option}: expected ${allowed}, got ${shown(value)}`);
}

/** For values that may be secret: says what kind of thing it was, never what. */
export function refusedSecret(option: string, allowed: string): OstinatoError {
  return new OstinatoError(
    'OSTINATO_INVALID_OPTION',
    `${option}: expected ${allowed}, got another value (not shown)`,
  );
}

function shown(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'object':
      return value === null ? 'null' : Array.isArray(value) ? 'an array' : 'an object';
    case 'function':
      return 'a function';
    default:
      return String(value);
  }
}

/** The value as an object of options, with a clear error for unknown names. */
export function objectOf<T extends object>(
  option: string,
  value: unknown,
  known: readonly (keyof T & string)[],
): T {
  const prefix = option === '' ? '' : `${option}.`;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refused(option || 'options', value, 'an object');
  }
  for (const name of Object.keys(value)) {
    if ((known as readonly string[]).includes(name)) continue;
    const near = nearest(name, known);
    const hint = near === undefined ? `known are ${known.join(', ')}` : `did you mean ${prefix}${near}?`;
    throw new OstinatoError('OSTINATO_INVALID_OPTION', `${prefix}${name}: there is no such option; ${hint}`);
  }
  return value as T;
}

export function numberOf(option: string, value: unknown, fallback: number, min: number, max: number): number {
  if (value === undefined) return fallback;
  if (typeof value === 'number' && value >= min && value <= max) return value;
  throw refused(option, value, `a number from ${min} to ${max}`);
}

export function oneOf<const T>(option: string, value: unknown, fallback: T, allowed: readonly T[]): T {
  if (value === undefined) return fallback;
  if (allowed.includes(value as T)) return value as T;
  throw refused(option, value, allowed.map((one) => JSON.stringify(one)).join(' or '));
}

/** The known name that is at most a third of its letters away. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const steps = distance(name.toLowerCase(), candidate.toLowerCase());
    if (steps < least && steps <= Math.ceil(candidate.length / 3)) {
      least = steps;
      best = candidate;
    }
  }
  return best;
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replace, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
