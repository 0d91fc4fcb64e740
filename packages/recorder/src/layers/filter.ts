import { type Meta, OptionCheck, report, type Scope } from '@ostinato/core';
import { DIRECTIVES_RULE, orderOf, parseDirectives, thresholdOf } from './directives.ts';
import type { Mapping } from './layer.ts';
import { matches, readPatterns } from './pattern.ts';
import { remember } from './remember.ts';

export interface FilterOptions {
  /** Patterns of the names that are recorded; by default all. `*` is any characters but '.', `**` any characters. */
  readonly allow?: readonly string[];
  /** Patterns of names that are not recorded, even if allowed. */
  readonly deny?: readonly string[];
  /**
   * From which level on metrics are recorded, in all and by target: `'info,orders/db=debug,noisy=off'`. A target is
   * a scope's name, or a part of it up to a '.' or a '/'; the longest that fits decides. A metric's level is its own,
   * else its scope's, else `info`. Targets that are not listed: `info`. Without directives levels do not matter.
   */
  readonly directives?: string;
  /** An environment variable, such as `METRICS_LEVEL`, whose directives take the place of `directives` if it is set. */
  readonly env?: string;
}

export interface FilterLayer {
  readonly layer: 'filter';
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  readonly directives?: string;
}

/**
 * Lets only some metrics through, by name, level and scope. What is held back costs as much as without a recorder, and
 * does not count as refused. `recorder.setFilter` changes it at run time. Throws `OSTINATO_INVALID_OPTION`; directives
 * of the environment that are not valid are reported and ignored.
 *
 * ```ts
 * filter({ deny: ['debug.**'], directives: 'info,orders/db=debug', env: 'METRICS_LEVEL' });
 * ```
 */
export function filter(options: FilterOptions): FilterLayer {
  return readFilter(new OptionCheck('filter'), options);
}

export function readFilter(check: OptionCheck, options: unknown): FilterLayer {
  const given = check.object<FilterOptions>(options, ['allow', 'deny', 'directives', 'env']);
  const { allow, deny, env } = given;
  if (given.directives !== undefined && !areDirectives(given.directives)) {
    throw check.refused('directives', DIRECTIVES_RULE, given.directives);
  }
  if (env !== undefined && (typeof env !== 'string' || env === '')) {
    throw check.refused('env', 'the name of an environment variable', env);
  }
  const directives = (env === undefined ? undefined : fromEnvironment(env)) ?? given.directives;
  return Object.freeze({
    layer: 'filter',
    ...(allow === undefined ? {} : { allow: readPatterns(check, 'allow', allow) }),
    ...(deny === undefined ? {} : { deny: readPatterns(check, 'deny', deny) }),
    ...(directives === undefined ? {} : { directives }),
  });
}

function fromEnvironment(variable: string): string | undefined {
  const value = globalThis.process?.env?.[variable];
  if (value === undefined || value === '') return undefined;
  if (areDirectives(value)) return value;
  report('OSTINATO_INVALID_DIRECTIVES', variable, `${variable} is ignored: it must be ${DIRECTIVES_RULE}.`);
  return undefined;
}

function areDirectives(given: unknown): given is string {
  return typeof given === 'string' && parseDirectives(given) !== undefined;
}

/** A filter whose rules can be exchanged. */
export class Filter implements Mapping {
  #admitsName: (name: string) => boolean = () => true;
  #threshold: ((scope: string) => number) | undefined = undefined;

  constructor(layer: FilterLayer) {
    this.become(layer);
  }

  become({ allow, deny, directives }: FilterLayer): void {
    const oneOf = (patterns: readonly string[], name: string) =>
      patterns.some((pattern) => matches(pattern, name));
    this.#admitsName =
      allow === undefined && deny === undefined
        ? () => true
        : remember((name) => (allow === undefined || oneOf(allow, name)) && !oneOf(deny ?? [], name));
    const parsed = directives === undefined ? undefined : parseDirectives(directives);
    this.#threshold = parsed && remember((scope) => thresholdOf(parsed, scope));
  }

  admits(scope: Scope, name: string, meta: Meta): boolean {
    if (!this.#admitsName(name)) return false;
    const threshold = this.#threshold;
    return threshold === undefined || orderOf(meta.level ?? scope.level ?? 'info') >= threshold(scope.name);
  }
}
