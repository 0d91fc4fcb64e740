import { Buffer } from 'node:buffer';
import {
  type ChannelCredentials,
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
import type { Attempt, Transport } from './transport.ts';
import { untraced } from './untraced.ts';

const EXPORT_PATH = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';
const CANCELLED = 1;
const UNAVAILABLE = 14;

export interface GrpcTransportOptions {
  /** A gRPC target, such as `collector:4317` or `unix:/run/otel.sock`. */
  readonly target: string;
  readonly credentials: ChannelCredentials;
  readonly metadata: Metadata;
  readonly compression: 'none' | 'gzip';
}

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
  #closed = false;

  constructor(options: GrpcTransportOptions) {
    this.#options = options;
  }

  get ready(): boolean {
    return this.#client?.getChannel().getConnectivityState(false) === connectivityState.READY;
  }

  send(bytes: Uint8Array, { timeoutMillis, signal }: Parameters<Transport['send']>[1]): Promise<Attempt> {
    if (this.#closed || signal?.aborted) return Promise.resolve(cancelled());
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
          this.#options.metadata.clone(),
          { deadline: Date.now() + timeoutMillis },
          finish,
        ),
      );
      const abort = () => call.cancel();
      signal?.addEventListener('abort', abort, { once: true });
    }).catch((error: unknown) => notSent(error));
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
    const client = new Client(target, credentials, {
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

function cancelled(): Attempt {
  return { ok: false, code: CANCELLED, details: '', retryDelayMillis: undefined };
}

/** grpc-js threw before anything was sent. */
function notSent(error: unknown): Attempt {
  return { ok: false, code: UNAVAILABLE, details: String(error), retryDelayMillis: undefined };
}

function succeeded(response: Buffer | undefined): Attempt {
  return { ok: true, ...partialSuccess(response ?? new Uint8Array(0)) };
}
