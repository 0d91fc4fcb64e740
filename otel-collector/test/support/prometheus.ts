import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { binary } from './binaries.ts';
import { Child, freePort } from './child.ts';

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** Time in milliseconds since 1970, and value. */
  readonly samples: readonly (readonly [time: number, value: number])[];
}

export interface StoredExemplar {
  /** Of the series, `le` included. */
  readonly series: Readonly<Record<string, string>>;
  /** Its own: `trace_id`, `span_id` and filtered attributes. */
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Milliseconds since 1970. */
  readonly time: number;
}

interface Samples {
  readonly result: readonly {
    readonly metric: Record<string, string>;
    readonly value?: readonly [number, string];
    readonly values?: readonly (readonly [number, string])[];
  }[];
}

type Exemplars = readonly {
  readonly seriesLabels: Record<string, string>;
  readonly exemplars: readonly {
    readonly labels: Record<string, string>;
    readonly value: string;
    readonly timestamp: number;
  }[];
}[];

/** A real Prometheus that takes OTLP, and keeps exemplars. */
export class Prometheus {
  readonly #child: Child;
  readonly #url: string;

  private constructor(child: Child, url: string) {
    this.#child = child;
    this.#url = url;
  }

  /** With the configuration in this text, or in a file. */
  static async start(
    directory: string,
    config: string | { readonly file: string },
    flags: readonly string[] = ['--web.enable-otlp-receiver', '--enable-feature=exemplar-storage'],
  ): Promise<Prometheus> {
    mkdirSync(directory, { recursive: true });
    let file = join(directory, 'prometheus.yaml');
    if (typeof config === 'string') writeFileSync(file, config);
    else ({ file } = config);
    const address = `127.0.0.1:${await freePort()}`;
    const child = new Child(binary('prometheus'), [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=${address}`,
      ...flags,
    ]);
    const url = `http://${address}`;
    await child.ready(`${url}/-/ready`);
    return new Prometheus(child, url);
  }

  /** What a Collector sends OTLP to. */
  get otlp(): string {
    return `${this.#url}/api/v1/otlp`;
  }

  async stop(): Promise<void> {
    await this.#child.end();
  }

  /** At a time in milliseconds; the samples themselves for an expression such as `orders_total[5m]`. */
  async query(expression: string, time: number): Promise<readonly Series[]> {
    const data = await this.#ask<Samples>('query', { query: expression, time: String(time / 1000) });
    return data.result.map(({ metric, value, values = value === undefined ? [] : [value] }) => ({
      labels: metric,
      samples: values.map(([at, text]) => [Math.round(at * 1000), Number(text)] as const),
    }));
  }

  /** The one value of an expression; undefined if there is none. */
  async value(expression: string, time: number): Promise<number | undefined> {
    const [series, ...others] = await this.query(expression, time);
    if (others.length > 0) throw new Error(`${expression} has ${others.length + 1} results`);
    return series?.samples[0]?.[1];
  }

  /** The exemplars of the series that a selector such as `orders_total{type="a"}` finds, of all times. */
  async exemplars(selector: string): Promise<readonly StoredExemplar[]> {
    const all = { start: '0', end: String(Date.now() / 1000 + 3600) };
    const data = await this.#ask<Exemplars>('query_exemplars', { query: selector, ...all });
    return data.flatMap(({ seriesLabels, exemplars }) =>
      exemplars.map(({ labels, value, timestamp }) => ({
        series: seriesLabels,
        labels,
        value: Number(value),
        time: Math.round(timestamp * 1000),
      })),
    );
  }

  async #ask<T>(what: string, parameters: Readonly<Record<string, string>>): Promise<T> {
    const response = await fetch(`${this.#url}/api/v1/${what}?${new URLSearchParams(parameters)}`);
    const { status, error, data } = (await response.json()) as { status: string; error?: string; data: T };
    if (status !== 'success') throw new Error(`${parameters.query}: ${error}`);
    return data;
  }
}
