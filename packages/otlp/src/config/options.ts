import type { ChannelCredentials, Metadata } from '@grpc/grpc-js';
import type { Logger } from '../deliver/narrator.ts';

/** What to prefer for counters and histograms: running totals, or what was added since the last export. */
export type TemporalityPreference = 'cumulative' | 'delta' | 'lowmemory';

/** How histograms without a view are stored; the values of the specification's environment variable. */
export type HistogramAggregation = 'explicit_bucket_histogram' | 'base2_exponential_bucket_histogram';

type Headers = Readonly<Record<string, string>>;

/**
 * Gives the headers of the next request. `unauthenticated`: the collector has just refused those of the last call
 * (UNAUTHENTICATED), so that another token is wanted; if it refuses that too, delivery pauses. A failure costs no data: it is tried again.
 */
export type HeadersCallback = (request: { readonly unauthenticated: boolean }) => Headers | Promise<Headers>;

/**
 * PEM text, bytes, or the path of a file. Files are looked at again every 10 s while there is something to send: when
 * they changed, and can be used, the next request goes over a new connection.
 */
export interface TlsOptions {
  /** Authorities to trust instead of the system's. */
  readonly ca?: string | Uint8Array;
  /** The client's certificate chain; `key` is needed with it. */
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
}

export interface RetryOptions {
  /** Upper bound of the first wait after a failure, ms. Default 1000. */
  readonly initialMillis?: number;
  /** Upper bound of every wait, ms. Default 3000: a collector that returns is found within seconds. */
  readonly maxMillis?: number;
}

/** How much may wait in memory; beyond it units go to the fallback log, without one the oldest are dropped. */
export interface MemoryOptions {
  /** Default 16 MiB of protobuf. */
  readonly maxBytes?: number;
  /** Data points. Default 1,000,000. */
  readonly maxPoints?: number;
  /** Without a fallback log units older than this are dropped, ms. Default 24 hours. */
  readonly maxAgeMillis?: number;
}

export interface FallbackOptions {
  /** Where the log lives; created (0700) when it is first needed. Processes may share it. */
  readonly directory: string;
  /**
   * `outage` (default): units are written when their delivery fails or is slow, and before their first attempt while
   * the collector is away. `always`: every unit before its first attempt.
   */
  readonly durability?: 'outage' | 'always';
  /** When written units are forced to the disk: `batch` (default) once per append, `always`, `never`. */
  readonly fsync?: 'batch' | 'always' | 'never';
  /** Default 512 MiB. */
  readonly maxBytes?: number;
  /** Default 24 hours. */
  readonly maxAgeMillis?: number;
}

/** How what was exported is kept until it is delivered. */
export interface DeliveryOptions {
  readonly retry?: RetryOptions;
  readonly memory?: MemoryOptions;
  /** Default: off. */
  readonly fallback?: false | FallbackOptions;
  /**
   * After so long `export()` waits for the collector no more, writes to the log what is left, and calls back; ms. Later where
   * the event loop is too busy to have read the metrics by then. Default 1000.
   */
  readonly acceptMillis?: number;
  /** How long a flush tries to deliver before it leaves the rest to the log, ms. Default 5000. */
  readonly flushMillis?: number;
  /** Where changes of state and warnings are said, a line each. Default: `diag` of OpenTelemetry. */
  readonly logger?: Logger;
}

/** Options of `withDelivery`. */
export interface WithDeliveryOptions extends DeliveryOptions {
  /**
   * After so long an export of the wrapped exporter counts as failed although it did not call back, ms; longer than the
   * exporter's own timeout, since it cannot be cancelled and would be called again while it still works. Default 30,000.
   */
  readonly timeoutMillis?: number;
}

/** Options of the exporter. Each beats its `OTEL_EXPORTER_OTLP_METRICS_*` variable, and that `OTEL_EXPORTER_OTLP_*`. */
export interface OtlpMetricExporterOptions extends DeliveryOptions {
  /**
   * `http://` and `grpc://` are plaintext, `https://` and `grpcs://` TLS, `unix:/path` a socket; without a scheme TLS,
   * unless `OTEL_EXPORTER_OTLP_INSECURE=true`. Default `http://localhost:4317`.
   */
  readonly endpoint?: string;
  /** The stock exporter's name for `endpoint`. */
  readonly url?: string;
  /**
   * Sent with every request. ASCII; never printed. A function is called before every request, for tokens that expire; it
   * should give what it has at hand, since the request waits for it.
   */
  readonly headers?: Headers | HeadersCallback;
  /** The stock exporter's form of `headers`; wins over them. */
  readonly metadata?: Metadata;
  readonly tls?: TlsOptions;
  /** gRPC channel credentials, instead of what `endpoint` and `tls` say. */
  readonly credentials?: ChannelCredentials;
  /** Default `none`. */
  readonly compression?: 'none' | 'gzip';
  /** Deadline of one attempt, ms. Default 10,000. */
  readonly timeoutMillis?: number;
  /** Default `cumulative`. The numbers are the stock exporter's enum: 0 delta, 1 cumulative, 2 lowmemory. */
  readonly temporalityPreference?: TemporalityPreference | 0 | 1 | 2;
  /** Default `explicit_bucket_histogram`. */
  readonly defaultHistogramAggregation?: HistogramAggregation;
  /**
   * Of what a recorder of `@ostinato/recorder` gives: a cumulative series begins, and begins anew, with a point of zero at
   * its start, so that a query sees its first increase; one that expires ends with a point that has no recorded value.
   * Default true.
   */
  readonly zeroPoint?: boolean;
  /** Ignored with a warning: requests are sent one at a time, in order. */
  readonly concurrencyLimit?: number;
}
