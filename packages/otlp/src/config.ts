import { type ChannelCredentials, Metadata } from '@grpc/grpc-js';
import { OstinatoError } from '@ostinato/core';
import { numberOf, objectOf, oneOf, refused, refusedSecret } from './config/check.ts';
import { credentialsOf } from './config/credentials.ts';
import { ENDPOINT_FORMS, type Endpoint, maskedEndpoint, parseEndpoint } from './config/endpoint.ts';
import { type Environment, OtlpEnv, type Warn } from './config/env.ts';
import type {
  FallbackOptions,
  HistogramAggregation,
  MemoryOptions,
  OtlpMetricExporterOptions,
  RetryOptions,
  TemporalityPreference,
} from './config/options.ts';
import type { BackoffOptions } from './deliver/backoff.ts';

const OPTIONS: readonly (keyof OtlpMetricExporterOptions)[] = [
  'endpoint',
  'url',
  'headers',
  'metadata',
  'tls',
  'credentials',
  'compression',
  'timeoutMillis',
  'temporalityPreference',
  'defaultHistogramAggregation',
  'retry',
  'memory',
  'fallback',
  'acceptMillis',
  'flushMillis',
  'concurrencyLimit',
];

const DAY = 86_400_000;
const MIB = 1024 * 1024;
const MAX_MILLIS = 2 ** 31 - 1;
const TEMPORALITIES = ['delta', 'cumulative', 'lowmemory'] as const;
const AGGREGATIONS = ['explicit_bucket_histogram', 'base2_exponential_bucket_histogram'] as const;
const COMPRESSIONS = ['none', 'gzip'] as const;

/** The options, understood: everything is valid and present. Printing it shows no secret. */
export interface Config {
  readonly endpoint: Endpoint;
  readonly headers: Metadata;
  readonly credentials: ChannelCredentials;
  /** Over TLS. */
  readonly secure: boolean;
  readonly compression: 'none' | 'gzip';
  readonly timeoutMillis: number;
  readonly temporality: TemporalityPreference;
  readonly histogramAggregation: HistogramAggregation;
  readonly retry: BackoffOptions;
  readonly memory: Required<MemoryOptions>;
  readonly fallback: Required<FallbackOptions> | undefined;
  readonly acceptMillis: number;
  readonly flushMillis: number;
  toJSON(): object;
}

/** Validates options once. Throws {@link OstinatoError} for what code gave; what the environment gave only warns. */
export function resolveConfig(
  options: OtlpMetricExporterOptions,
  environment: Environment,
  warn: Warn,
): Config {
  const given = objectOf<OtlpMetricExporterOptions>('', options, OPTIONS);
  const env = new OtlpEnv(environment, warn);
  if (given.concurrencyLimit !== undefined) {
    warn('concurrencyLimit is ignored: requests are sent one at a time, in order');
  }
  env.read('PROTOCOL', 'grpc, the only protocol of this exporter', (text) => text === 'grpc' || undefined);
  const endpoint = endpointOf(given, env, warn);
  const headers = headersOf(given, env);
  const credentials = credentialsOf(given, endpoint, env, warn);
  const secure = given.credentials === undefined ? endpoint.secure : isSecure(given.credentials);
  if (!secure && !endpoint.loopback) warnOfPlaintextSecrets(headers, endpoint, warn);

  const shown = {
    endpoint: endpoint.text,
    headers: Object.fromEntries(Object.keys(headers.getMap()).map((name) => [name, '***'])),
    secure,
    compression: oneOf(
      'compression',
      given.compression,
      env.read('COMPRESSION', 'gzip or none', (text) => COMPRESSIONS.find((one) => one === text)) ?? 'none',
      COMPRESSIONS,
    ),
    timeoutMillis: numberOf(
      'timeoutMillis',
      given.timeoutMillis,
      env.read('TIMEOUT', 'a positive number of milliseconds', positive) ?? 10_000,
      1,
      MAX_MILLIS,
    ),
    temporality: temporalityOf(given, env),
    histogramAggregation: oneOf(
      'defaultHistogramAggregation',
      given.defaultHistogramAggregation,
      readMetrics(env, 'DEFAULT_HISTOGRAM_AGGREGATION', AGGREGATIONS) ?? 'explicit_bucket_histogram',
      AGGREGATIONS,
    ),
    retry: retryOf(given.retry),
    memory: memoryOf(given.memory),
    fallback: fallbackOf(given.fallback),
    acceptMillis: numberOf('acceptMillis', given.acceptMillis, 1000, 1, MAX_MILLIS),
    flushMillis: numberOf('flushMillis', given.flushMillis, 5000, 0, MAX_MILLIS),
  };
  // Not enumerable: whatever walks over a config (a logger, a serializer, inspect) cannot reach what is secret.
  return Object.defineProperties({ ...shown } as unknown as Config, {
    endpoint: { value: endpoint, enumerable: false },
    headers: { value: headers, enumerable: false },
    credentials: { value: credentials },
    toJSON: { value: () => shown },
    [Symbol.for('nodejs.util.inspect.custom')]: { value: () => shown },
  });
}

