import { Buffer } from 'node:buffer';
import { setTimeout as delay } from 'node:timers/promises';
import { Metadata, Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { OstinatoError } from '@ostinato/core';
import { type Answer, status, success } from './answers.ts';
import { Door } from './door.ts';
import { Ledger } from './ledger.ts';
import { decodePoints, type Point } from './points.ts';
import { exportResponse, statusWithRetryInfo } from './wire.ts';

const EXPORT_PATH = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';
// The longest delay of setTimeout: a drained connection is given all the time it wants.
const NO_HURRY = 2 ** 31 - 1;

/** One export request, in order of arrival. */
export interface ReceivedRequest {
  /** From 0, in order of arrival. */
  readonly index: number;
  /** The protobuf message, decompressed. */
  readonly bytes: Uint8Array;
  /** Headers in lower case. */
  readonly metadata: Readonly<Record<string, string>>;
  /** When it arrived, `performance.now()`. */
  readonly receivedAt: number;
  /** Which connection it came on, counted from 0; `undefined` if that was gone already. */
  readonly connection: number | undefined;
  /** What it was answered; `undefined` while the collector thinks. */
  readonly answer: Answer | undefined;
  /** Whether the collector kept the data. */
  readonly accepted: boolean;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Decides about one request; may take its time, and wait for whatever a test waits for. */
export type Script = (request: ReceivedRequest) => Answer | Promise<Answer>;

export interface CollectorOptions {
  /** Port on 127.0.0.1. Default 0: a free one that nothing else takes while the collector is away. */
  readonly port?: number;
  /** Serve TLS, PEM texts. With `clientCa` a client certificate signed by it is required. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string };
  /** Requests beyond this many bytes are refused as the real Collector refuses them. Default 4 MiB. */
  readonly maxReceiveBytes?: number;
}

interface Wait {
  readonly satisfied: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * An OTLP/gRPC metrics collector in this process that does what a test or a demo tells it: answer anything, be
 * slow, vanish, come back. Made by {@link startCollector}.
 *
 * It takes everything until told otherwise. Data counts as accepted when its answer is given, even if the client
 * no longer waits for it: as with a real receiver, the client then sends it again.
 */
export class Collector {
  readonly #door: Door;
  readonly #server: Server;
  readonly #innerAddress: string;
  readonly #scheme: string;
  readonly #maxReceiveBytes: number;
  readonly #requests: Mutable<ReceivedRequest>[] = [];
  readonly #accepted: ReceivedRequest[] = [];
  readonly #waits = new Set<Wait>();
  readonly #once: Answer[] = [];
  #script: Script = () => success();
  #life = new AbortController();
  #arrived = 0;
  #ledger = new Ledger();
  #entered = 0;
  #stopped = false;

  private constructor(server: Server, innerPort: number, options: CollectorOptions) {
    this.#server = server;
    this.#innerAddress = `127.0.0.1:${innerPort}`;
    this.#maxReceiveBytes = options.maxReceiveBytes ?? 4 * 1024 * 1024;
    this.#door = new Door(innerPort, () => this.#changed());
    this.#scheme = options.tls === undefined ? 'http' : 'https';
  }

  /** @internal {@link startCollector} is the public way. */
  static async start(options: CollectorOptions): Promise<Collector> {
    // The limit is enforced by the handler, in the real Collector's words.
    const server = new Server({ 'grpc.max_receive_message_length': -1 });
    const innerPort = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', credentials(options.tls), (error, port) =>
        error === null ? resolve(port) : reject(error),
      );
    });
    const collector = new Collector(server, innerPort, options);
    server.register(
      EXPORT_PATH,
      (call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) =>
        collector.#receive(call, reply),
      (response: Buffer) => response,
      (request: Buffer) => request,
      'unary',
    );
    try {
      await collector.#door.listen(options.port ?? 0);
    } catch (error) {
      server.forceShutdown();
      throw error;
    }
    return collector;
  }

  /** `http://127.0.0.1:port`, or `https://` with TLS. */
  get endpoint(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return this.#door.port;
  }

  /** Every request that arrived, refused ones included, oldest first. */
  get requests(): readonly ReceivedRequest[] {
    return this.#requests;
  }

  /** The requests whose data the collector kept, in the order in which it did. */
  get accepted(): readonly ReceivedRequest[] {
    return this.#accepted;
  }

  /** Every data point that was kept, duplicates included, in the order of acceptance. */
  points(): readonly Point[] {
    return this.#accepted.flatMap(({ bytes }) => decodePoints(bytes));
  }

  /** What was kept, added up. */
  get ledger(): Ledger {
    for (const { bytes } of this.#accepted.slice(this.#entered)) this.#ledger.add(decodePoints(bytes));
    this.#entered = this.#accepted.length;
    return this.#ledger;
  }

  /** Connections: all that were ever made, and those open now. */
  get connections(): { readonly made: number; readonly open: number } {
    return { made: this.#door.accepted, open: this.#door.open };
  }

  /** Answers every request like this from now on. */
  respond(answer: Answer): void {
    this.respondWith(() => answer);
  }

  /** Decides about every request from now on. */
  respondWith(script: Script): void {
    this.#script = script;
  }

  /** Answers the next requests like this, one each, before the standing answer applies again. */
  respondOnce(...answers: readonly Answer[]): void {
    this.#once.push(...answers);
  }

  /**
   * Goes away: new connections are refused from now on. By default as a killed process does: connections break,
   * and requests without an answer are lost. `soft` is an orderly restart: GOAWAY, and running calls are answered.
   */
  vanish({ soft = false } = {}): void {
    this.#door.close();
    if (soft) this.#server.drain(this.#innerAddress, NO_HURRY);
    else this.#breakConnections();
  }

  /** Stays reachable but is of no use: connections are accepted and never answered, not even the TLS or HTTP/2 preface. */
  async blackHole(): Promise<void> {
    this.#breakConnections();
    await this.#door.listen(0, { swallowing: true });
  }

  /** Freezes the open connections, as a network that drops packets does: nothing passes, nothing is closed. */
  freeze(): void {
    this.#door.freeze();
  }

  /** Comes back on the same port after {@link vanish} or {@link blackHole}; swallowed connections break. */
  async comeBack(): Promise<void> {
    this.#door.hangUpSwallowed();
    await this.#door.listen(0);
  }

  /** Resolves when `predicate` holds; it is asked now, and after each request, answer and change of connections. */
  until(predicate: (collector: this) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const wait: Wait = { satisfied: () => predicate(this), resolve, reject };
      this.#waits.add(wait);
      this.#ask(wait);
    });
  }

  /** Resolves with all requests when at least `count` of them arrived, answered or not. */
  async received(count: number): Promise<readonly ReceivedRequest[]> {
    await this.until(() => this.#requests.length >= count);
    return this.requests;
  }

  /** Forgets what it received so far, the ledger included; `index` counts on. */
  clear(): void {
    this.#requests.length = 0;
    this.#accepted.length = 0;
    this.#ledger = new Ledger();
    this.#entered = 0;
  }

  /** Ends for good; whoever still waits for something gets an error. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.vanish();
    this.#server.forceShutdown();
    const error = new OstinatoError(
      'OSTINATO_COLLECTOR_STOPPED',
      'the collector was stopped while something waited for it',
    );
    for (const { reject } of this.#waits) reject(error);
    this.#waits.clear();
  }

  #breakConnections(): void {
    this.#life.abort();
    this.#life = new AbortController();
    this.#door.hangUpAll();
  }

  async #receive(call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>): Promise<void> {
    const { signal } = this.#life;
    const request: Mutable<ReceivedRequest> = {
      index: this.#arrived++,
      bytes: call.request,
      metadata: Object.fromEntries(
        Object.entries(call.metadata.getMap()).map(([name, value]) => [name, value.toString()]),
      ),
      receivedAt: performance.now(),
      connection: this.#door.connectionFrom(Number(call.getPeer().split(':').at(-1))),
      answer: undefined,
      accepted: false,
    };
    this.#requests.push(request);
    this.#changed();

    let answer: Answer;
    try {
      answer = await this.#decide(request);
    } catch (error) {
      // A script that fails is a mistake in the test: it must show, and not look like an outage.
      answer = status('INTERNAL', { details: `the collector's script failed: ${error}` });
    }
    if (answer.delayMillis > 0) await delay(answer.delayMillis, undefined, { signal }).catch(() => {});
    // A process that died while it was thinking neither keeps nor answers anything.
    if (signal.aborted) return;
    request.answer = answer;
    request.accepted = answer.accepted;
    if (answer.accepted) this.#accepted.push(request);
    this.#give(answer, request, reply);
    this.#changed();
  }

  #decide(request: ReceivedRequest): Answer | Promise<Answer> {
    const { bytes } = request;
    if (bytes.length > this.#maxReceiveBytes) {
      const details = `grpc: received message larger than max (${bytes.length} vs. ${this.#maxReceiveBytes})`;
      return status('RESOURCE_EXHAUSTED', { details });
    }
    return this.#once.shift() ?? this.#script(request);
  }

  #give(answer: Answer, request: ReceivedRequest, reply: sendUnaryData<Buffer>): void {
    switch (answer.kind) {
      case 'success':
        reply(null, exportResponse(answer.rejectedPoints, answer.message));
        break;
      case 'status': {
        const { code, details, retryDelayMillis } = answer;
        const metadata = new Metadata();
        if (retryDelayMillis !== undefined) {
          metadata.set('grpc-status-details-bin', statusWithRetryInfo(code, details, retryDelayMillis));
        }
        reply({ code, details, metadata });
        break;
      }
      case 'silence':
        break;
      case 'hangUp':
        if (request.connection !== undefined) this.#door.hangUp(request.connection);
        break;
      default:
        answer satisfies never;
    }
  }

  #changed(): void {
    for (const wait of this.#waits) this.#ask(wait);
  }

  #ask(wait: Wait): void {
    try {
      if (!wait.satisfied()) return;
      wait.resolve();
    } catch (error) {
      wait.reject(error as Error);
    }
    this.#waits.delete(wait);
  }
}

/**
 * Starts a collector on 127.0.0.1.
 *
 * ```ts
 * const collector = await startCollector();
 * collector.respondOnce(status('UNAVAILABLE', { retryDelayMillis: 200 }));
 * // export to collector.endpoint …
 * await collector.received(2);
 * await collector.stop();
 * ```
 */
export function startCollector(options: CollectorOptions = {}): Promise<Collector> {
  return Collector.start(options);
}

function credentials(tls: CollectorOptions['tls']): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const { cert, key, clientCa } = tls;
  return ServerCredentials.createSsl(
    clientCa === undefined ? null : Buffer.from(clientCa),
    [{ cert_chain: Buffer.from(cert), private_key: Buffer.from(key) }],
    clientCa !== undefined,
  );
}
