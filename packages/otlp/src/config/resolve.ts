import type { ChannelCredentials, Metadata } from '@grpc/grpc-js';
import type { AskHeaders } from '../transport/grpc.ts';
import type { CredentialSource } from '../transport/tls.ts';
import { check } from './check.ts';
import { credentialsOf } from './credentials.ts';
import { DELIVERY_OPTIONS, type DeliveryConfig, deliveryConfig, MAX_MILLIS } from './delivery.ts';
import { ENDPOINT_FORMS, type Endpoint, maskedEndpoint, parseEndpoint } from './endpoint.ts';
import { type Environment, OtlpEnv, type Warn } from './env.ts';
import { headersOf, warnOfPlaintextSecrets } from './headers.ts';
import type { HistogramAggregation, OtlpMetricExporterOptions, TemporalityPreference } from './options.ts';

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
  'zeroPoint',
  ...DELIVERY_OPTIONS,
  'concurrencyLimit',
];

const TEMPORALITIES = ['delta', 'cumulative', 'lowmemory'] as const;
const AGGREGATIONS = ['explicit_bucket_histogram', 'base2_exponential_bucket_histogram'] as const;
const COMPRESSIONS = ['none', 'gzip'] as const;

/** The options, understood: everything is valid and present. Printing it shows no secret. */
export interface Config extends DeliveryConfig {
  readonly endpoint: Endpoint;
  /** Sent with every request. */
  readonly headers: Metadata;
  /** Gives all headers, where a callback of the application has a say in them. */
  readonly askHeaders: AskHeaders | undefined;
  readonly credentials: CredentialSource;
  /** Over TLS. */
  readonly secure: boolean;
  readonly compression: 'none' | 'gzip';
  readonly timeoutMillis: number;
  readonly temporality: TemporalityPreference;
  readonly histogramAggregation: HistogramAggregation;
  readonly zeroPoint: boolean;
  toJSON(): object;
}

/** Validates options once. Throws `OSTINATO_INVALID_OPTION` for what code gave; what the environment gave only warns. */
export function resolveConfig(
  options: OtlpMetricExporterOptions,
  environment: Environment,
  warn: Warn,
): Config {
  const given = check.object<OtlpMetricExporterOptions>(options, OPTIONS);
  const env = new OtlpEnv(environment, warn);
  if (given.concurrencyLimit !== undefined) {
    warn('concurrencyLimit is ignored: requests are sent one at a time, in order');
  }
  env.read('PROTOCOL', 'grpc, the only protocol of this exporter', (text) => text === 'grpc' || undefined);
  const endpoint = endpointOf(given, env, warn);
  const { headers, askHeaders } = headersOf(given, env);
  const credentials = credentialsOf(given, endpoint, env, warn);
  const secure = given.credentials === undefined ? endpoint.secure : isSecure(given.credentials);
  if (!secure && !endpoint.loopback) warnOfPlaintextSecrets(headers, askHeaders, endpoint, warn);

  const {
    compression = env.read('COMPRESSION', 'gzip or none', (text) =>
      COMPRESSIONS.find((one) => one === text),
    ) ?? 'none',
    timeoutMillis = env.read('TIMEOUT', 'a positive number of milliseconds', positive) ?? 10_000,
    defaultHistogramAggregation = readMetrics(env, 'DEFAULT_HISTOGRAM_AGGREGATION', AGGREGATIONS) ??
      'explicit_bucket_histogram',
    zeroPoint = true,
  } = given;
  const shown = {
    endpoint: endpoint.text,
    headers: Object.fromEntries(Object.keys(headers.getMap()).map((name) => [name, '***'])),
    secure,
    compression: check.oneOf('compression', compression, COMPRESSIONS),
    timeoutMillis: check.number('timeoutMillis', timeoutMillis, 1, MAX_MILLIS),
    temporality: temporalityOf(given, env),
    histogramAggregation: check.oneOf(
      'defaultHistogramAggregation',
      defaultHistogramAggregation,
      AGGREGATIONS,
    ),
    zeroPoint: check.oneOf('zeroPoint', zeroPoint, [true, false]),
    ...deliveryConfig(given, check),
  };
  // Not enumerable: whatever walks over a config (a logger, a serializer, inspect) cannot reach what is secret.
  return Object.defineProperties({ ...shown } as unknown as Config, {
    endpoint: { value: endpoint, enumerable: false },
    headers: { value: headers, enumerable: false },
    askHeaders: { value: askHeaders },
    credentials: { value: credentials },
    toJSON: { value: () => shown },
    [Symbol.for('nodejs.util.inspect.custom')]: { value: () => shown },
  });
}

function endpointOf(given: OtlpMetricExporterOptions, env: OtlpEnv, warn: Warn): Endpoint {
  if (given.endpoint !== undefined && given.url !== undefined && given.endpoint !== given.url) {
    throw check.error('endpoint and url are two names of one option: give one of them');
  }
  const insecure = env.read('INSECURE', 'true or false', boolean) ?? false;
  const option = given.endpoint === undefined ? 'url' : 'endpoint';
  const value = given[option];
  let endpoint: Endpoint | undefined;
  if (value !== undefined) {
    endpoint = typeof value === 'string' ? parseEndpoint(value, insecure) : undefined;
    if (endpoint === undefined) {
      // The items of an array would be shown as they are.
      const shown = typeof value === 'string' ? maskedEndpoint(value) : Array.isArray(value) ? {} : value;
      throw check.refused(option, `${ENDPOINT_FORMS} (credentials belong in headers)`, shown);
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

function isSecure(credentials: ChannelCredentials): boolean {
  return credentials._isSecure();
}

function temporalityOf(given: OtlpMetricExporterOptions, env: OtlpEnv): TemporalityPreference {
  const {
    temporalityPreference = readMetrics(env, 'TEMPORALITY_PREFERENCE', TEMPORALITIES) ?? 'cumulative',
  } = given;
  const preference = check.oneOf('temporalityPreference', temporalityPreference, [...TEMPORALITIES, 0, 1, 2]);
  return typeof preference === 'number' ? TEMPORALITIES[preference] : preference;
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
