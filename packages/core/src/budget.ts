import { sharedState } from './state.ts';

/** How many label sets the caches of an isolate keep in all. */
export const CACHED_LABEL_SETS = 10_000;

/** Stands for the Maps and nodes of one step in a trie, in characters. */
const STEP = 32;
const CACHED_WEIGHT = CACHED_LABEL_SETS * 256;
/** A longer label set would take the room of many. */
const LONGEST = 4_096;

const { cache } = sharedState();

/**
 * Asks for room for one more label set in the caches. Nothing is ever taken out of them, and what does not fit is
 * simply not kept: so neither many label sets nor long ones can fill the memory.
 *
 * @param steps how deep it lies in its trie
 * @param characters the length of its names and values
 */
export function reserve(steps: number, characters: number): boolean {
  const weight = steps * STEP + characters;
  if (weight > LONGEST || cache.weight + weight > CACHED_WEIGHT) return false;
  if (cache.entries >= CACHED_LABEL_SETS) return false;
  cache.entries += 1;
  cache.weight += weight;
  return true;
}
