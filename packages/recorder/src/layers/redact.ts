import { labelNameProblem, OptionCheck, OstinatoError } from '@ostinato/core';
import type { Mapping } from './layer.ts';
import { isPattern, matches, PATTERN_RULE } from './pattern.ts';
import { remember } from './remember.ts';

/** 64 bits: equal ones by chance are to be expected among 4 billion values, not before. */
const DIGITS = 16;

export interface RedactOptions {
  /** Labels that are left out. */
  readonly drop?: readonly string[];
  /** Labels whose values are replaced by a keyed hash (HMAC-SHA256, 16 hex digits), equal for equal values. */
  readonly hash?: {
    readonly labels: readonly string[];
    /** The secret: text, bytes, or a `KeyObject` of `node:crypto`. */
    readonly key: string | Uint8Array | SecretKey;
  };
  /**
   * The labels that metrics may have, by pattern of their names; whatever another label may be, it is left out. A
   * metric has those of all patterns that fit, and no labels if none does.
   */
  readonly allow?: { readonly [pattern: string]: readonly string[] };
}

/** A secret `KeyObject`: other threads can be given one, and it shows nothing of itself when it is printed. */
export interface SecretKey {
  /** `secret`. */
  readonly type: string;
}

export interface RedactLayer {
  readonly layer: 'redact';
  readonly drop?: readonly string[];
  readonly hash?: { readonly labels: readonly string[]; readonly key: SecretKey };
  readonly allow?: { readonly [pattern: string]: readonly string[] };
}

interface Crypto {
  createSecretKey(key: string, encoding: 'utf8'): SecretKey;
  createSecretKey(key: Uint8Array): SecretKey;
  createHmac(algorithm: 'sha256', key: SecretKey): Hmac;
}
interface Hmac {
  update(text: string): Hmac;
  digest(encoding: 'hex'): string;
}

/**
 * Keeps personal data out of the series: a label is left out, or its value hashed, before a series, an exemplar or a
 * log can have it, in every thread. Throws `OSTINATO_INVALID_OPTION`, and `OSTINATO_PLATFORM` for a hash where there
 * is no `node:crypto`.
 *
 * ```ts
 * redact({ drop: ['email'], hash: { labels: ['user'], key: 'from your secret store' } });
 * redact({ allow: { '**': ['method', 'route'], 'db.**': ['table'] } });
 * ```
 */
export function redact(options: RedactOptions): RedactLayer {
  const check = new OptionCheck('redact');
  const { drop, hash, allow } = check.object<RedactOptions>(options, ['drop', 'hash', 'allow']);
  return Object.freeze({
    layer: 'redact',
    ...(drop === undefined ? {} : { drop: readNames(check, 'drop', drop) }),
    ...(hash === undefined ? {} : { hash: readHash(check, hash) }),
    ...(allow === undefined ? {} : { allow: readAllow(check, allow) }),
  });
}

function readNames(check: OptionCheck, option: string, given: unknown): readonly string[] {
  if (!Array.isArray(given)) throw check.refused(option, 'an array of label names', given);
  for (const label of given) {
    const problem = labelNameProblem(label);
    if (problem !== undefined) throw check.error(`${option}: ${problem}`);
  }
  return Object.freeze([...given]);
}

function readHash(check: OptionCheck, given: unknown): NonNullable<RedactLayer['hash']> {
  const { labels, key } = check.object<NonNullable<RedactOptions['hash']>>(given, ['labels', 'key'], 'hash');
  return Object.freeze({ labels: readNames(check, 'hash.labels', labels), key: readKey(check, key) });
}

function readKey(check: OptionCheck, given: unknown): SecretKey {
  if (typeof given === 'string' && given !== '') return crypto().createSecretKey(given, 'utf8');
  if (ArrayBuffer.isView(given) && given.byteLength > 0) return crypto().createSecretKey(given as Uint8Array);
  if ((given as Partial<SecretKey> | undefined | null)?.type === 'secret') return given as SecretKey;
  throw check.refusedSecret('hash.key', 'text, bytes (neither empty) or a secret KeyObject of node:crypto');
}

function readAllow(check: OptionCheck, given: unknown): NonNullable<RedactLayer['allow']> {
  const pairs = Object.entries(check.object<NonNullable<RedactOptions['allow']>>(given, undefined, 'allow'));
  const allow = pairs.map(([pattern, labels]) => {
    if (!isPattern(pattern)) throw check.refused("allow's names", PATTERN_RULE, pattern);
    return [pattern, readNames(check, `allow['${pattern}']`, labels)];
  });
  return Object.freeze(Object.fromEntries(allow));
}

export function applyRedact({ drop, hash, allow }: RedactLayer): Mapping {
  const dropped = new Set(drop);
  const hashed = new Set(hash?.labels);
  const allowed = allow && remember((name) => allowedLabels(allow, name));
  return {
    relabel(name, labels) {
      const kept = labels.filter(([label]) => !dropped.has(label) && allowed?.(name).has(label) !== false);
      if (hash === undefined) return kept;
      return kept.map(([label, value]) => [label, hashed.has(label) ? digest(hash.key, `${value}`) : value]);
    },
  };
}

function allowedLabels(allow: NonNullable<RedactLayer['allow']>, name: string): ReadonlySet<string> {
  const fitting = Object.entries(allow).filter(([pattern]) => matches(pattern, name));
  return new Set(fitting.flatMap(([, labels]) => labels));
}

function digest(key: SecretKey, text: string): string {
  return crypto().createHmac('sha256', key).update(text).digest('hex').slice(0, DIGITS);
}

/** Asked for at run time, so that bundlers for browsers find no import of a Node builtin. */
function crypto(): Crypto {
  const found = globalThis.process?.getBuiltinModule?.('node:crypto');
  if (found !== undefined) return found as unknown as Crypto;
  throw new OstinatoError('OSTINATO_PLATFORM', 'redact: hash needs node:crypto, which does not exist here');
}
