import { Buffer } from 'node:buffer';
import {
  type ChannelOptions,
  Client,
  compressionAlgorithms,
  connectivityState,
  type Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import { VERSION } from '../version.ts';
import { partialSuccess } from './answer.ts';
import { failedAttempt } from './failed.ts';
import type { CredentialSource } from './tls.ts';
import type { Attempt, FailedAttempt, Transport } from './transport.ts';
import { untraced } from './untraced.ts';

const EXPORT_PATH = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';
const CANCELLED = 1;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;
// How often the files of certificates are looked at.
const LOOK_MILLIS = 10_000;

export interface GrpcTransportOptions {
  /** A gRPC target, such as `collector:4317` or `unix:/run/otel.sock`. */
  readonly target: string;
  readonly credentials: CredentialSource;
  readonly metadata: Metadata;
  /** Gives the metadata instead, request by request. */
  readonly askHeaders?: AskHeaders | undefined;
  readonly compression: 'none' | 'gzip';
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
}

/** `unauthenticated`: the receiver refused what the last call gave. */
export type AskHeaders = (request: { readonly unauthenticated: boolean }) => Promise<Metadata>;

// A connection that is lost is found and made anew within seconds (measured: reference/review-delivery.md §9).
const CHANNEL_OPTIONS: ChannelOptions = {
  'grpc.primary_user_agent': `Ostinato/${VERSION} OTel-OTLP-Exporter-JavaScript/${VERSION}`,
  'grpc.initial_reconnect_backoff_ms': 500,
  'grpc.max_reconnect_backoff_ms': 3000,
  'grpc.dns_min_time_between_resolutions_ms': 5000,
  // Without permit_without_calls: the Collector takes pings on an idle connection for an attack (GOAWAY).
  'grpc.keepalive_time_ms': 4000,
  'grpc.keepalive_timeout_ms': 2000,
  'grpc.max_receive_message_length': 4 * 1024 * 1024,
  'grpc.max_send_message_length': -1,
  // Backoff, order and the count of attempts are the deliverer's.
  'grpc.enable_retries': 0,
  // A client that was made anew must not get the stuck connection back from the process-wide pool.
  'grpc.use_local_subchannel_pool': 1,
};

const asIs = (bytes: Buffer): Buffer => bytes;

/** OTLP over gRPC: unary calls of already serialized requests. It connects at the first of them. */
export class GrpcTransport implements Transport {
  readonly #options: GrpcTransportOptions;
  readonly #listeners = new Set<() => void>();
  #client: Client | undefined;
  readonly #now: () => number;
  #lookedAt: number;
  #renewed = false;
  #closed = false;

  constructor(options: GrpcTransportOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#lookedAt = this.#now();
  }

  get ready(): boolean {
    return this.#client?.getChannel().getConnectivityState(false) === connectivityState.READY;
  }

  async send(
    bytes: Uint8Array,
    { timeoutMillis, signal }: Parameters<Transport['send']>[1],
  ): Promise<Attempt> {
    const deadline = this.#now() + timeoutMillis;
    this.#renewCredentials();
    const first = await this.#attempt(bytes, deadline, signal, false);
    if (first.ok || first.code !== UNAUTHENTICATED || this.#options.askHeaders === undefined) return first;
    return this.#attempt(bytes, deadline, signal, true);
  }

  async #attempt(
    bytes: Uint8Array,
    deadline: number,
    signal: AbortSignal | undefined,
    unauthenticated: boolean,
  ): Promise<Attempt> {
    if (signal?.aborted) return notSent(CANCELLED, '');
    const metadata = await this.#metadata(deadline, signal, unauthenticated);
    if ('code' in metadata) return metadata;
    if (this.#closed || signal?.aborted) return notSent(CANCELLED, '');
    return new Promise<Attempt>((resolve) => {
      const finish = (error: ServiceError | null, response?: Buffer) => {
        signal?.removeEventListener('abort', abort);
        resolve(error === null ? succeeded(response) : failedAttempt(error));
      };
      const call = untraced(() =>
        this.#connected().makeUnaryRequest<Buffer, Buffer>(
          EXPORT_PATH,
          asIs,
          asIs,
          Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
          metadata,
          { deadline },
          finish,
        ),
      );
      const abort = () => call.cancel();
      signal?.addEventListener('abort', abort, { once: true });
    }).catch((error: unknown) => notSent(UNAVAILABLE, String(error)));
  }

  /** What the application gives, for as long as the attempt may take. What it throws is its own, and may be secret. */
  async #metadata(
    deadline: number,
    signal: AbortSignal | undefined,
    unauthenticated: boolean,
  ): Promise<Metadata | FailedAttempt> {
    const { metadata, askHeaders } = this.#options;
    if (askHeaders === undefined) return metadata.clone();
    return new Promise((resolve) => {
      const finish = (result: Metadata | FailedAttempt) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        resolve(result);
      };
      const abort = () => finish(notSent(CANCELLED, ''));
      const timer = setTimeout(
        () => finish(notSent(UNAVAILABLE, 'the headers callback did not answer in time')),
        Math.max(0, deadline - this.#now()),
      ).unref();
      signal?.addEventListener('abort', abort, { once: true });
      askHeaders({ unauthenticated }).then(finish, (error: unknown) =>
        finish(notSent(UNAVAILABLE, `the headers callback failed: ${shownError(error)}`)),
      );
    });
  }

  /**
   * Whoever renews certificates writes files; a connection that was made keeps the old ones until it is made anew. No
   * request waits for the disk: what is found is for the next one.
   */
  #renewCredentials(): void {
    if (this.#renewed) {
      this.#renewed = false;
      this.#disconnect();
    }
    const now = this.#now();
    const since = now - this.#lookedAt;
    // The clock of the machine may be set back.
    if (since >= 0 && since < LOOK_MILLIS) return;
    this.#lookedAt = now;
    void this.#options.credentials.refresh().then((changed) => {
      this.#renewed ||= changed;
    });
  }

  onReady(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  recreate(): void {
    this.#disconnect();
    // Connects without waiting for the next call: whoever is backing off is woken by it.
    if (!this.#closed) this.#connected().getChannel().getConnectivityState(true);
  }

  close(): void {
    this.#closed = true;
    this.#disconnect();
    this.#listeners.clear();
  }

  #disconnect(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.close();
  }

  #connected(): Client {
    if (this.#client !== undefined) return this.#client;
    const { target, credentials, compression } = this.#options;
    const client = new Client(target, credentials.current, {
      ...CHANNEL_OPTIONS,
      ...(compression === 'gzip' && { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip }),
    });
    this.#client = client;
    this.#watch(client);
    return client;
  }

  /** Follows the state of the connection; without a deadline, since grpc-js holds the process for one. */
  #watch(client: Client): void {
    const channel = client.getChannel();
    const state = channel.getConnectivityState(false);
    channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, (error) => {
      if (error !== undefined || client !== this.#client) return;
      if (this.ready) for (const listener of this.#listeners) listener();
      this.#watch(client);
    });
  }
}

/** Nothing went out. */
function notSent(code: number, details: string): FailedAttempt {
  return { ok: false, code, details, retryDelayMillis: undefined };
}

/** What kind of error it is: our own check says which header is wrong, anybody else's text is not shown. */
function shownError(error: unknown): string {
  const { name, code, message } = (error ?? {}) as { name?: unknown; code?: unknown; message?: unknown };
  if (code === 'OSTINATO_INVALID_OPTION') return String(message);
  return [name ?? typeof error, code].filter((part) => part !== undefined).join(' ');
}

function succeeded(response: Buffer | undefined): Attempt {
  return { ok: true, ...partialSuccess(response ?? new Uint8Array(0)) };
}
