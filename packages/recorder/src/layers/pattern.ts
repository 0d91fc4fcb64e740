import type { OptionCheck } from '@ostinato/core';

const PATTERN = /^[A-Za-z0-9_.\-/*]{1,255}$/;

/** A list of name patterns, checked and frozen. */
export function readPatterns(check: OptionCheck, option: string, given: unknown): readonly string[] {
  if (Array.isArray(given) && given.every(isPattern)) return Object.freeze([...given]);
  throw check.refused(option, `an array of ${PATTERN_RULE}`, given);
}

export const PATTERN_RULE =
  "patterns: metric names in which '*' stands for any characters but '.', and '**' for any characters";

export function isPattern(given: unknown): given is string {
  return typeof given === 'string' && PATTERN.test(given) && !given.includes('***');
}

/**
 * Whether a name is one that the pattern stands for. Goes once through the name with the set of places in the pattern
 * that may have been reached, so its time is bounded by the product of both lengths, whatever the pattern is.
 */
export function matches(pattern: string, name: string): boolean {
  const tokens = pattern.match(/\*\*|./g) ?? [];
  let reached = passStars(tokens, [true]);
  for (const character of name) {
    const next: boolean[] = [];
    tokens.forEach((token, at) => {
      if (reached[at] !== true) return;
      if (token === '**' || (token === '*' && character !== '.')) next[at] = true;
      else if (token === character) next[at + 1] = true;
    });
    reached = passStars(tokens, next);
  }
  return reached[tokens.length] === true;
}

/** A star may stand for nothing: who is in front of one is behind it too. */
function passStars(tokens: readonly string[], reached: boolean[]): boolean[] {
  tokens.forEach((token, at) => {
    if (reached[at] === true && token.startsWith('*')) reached[at + 1] = true;
  });
  return reached;
}
