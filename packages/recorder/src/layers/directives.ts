import type { Level } from '@ostinato/core';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'off'] as const;

export const DIRECTIVES_RULE = `directives such as 'info,orders/db=debug': a level, or target=level, separated by commas; a level is one of ${LEVELS.join(', ')}`;

/** From which level on the metrics of a target are recorded; the first target that fits decides. */
export interface Directives {
  readonly targets: readonly { readonly target: string; readonly from: number }[];
  readonly others: number;
}

/** Undefined: the text is not valid. Of two directives for one target the later one counts. */
export function parseDirectives(text: string): Directives | undefined {
  const targets = new Map<string, number>();
  let others = orderOf('info');
  for (const directive of text.split(',')) {
    const equals = directive.lastIndexOf('=');
    const target = directive.slice(0, Math.max(0, equals)).trim();
    const from = LEVELS.indexOf(
      directive
        .slice(equals + 1)
        .trim()
        .toLowerCase() as Level,
    );
    if (from < 0 || (equals >= 0 && target === '')) return undefined;
    if (equals < 0) others = from;
    else targets.set(target, from);
  }
  const longestFirst = [...targets].sort(([a], [b]) => b.length - a.length);
  return { targets: longestFirst.map(([target, from]) => ({ target, from })), others };
}

/** From which level on the metrics of a scope are recorded. */
export function thresholdOf({ targets, others }: Directives, scope: string): number {
  return targets.find(({ target }) => isWithin(target, scope))?.from ?? others;
}

export function orderOf(level: Level): number {
  return LEVELS.indexOf(level);
}

/** Whether a name is `parent`, or below it: what follows begins at a '.' or a '/'. */
export function isWithin(parent: string, name: string): boolean {
  if (!name.startsWith(parent)) return false;
  return name.length === parent.length || /[./]/.test(name.charAt(parent.length)) || /[./]$/.test(parent);
}
