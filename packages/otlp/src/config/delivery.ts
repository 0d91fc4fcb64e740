import type { OptionCheck } from '@ostinato/core';
import type { BackoffOptions } from '../deliver/backoff.ts';
import type { Logger } from '../deliver/narrator.ts';
import type { DeliveryOptions, FallbackOptions, MemoryOptions, RetryOptions } from './options.ts';

export const DELIVERY_OPTIONS = [
  'retry',
  'memory',
  'fallback',
  'acceptMillis',
  'flushMillis',
  'logger',
] as const;
export const MAX_MILLIS = 2 ** 31 - 1;

const DAY = 86_400_000;
const MIB = 1024 * 1024;

/** The options of delivery, understood: everything is valid and present. */
export interface DeliveryConfig {
  readonly retry: BackoffOptions;
  readonly memory: Required<MemoryOptions>;
  readonly fallback: Required<FallbackOptions> | undefined;
  readonly acceptMillis: number;
  readonly flushMillis: number;
}

/** Validates them; `check` says where they were given. */
export function deliveryConfig(given: DeliveryOptions, check: OptionCheck): DeliveryConfig {
  const { acceptMillis = 1000, flushMillis = 5000 } = given;
  return {
    retry: retryOf(check, given.retry),
    memory: memoryOf(check, given.memory),
    fallback: fallbackOf(check, given.fallback),
    acceptMillis: check.number('acceptMillis', acceptMillis, 1, MAX_MILLIS),
    flushMillis: check.number('flushMillis', flushMillis, 0, MAX_MILLIS),
  };
}

/** The logger that was given, which is wanted before anything else is understood. */
export function loggerOf(given: DeliveryOptions | null, check: OptionCheck): Logger | undefined {
  const logger = given?.logger;
  if (logger === undefined) return undefined;
  for (const method of ['info', 'warn'] as const) {
    if (typeof logger?.[method] !== 'function') {
      throw check.refused('logger', 'an object with the methods info(text) and warn(text)', logger);
    }
  }
  return logger;
}

function retryOf(check: OptionCheck, given: RetryOptions | undefined): BackoffOptions {
  const retry = check.object<RetryOptions>(given, ['initialMillis', 'maxMillis'], 'retry');
  const { maxMillis = 3000, initialMillis = Math.min(1000, maxMillis) } = retry;
  return {
    maxMillis: check.number('retry.maxMillis', maxMillis, 1, DAY),
    initialMillis: check.number('retry.initialMillis (at most retry.maxMillis)', initialMillis, 1, maxMillis),
  };
}

function memoryOf(check: OptionCheck, given: MemoryOptions | undefined): Required<MemoryOptions> {
  const memory = check.object<MemoryOptions>(given, ['maxBytes', 'maxPoints', 'maxAgeMillis'], 'memory');
  const { maxBytes = 16 * MIB, maxPoints = 1_000_000, maxAgeMillis = DAY } = memory;
  return {
    maxBytes: check.number('memory.maxBytes', maxBytes, 1, Number.MAX_SAFE_INTEGER),
    maxPoints: check.number('memory.maxPoints', maxPoints, 1, Number.MAX_SAFE_INTEGER),
    maxAgeMillis: check.number('memory.maxAgeMillis', maxAgeMillis, 1, Number.MAX_SAFE_INTEGER),
  };
}

function fallbackOf(
  check: OptionCheck,
  given: false | FallbackOptions | undefined,
): Required<FallbackOptions> | undefined {
  if (given === undefined || given === false) return undefined;
  const known = ['directory', 'durability', 'fsync', 'maxBytes', 'maxAgeMillis'] as const;
  if (typeof given !== 'object') {
    throw check.refused('fallback', 'false or an object with a directory', given);
  }
  const fallback = check.object<FallbackOptions>(given, known, 'fallback');
  const {
    directory,
    durability = 'outage',
    fsync = 'batch',
    maxBytes = 512 * MIB,
    maxAgeMillis = DAY,
  } = fallback;
  if (typeof directory !== 'string' || directory === '') {
    throw check.refused('fallback.directory', 'the path of a directory', directory);
  }
  return {
    directory,
    durability: check.oneOf('fallback.durability', durability, ['outage', 'always']),
    fsync: check.oneOf('fallback.fsync', fsync, ['batch', 'always', 'never']),
    maxBytes: check.number('fallback.maxBytes', maxBytes, MIB, Number.MAX_SAFE_INTEGER),
    maxAgeMillis: check.number('fallback.maxAgeMillis', maxAgeMillis, 1000, Number.MAX_SAFE_INTEGER),
  };
}
