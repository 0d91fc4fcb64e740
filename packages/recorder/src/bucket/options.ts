import { OptionCheck, report } from '@ostinato/core';

/** What `new AtomicBucket()` takes. */
export interface AtomicBucketOptions {
  /**
   * How many samples of each thread can wait to be drained, from 1 to 2^24, rounded up to a power of two. Default:
   * the environment variable `METRICS_BUFFER_SIZE`, else 65,536. A sample takes 12 bytes, resident once used.
   */
  readonly capacity?: number;
  /** How many threads can push at the same time, from 1 to 1,024. Default 64. */
  readonly producers?: number;
}

const VARIABLE = 'METRICS_BUFFER_SIZE';
const DEFAULT_CAPACITY = 65_536;
const MAX_CAPACITY = 2 ** 24;
const DEFAULT_PRODUCERS = 64;
const MAX_PRODUCERS = 1_024;

/** The longest interval that timers know; longer ones fire at once. */
const LONGEST_MILLIS = 2 ** 31 - 1;

/** Throws `OSTINATO_INVALID_OPTION`. A bad variable is reported, and ignored. */
export function readBucketOptions(given: unknown): { readonly capacity: number; readonly producers: number } {
  const check = new OptionCheck('AtomicBucket');
  const options = check.object<AtomicBucketOptions>(given, ['capacity', 'producers']);
  const capacity = options.capacity ?? capacityOfEnvironment() ?? DEFAULT_CAPACITY;
  return {
    capacity: powerOfTwo(check.integer('capacity', capacity, 1, MAX_CAPACITY)),
    producers: check.integer('producers', options.producers ?? DEFAULT_PRODUCERS, 1, MAX_PRODUCERS),
  };
}

function capacityOfEnvironment(): number | undefined {
  const text = globalThis.process?.env?.[VARIABLE]?.trim();
  if (text === undefined || text === '') return undefined;
  const capacity = Number(text);
  if (Number.isInteger(capacity) && capacity >= 1 && capacity <= MAX_CAPACITY) return capacity;
  report('OSTINATO_ENVIRONMENT', VARIABLE, () => {
    return `${VARIABLE} is ignored: it must be an integer from 1 to ${MAX_CAPACITY}, got '${text}'.`;
  });
  return undefined;
}

function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(atLeast));
}

/** Throws `OSTINATO_INVALID_OPTION`. */
export function readMillis(given: unknown): number {
  return new OptionCheck('drainEvery').number('millis', given, 1, LONGEST_MILLIS);
}
