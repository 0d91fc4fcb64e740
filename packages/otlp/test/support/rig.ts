import { Metadata } from '@grpc/grpc-js';
import { ManualClock, type ManualTimer } from '@ostinato/testing';
import { statusWithRetryInfo } from '../../../testing/src/collector/wire.ts';
import type { OtlpMetricExporterOptions } from '../../src/config/options.ts';
import type { ExportResult } from '../../src/deliver/accept.ts';
import type { Runtime } from '../../src/deliver/runtime.ts';
import type { ExporterStatus } from '../../src/delivery.ts';
import { decodeRequest } from '../../src/encode/decode.ts';
import { fromLine, toLines } from '../../src/encode/json-lines.ts';
import type { MetricsBatch } from '../../src/encode/sdk-types.ts';
import { OtlpMetricExporter } from '../../src/exporter.ts';
import type { LogOptions } from '../../src/log/open.ts';
import type { Attempt, Transport } from '../../src/transport/transport.ts';
import { type PushExporter, withDelivery } from '../../src/with-delivery.ts';
import { stock } from '../encode/oracle.ts';
import { systemError } from '../log/memory-disk.ts';
import { type Actor, World } from '../log/world.ts';

/** Time that a test moves; chance is the middle of everything unless given. */
export function manualRuntime(clock: ManualClock, random: () => number = () => 0.5): Runtime {
  return {
    now: clock.now,
    after(millis, callback) {
      const timer = clock.setTimeout(callback, millis);
      return () => clock.clearTimeout(timer);
    },
    soon: (callback) => void clock.setImmediate(callback),
    random,
  };
}

export const OK: Attempt = { ok: true, rejectedPoints: 0, message: '' };

export function fail(code: number, details = '', retryDelayMillis?: number): Attempt {
  return { ok: false, code, details, retryDelayMillis };
}

export const REFUSED = fail(
  14,
  'No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:4317',
);

/** One attempt as a receiver saw it. */
export interface Sent {
  readonly ids: readonly string[];
  readonly at: number;
  readonly timeoutMillis: number;
}