function endpointOf(given: OtlpMetricExporterOptions, env: OtlpEnv, warn: Warn): Endpoint {
  if (given.endpoint !== undefined && given.url !== undefined && given.endpoint !== given.url) {
    throw new OstinatoError(
      'OSTINATO_INVALID_OPTION',
      'endpoint and url are two names of one option: give one of them',
    );
  }
  const insecure = env.read('INSECURE', 'true or false', boolean) ?? false;
  const option = given.endpoint === undefined ? 'url' : 'endpoint';
  const value = given[option];
  let endpoint: Endpoint | undefined;
  if (value !== undefined) {
    endpoint = typeof value === 'string' ? parseEndpoint(value, insecure) : undefined;
    if (endpoint === undefined) {
      const masked = typeof value === 'string' ? maskedEndpoint(value) : value;
      throw refused(option, masked, `${ENDPOINT_FORMS} (credentials belong in headers)`);
    }
  } else {
    endpoint =
      env.read('ENDPOINT', ENDPOINT_FORMS, (text) => parseEndpoint(text, insecure)) ??
      (parseEndpoint('http://localhost:4317', insecure) as Endpoint);
  }
  if (endpoint.ignoredPath !== undefined) {
    warn(
      `${endpoint.text}: gRPC has no use for the path ${endpoint.ignoredPath}; is this an OTLP/HTTP endpoint?`,
    );
  }
  return endpoint;
}

function headersOf(given: OtlpMetricExporterOptions, env: OtlpEnv): Metadata {
  const headers = new Metadata();
  for (const [name, value] of env.headers(headerProblem)) headers.set(name, value);
  if (given.headers !== undefined) {
    if (typeof given.headers !== 'object' || given.headers === null) {
      throw refusedSecret('headers', 'an object of strings');
    }
    for (const [name, value] of Object.entries(given.headers)) {
      const problem = headerProblem(name.toLowerCase(), value);
      if (problem !== undefined)
        throw refusedSecret(`headers[${JSON.stringify(name)}]`, problem.replace('expected ', ''));
      headers.set(name.toLowerCase(), value);
    }
  }
  if (given.metadata !== undefined) {
    if (typeof given.metadata?.getMap !== 'function') {
      throw refusedSecret('metadata', 'a Metadata of @grpc/grpc-js');
    }
    // Value by value: it may come from another copy of grpc-js.
    for (const name of Object.keys(given.metadata.getMap())) {
      headers.remove(name);
      for (const value of given.metadata.get(name)) headers.add(name, value);
    }
  }
  return headers;
}

/** What is wrong with a header, without its value. */
function headerProblem(name: string, value: unknown): string | undefined {
  if (!/^[a-z0-9_.-]+$/.test(name)) return 'expected a name of letters, digits, "-", "_" and "."';
  if (name.endsWith('-bin'))
    return 'expected a name that does not end in -bin (binary headers go into metadata)';
  if (typeof value !== 'string' || !/^[\x20-\x7e]*$/.test(value))
    return 'expected a value of printable ASCII characters';
  return undefined;
}

