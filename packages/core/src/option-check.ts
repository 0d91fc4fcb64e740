import { OstinatoError } from './errors.ts';
import { editDistance, quote, quoteAll } from './text.ts';

/**
 * Checks what code gives at set-up; `where` is the call it is given to. Every error is an `OstinatoError` with the code
 * `OSTINATO_INVALID_OPTION` and a text such as `start: interval must be a number from 1 to 9, got 'soon'`.
 */
export class OptionCheck {
  readonly where: string;

  constructor(where: string) {
    this.where = where;
  }

  /**
   * `given` as an object that has none but the known members, if these are listed; undefined is as `{}`. Without
   * `option` it is the argument itself.
   */
  object<T extends object>(
    given: unknown,
    known?: readonly (keyof T & string)[],
    option?: string,
  ): Partial<T> {
    if (given === undefined) return {};
    if (typeof given !== 'object' || given === null || Array.isArray(given)) {
      throw this.refused(option ?? 'the options argument', 'an object', given);
    }
    if (known === undefined) return given as T;
    const names: readonly string[] = known;
    const prefix = option === undefined ? '' : `${option}.`;
    for (const name of Object.keys(given)) {
      if (names.includes(name)) continue;
      const meant = nearest(name, names);
      const hint = meant === undefined ? '' : `; did you mean ${quote(prefix + meant)}?`;
      throw this.error(`there is no option ${quote(prefix + name)}${hint} (known: ${names.join(', ')})`);
    }
    return given as T;
  }

  number(option: string, given: unknown, min: number, max: number): number {
    if (typeof given === 'number' && given >= min && given <= max) return given;
    throw this.refused(option, `a number from ${min} to ${max}`, given);
  }

  integer(option: string, given: unknown, min: number, max: number): number {
    if (Number.isInteger(given) && (given as number) >= min && (given as number) <= max) {
      return given as number;
    }
    throw this.refused(option, `an integer from ${min} to ${max}`, given);
  }

  oneOf<const T>(option: string, given: unknown, allowed: readonly T[]): T {
    if (allowed.includes(given as T)) return given as T;
    throw this.refused(option, `one of ${allowed.map(quote).join(', ')}`, given);
  }

  /** A frozen copy of a histogram's bounds; `orElse` is what else the option may be, such as `", or 'exponential'"`. */
  bounds(option: string, given: unknown, orElse = ''): readonly number[] {
    const bounds = Array.isArray(given) ? Array.from<number>(given) : [Number.NaN];
    const valid = bounds.every(
      (bound, i) => Number.isFinite(bound) && (i === 0 || bound > (bounds[i - 1] as number)),
    );
    if (valid) return Object.freeze(bounds);
    throw this.refused(
      option,
      `an array of finite numbers, each greater than the one before${orElse}`,
      given,
    );
  }

  refused(option: string, allowed: string, given: unknown): OstinatoError {
    const shown = Array.isArray(given) ? quoteAll(given) : quote(given);
    return this.error(`${option} must be ${allowed}, got ${shown}`);
  }

  /** For values that may be secret. */
  refusedSecret(option: string, allowed: string): OstinatoError {
    return this.error(`${option} must be ${allowed}, got another value (not shown)`);
  }

  error(problem: string, options?: ErrorOptions): OstinatoError {
    return new OstinatoError('OSTINATO_INVALID_OPTION', `${this.where}: ${problem}`, options);
  }
}

/** The known name that a mistyped one comes nearest to, if one is near. */
function nearest(given: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((name) => ({ name, edits: editDistance(given.slice(0, 64).toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
  const [best] = ranked;
  return best !== undefined && best.edits <= Math.max(2, best.name.length / 3) ? best.name : undefined;
}