/** Answers each attempt as `answer` says; undefined is silence until the deadline. */
export class FakeTransport implements Transport {
  ready = true;
  answer: (sent: Sent, bytes: Uint8Array) => Attempt | Promise<Attempt> | undefined = () => OK;
  readonly sent: Sent[] = [];
  inFlight = 0;
  mostInFlight = 0;
  recreated = 0;
  closed = false;
  readonly #clock: ManualClock;
  readonly #listeners = new Set<() => void>();

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  async send(
    bytes: Uint8Array,
    { timeoutMillis, signal }: Parameters<Transport['send']>[1],
  ): Promise<Attempt> {
    if (signal?.aborted || this.closed) return fail(1);
    const sent = { ids: idsOf(bytes), at: this.#clock.now(), timeoutMillis };
    this.sent.push(sent);
    this.mostInFlight = Math.max(this.mostInFlight, ++this.inFlight);
    let abort = () => {};
    const aborted = new Promise<Attempt>((resolve) => {
      abort = () => resolve(fail(1));
      signal?.addEventListener('abort', abort);
    });
    let timer: ManualTimer | undefined;
    const deadline = new Promise<Attempt>((resolve) => {
      timer = this.#clock.setTimeout(() => resolve(fail(4, 'Deadline exceeded')), timeoutMillis);
    });
    const answer = this.answer(sent, bytes);
    const attempt = await Promise.race([answer ?? deadline, aborted, deadline]);
    this.#clock.clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    this.inFlight--;
    return attempt;
  }

  onReady(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  becomeReady(): void {
    this.ready = true;
    for (const listener of this.#listeners) listener();
  }

  recreate(): void {
    this.recreated++;
  }

  close(): void {
    this.closed = true;
  }
}

/** A batch of one counter whose points carry unique ids. */
export function batchOf(ids: readonly string[], resource = 'service'): MetricsBatch {
  const time = [1_800_000_000, 0] as const;
  return {
    resource: { attributes: { 'service.name': resource } },
    scopeMetrics: [
      {
        scope: { name: 'test' },
        metrics: [
          {
            descriptor: { name: 'count', description: '', unit: '', valueType: 1 },
            aggregationTemporality: 0,
            dataPointType: 3,
            isMonotonic: true,
            dataPoints: ids.map((id) => ({ startTime: time, endTime: time, attributes: { id }, value: 1 })),
          },
        ],
      },
    ],
  } as unknown as MetricsBatch;
}

/** The ids of the points in a request, in order. */
export function idsOf(bytes: Uint8Array): string[] {
  const ids: string[] = [];
  for (const { scopeMetrics = [] } of decodeRequest(bytes).resourceMetrics ?? []) {
    for (const { metrics = [] } of scopeMetrics) {
      for (const { dataPoints = [] } of metrics.map(({ sum }) => sum ?? {})) {
        for (const { attributes = [] } of dataPoints) ids.push(attributes[0]?.value?.stringValue ?? '');
      }
    }
  }
  return ids;
}

/** A stranger's exporter in front of the same receiver: it tells what a stock one tells. */
class StrangeExporter implements PushExporter {
  readonly #transport: FakeTransport;

  constructor(transport: FakeTransport) {
    this.#transport = transport;
  }

  export(metrics: MetricsBatch, callback: (result: ExportResult) => void): void {
    void this.#transport.send(stock(metrics), { timeoutMillis: 10_000 }).then((attempt) => {
      if (attempt.ok) callback({ code: 0 });
      else callback({ code: 1, error: serviceError(attempt) });
    });
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {
    this.#transport.close();
  }
}

function serviceError({ code, details, retryDelayMillis }: Attempt & { readonly ok: false }): Error {
  const metadata = new Metadata();
  if (retryDelayMillis !== undefined) {
    metadata.set('grpc-status-details-bin', statusWithRetryInfo(code, details, retryDelayMillis));
  }
  return Object.assign(new Error(`${code}: ${details}`), { code, details, metadata });
}

/**
 * An exporter with everything around it under control: time, the receiver, and the real log on a disk in memory. Rigs
 * of one `world` are processes that share that disk.
 */
export class Rig {
  readonly clock: ManualClock;
  readonly transport: FakeTransport;
  readonly said: string[] = [];
  readonly exporter: Pick<OtlpMetricExporter, 'export' | 'forceFlush' | 'shutdown'> & {
    status(): ExporterStatus;
  };
  #process: Actor | undefined;

  constructor(
    options: Omit<OtlpMetricExporterOptions, 'fallback'> & { readonly fallback?: 'outage' | 'always' } = {},
    shared: {
      readonly clock?: ManualClock;
      readonly world?: World;
      readonly random?: () => number;
      /** Through somebody's exporter, wrapped. */
      readonly wrapped?: boolean;
    } = {},
  ) {
    this.clock = shared.clock ?? new ManualClock();
    this.transport = new FakeTransport(this.clock);
    const world = shared.world ?? new World();
    const say = (text: string) => void this.said.push(text);
    const { fallback: durability, ...rest } = options;
    const all = { ...rest, ...(durability && { fallback: { directory: '/log', durability } }) };
    const parts = {
      runtime: manualRuntime(this.clock, shared.random),
      logger: { info: say, warn: say },
      openLog: (logOptions: LogOptions) => {
        this.#process = world.start({ ...logOptions, codec: { toLines, fromLine } });
        return this.#process.log;
      },
    };
    this.exporter =
      shared.wrapped === true
        ? withDelivery(new StrangeExporter(this.transport), all, parts)
        : new OtlpMetricExporter(all, { ...parts, env: {}, connect: () => this.transport });
  }

  /** The process as its disk sees it. */
  get process(): Actor {
    if (this.#process === undefined) throw new Error('there is no log');
    return this.#process;
  }

  /** SIGKILL: what the process would still do has no effect. */
  kill(): void {
    this.transport.answer = () => new Promise(() => {});
    this.#process?.kill();
  }

  /** From now on nothing can be written to the disk; undefined mends it. */
  breakDisk(code: string | undefined): void {
    this.process.files.before = (call) => {
      if (code !== undefined && ['write', 'create', 'makeDirectory'].includes(call)) throw systemError(code);
    };
  }

  /** Exports points with these ids, and collects the results. */
  export(ids: readonly string[], resource?: string): { readonly result: ExportResult | undefined } {
    const box: { result: ExportResult | undefined } = { result: undefined };
    this.exporter.export(batchOf(ids, resource), (result) => {
      if (box.result !== undefined) throw new Error('called back twice');
      box.result = result;
    });
    return box;
  }

  get received(): string[] {
    return this.transport.sent.flatMap(({ ids }) => ids);
  }

  get account() {
    return this.exporter.status().account;
  }

  get state() {
    return this.exporter.status().state;
  }
}
