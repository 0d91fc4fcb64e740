import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodePoints, type Point } from '@ostinato/testing';
import { fromLine } from '../../../packages/otlp/src/encode/json-lines.ts';
import { binary } from './binaries.ts';
import { Child, freePort } from './child.ts';

export interface OtelcolOptions {
  /** `memory_limiter` with a limit that is always exceeded. */
  readonly refusing?: boolean;
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string };
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** An OTLP/HTTP endpoint that it sends to. */
  readonly forwardTo?: string;
}

type Signal = 'metrics' | 'traces';

/** A span that it took, as the protocol's JSON has it. */
export interface Span {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
}

interface SpansRequest {
  readonly resourceSpans: readonly {
    readonly resource: {
      readonly attributes: readonly { readonly key: string; readonly value: { stringValue?: string } }[];
    };
    readonly scopeSpans: readonly { readonly spans: readonly Omit<Span, 'service'>[] }[];
  }[];
}

/** A real OpenTelemetry Collector that writes what it accepts to files. It keeps its ports over its lives. */
export class Otelcol {
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly #healthPort: number;
  readonly #directory: string;
  #child: Child | undefined;
  #lives = 0;

  private constructor(directory: string, [grpc, http, health]: readonly number[]) {
    this.#directory = directory;
    this.grpcPort = grpc as number;
    this.httpPort = http as number;
    this.#healthPort = health as number;
  }

  static async make(directory: string): Promise<Otelcol> {
    return new Otelcol(directory, [await freePort(), await freePort(), await freePort()]);
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.grpcPort}`;
  }

  get output(): string {
    return this.#child?.output ?? '';
  }

  async start(options: OtelcolOptions = {}): Promise<this> {
    const config = this.#config(options, this.#lives++);
    this.#child = new Child(binary('otelcol'), [`--config=yaml:${JSON.stringify(config)}`]);
    await this.#child.ready(`http://127.0.0.1:${this.#healthPort}/`);
    return this;
  }

  /** SIGTERM: it finishes what it accepted. */
  async stop(signal?: NodeJS.Signals): Promise<void> {
    await this.#child?.end(signal);
  }

  /** It keeps its connections and does nothing. */
  freeze(): void {
    this.#child?.signal('SIGSTOP');
  }

  thaw(): void {
    this.#child?.signal('SIGCONT');
  }

  /** Everything that it wrote of metrics so far, request by request, as the JSON that it is. */
  requests(): object[] {
    return this.#lines('metrics').map((line) => JSON.parse(line) as object);
  }

  /** All points that it wrote so far. */
  points(): Point[] {
    return this.#lines('metrics').flatMap((line) => decodePoints(fromLine(line)));
  }

  /** All spans that it wrote so far. */
  spans(): Span[] {
    return this.#lines('traces')
      .flatMap((line) => (JSON.parse(line) as SpansRequest).resourceSpans)
      .flatMap(({ resource, scopeSpans }) => {
        const service =
          resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
        return scopeSpans.flatMap(({ spans }) => spans.map((span) => ({ ...span, service })));
      });
  }

  #lines(signal: Signal): string[] {
    const files = Array.from({ length: this.#lives }, (_, life) => this.#file(signal, life));
    return files
      .filter((file) => existsSync(file))
      .flatMap((file) => {
        // The last line may be half written.
        const text = readFileSync(file, 'utf8');
        return text
          .slice(0, text.lastIndexOf('\n') + 1)
          .split('\n')
          .slice(0, -1);
      });
  }

  #file(signal: Signal, life: number): string {
    return join(this.#directory, `${signal}-${life}.jsonl`);
  }

  #config({ refusing, tls, host = '127.0.0.1', forwardTo }: OtelcolOptions, life: number): object {
    const file = (signal: Signal) => ({ path: this.#file(signal, life), flush_interval: '50ms' });
    const server = tls && {
      cert_file: tls.cert,
      key_file: tls.key,
      ...(tls.clientCa !== undefined && { client_ca_file: tls.clientCa }),
    };
    return {
      receivers: {
        otlp: {
          protocols: {
            grpc: { endpoint: `${host}:${this.grpcPort}`, ...(server && { tls: server }) },
            http: { endpoint: `${host}:${this.httpPort}` },
          },
        },
      },
      processors: {
        memory_limiter: { check_interval: '50ms', limit_mib: refusing ? 1 : 4000, spike_limit_mib: 0 },
      },
      exporters: {
        file: file('metrics'),
        'file/spans': file('traces'),
        ...(forwardTo !== undefined && {
          otlp_http: {
            endpoint: forwardTo,
            compression: 'none',
            sending_queue: { num_consumers: 1, queue_size: 10_000 },
            retry_on_failure: { initial_interval: '100ms', max_interval: '1s', max_elapsed_time: '0s' },
          },
        }),
      },
      extensions: { health_check: { endpoint: `127.0.0.1:${this.#healthPort}` } },
      service: {
        extensions: ['health_check'],
        telemetry: { metrics: { level: 'none' } },
        pipelines: {
          metrics: {
            receivers: ['otlp'],
            processors: ['memory_limiter'],
            exporters: ['file', ...(forwardTo === undefined ? [] : ['otlp_http'])],
          },
          traces: { receivers: ['otlp'], exporters: ['file/spans'] },
        },
      },
    };
  }
}