function isSecure(credentials: ChannelCredentials): boolean {
  return credentials._isSecure();
}

function warnOfPlaintextSecrets(headers: Metadata, endpoint: Endpoint, warn: Warn): void {
  const secrets = Object.keys(headers.getMap()).filter((name) =>
    /auth|token|secret|key|cookie|password/.test(name),
  );
  if (secrets.length === 0) return;
  warn(
    `${endpoint.text} is plaintext: anyone on the network can read the header ${secrets.join(', ')}; use https://`,
  );
}

function temporalityOf(given: OtlpMetricExporterOptions, env: OtlpEnv): TemporalityPreference {
  const preference = oneOf(
    'temporalityPreference',
    given.temporalityPreference,
    readMetrics(env, 'TEMPORALITY_PREFERENCE', TEMPORALITIES) ?? 'cumulative',
    ['cumulative', 'delta', 'lowmemory', 0, 1, 2],
  );
  return typeof preference === 'number' ? (TEMPORALITIES[preference] ?? 'cumulative') : preference;
}

function retryOf(given: RetryOptions | undefined): BackoffOptions {
  const retry =
    given === undefined ? {} : objectOf<RetryOptions>('retry', given, ['initialMillis', 'maxMillis']);
  const maxMillis = numberOf('retry.maxMillis', retry.maxMillis, 3000, 1, DAY);
  const initialMillis = numberOf(
    'retry.initialMillis',
    retry.initialMillis,
    Math.min(1000, maxMillis),
    1,
    maxMillis,
  );
  return { initialMillis, maxMillis };
}

function memoryOf(given: MemoryOptions | undefined): Required<MemoryOptions> {
  const memory =
    given === undefined
      ? {}
      : objectOf<MemoryOptions>('memory', given, ['maxBytes', 'maxPoints', 'maxAgeMillis']);
  return {
    maxBytes: numberOf('memory.maxBytes', memory.maxBytes, 16 * MIB, 1, Number.MAX_SAFE_INTEGER),
    maxPoints: numberOf('memory.maxPoints', memory.maxPoints, 1_000_000, 1, Number.MAX_SAFE_INTEGER),
    maxAgeMillis: numberOf('memory.maxAgeMillis', memory.maxAgeMillis, DAY, 1, Number.MAX_SAFE_INTEGER),
  };
}

function fallbackOf(given: false | FallbackOptions | undefined): Required<FallbackOptions> | undefined {
  if (given === undefined || given === false) return undefined;
  const fallback = objectOf<FallbackOptions>('fallback', given, [
    'directory',
    'durability',
    'fsync',
    'maxBytes',
    'maxAgeMillis',
  ]);
  if (typeof fallback.directory !== 'string' || fallback.directory === '') {
    throw refused('fallback.directory', fallback.directory, 'the path of a directory');
  }
  return {
    directory: fallback.directory,
    durability: oneOf('fallback.durability', fallback.durability, 'outage', ['outage', 'always']),
    fsync: oneOf('fallback.fsync', fallback.fsync, 'batch', ['batch', 'always', 'never']),
    maxBytes: numberOf('fallback.maxBytes', fallback.maxBytes, 512 * MIB, MIB, Number.MAX_SAFE_INTEGER),
    maxAgeMillis: numberOf(
      'fallback.maxAgeMillis',
      fallback.maxAgeMillis,
      DAY,
      1000,
      Number.MAX_SAFE_INTEGER,
    ),
  };
}

/** These two exist for metrics only, so they have no general form; case does not matter. */
function readMetrics<const T extends string>(
  env: OtlpEnv,
  name: string,
  allowed: readonly T[],
): T | undefined {
  return env.readMetrics(name, allowed.join(' or '), (text) =>
    allowed.find((one) => one === text.toLowerCase()),
  );
}

function positive(text: string): number | undefined {
  const number = Number(text);
  return number > 0 && number <= MAX_MILLIS ? number : undefined;
}

function boolean(text: string): boolean | undefined {
  const lower = text.toLowerCase();
  return lower === 'true' || lower === 'false' ? lower === 'true' : undefined;
}
