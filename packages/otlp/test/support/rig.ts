import { ManualClock, type ManualTimer } from '@ostinato/testing';
import type { OtlpMetricExporterOptions } from '../../src/config/options.ts';
import type { ExportResult } from '../../src/deliver/accept.ts';
import type { Runtime } from '../../src/deliver/runtime.ts';
import { decodeRequest } from '../../src/encode/decode.ts';
import type { MetricsBatch } from '../../src/encode/sdk-types.ts';
import { OtlpMetricExporter, type Parts } from '../../src/exporter.ts';
import type { AppendResult, FallbackLog, LogLine } from '../../src/log/log.ts';
import type { Attempt, Transport } from '../../src/transport/transport.ts';
import type { Unit } from '../../src/unit.ts';

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

interface StoredLine {
  readonly resource: string;
  units: Unit[];
  alive: boolean;
}

/** A disk that outlives exporters. */
export class FakeDisk {
  readonly lines: StoredLine[] = [];
  /** Why nothing can be written, if so. */
  broken: string | undefined;
  appends = 0;

  /** The log of one process. */
  open(): FallbackLog & { die(): void } {
    const disk = this;
    const mine = new Map<string, StoredLine>();
    const held: StoredLine[] = [];
    const own = (resource: string) => {
      let line = mine.get(resource);
      if (line === undefined) {
        line = { resource, units: [], alive: true };
        mine.set(resource, line);
        held.push(line);
        disk.lines.push(line);
      }
      return line;
    };
    const release = () => {
      for (const line of held) line.alive = false;
    };
    return {
      line: (resource) => new FakeLine(disk, resource, () => own(resource)),
      adopt() {
        const found = disk.lines.filter((line) => !line.alive && line.units.length > 0);
        for (const line of found) line.alive = true;
        held.push(...found);
        return Promise.resolve(found.map((line) => new FakeLine(disk, line.resource, () => line)));
      },
      get bytes() {
        return held.reduce(
          (sum, { units }) => sum + units.reduce((all, { bytes }) => all + bytes.length, 0),
          0,
        );
      },
      close: release,
      die() {
        release();
        // What is on the disk stays as it is, whatever the dead process would still do.
        for (const line of held) {
          const at = disk.lines.indexOf(line);
          if (at >= 0) disk.lines[at] = { ...line, units: [...line.units] };
        }
      },
    };
  }

  get points(): number {
    return this.lines.reduce((sum, { units }) => sum + pointsOf(units), 0);
  }
}

function pointsOf(units: readonly Unit[]): number {
  return units.reduce((sum, { points }) => sum + points, 0);
}

class FakeLine implements LogLine {
  readonly resource: string;
  readonly #disk: FakeDisk;
  readonly #stored: () => StoredLine;
  #peeked: Unit | undefined;

  constructor(disk: FakeDisk, resource: string, stored: () => StoredLine) {
    this.resource = resource;
    this.#disk = disk;
    this.#stored = stored;
  }

  get pending(): number {
    return this.#stored().units.length;
  }

  get points(): number {
    return pointsOf(this.#stored().units);
  }

  get bytes(): number {
    return this.#stored().units.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  append(units: readonly Unit[]): AppendResult {
    const { broken } = this.#disk;
    if (broken !== undefined) return { stored: false, degraded: { code: broken, message: `${broken}: no` } };
    this.#disk.appends++;
    this.#stored().units.push(...units);
    return { stored: true, durable: Promise.resolve(undefined) };
  }

  appendSync(units: readonly Unit[]): AppendResult {
    return this.append(units);
  }

  async peek(): Promise<Unit | undefined> {
    await undefined;
    this.#peeked = this.#stored().units[0];
    return this.#peeked;
  }

  acknowledge(): void {
    const stored = this.#stored();
    if (this.#peeked === undefined || stored.units[0] !== this.#peeked)
      throw new Error('acknowledged without peek');
    stored.units.shift();
    this.#peeked = undefined;
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

/** An exporter with everything around it under control. */
export class Rig {
  readonly clock: ManualClock;
  readonly transport: FakeTransport;
  readonly disk: FakeDisk;
  readonly said: string[] = [];
  readonly exporter: OtlpMetricExporter;
  readonly die: () => void;

  constructor(
    options: Omit<OtlpMetricExporterOptions, 'fallback'> & { readonly fallback?: 'outage' | 'always' } = {},
    shared: { clock?: ManualClock; disk?: FakeDisk; random?: () => number; parts?: Partial<Parts> } = {},
  ) {
    this.clock = shared.clock ?? new ManualClock();
    this.transport = new FakeTransport(this.clock);
    this.disk = shared.disk ?? new FakeDisk();
    const log = this.disk.open();
    const say = (text: string) => void this.said.push(text);
    const { fallback: durability, ...rest } = options;
    this.exporter = new OtlpMetricExporter(
      { ...rest, ...(durability && { fallback: { directory: '/log', durability } }) },
      {
        runtime: manualRuntime(this.clock, shared.random),
        env: {},
        logger: { info: say, warn: say },
        connect: () => this.transport,
        openLog: () => log,
        ...shared.parts,
      },
    );
    this.die = () => log.die();
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
