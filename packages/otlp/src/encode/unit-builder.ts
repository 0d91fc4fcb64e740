import type { Unit } from '../unit.ts';
import type { EncodedResource } from './resource.ts';
import { exportMetricsServiceRequest, resourceMetrics, scopeMetrics, tag } from './schema.ts';
import { varintSize, Writer } from './writer.ts';

const RESOURCE_METRICS = tag(exportMetricsServiceRequest, 'resourceMetrics');
const SCOPE_METRICS = tag(resourceMetrics, 'scopeMetrics');
const METRICS = tag(scopeMetrics, 'metrics');

/** What surrounds the metrics of a scope: the fields of ScopeMetrics before and after them. */
export interface EncodedScope {
  readonly header: Uint8Array;
  readonly trailer: Uint8Array;
}

/** What surrounds the points of a metric. */
export interface EncodedMetric {
  /** The fields of Metric before its data. */
  readonly header: Uint8Array;
  /** The data field of Metric that holds the points, and the field of the points in it. */
  readonly dataTag: number;
  readonly pointTag: number;
  /** The fields of the data after its points. */
  readonly trailer: Uint8Array;
}

/** Points of one metric that follow one another in the buffer. */
interface Run {
  readonly scope: EncodedScope;
  readonly metric: EncodedMetric;
  readonly from: number;
  readonly to: number;
}

const NOTHING = new DataView(new ArrayBuffer(0));

/** Whose gathered points are not copied yet: where they lie they are changed by whoever comes next. */
let gathering: UnitBuilder | undefined;

/** Size of a length-delimited field with a tag of one byte. */
const field = (size: number): number => 1 + varintSize(size) + size;

/** The same of one that lies there. */
function fieldSize(bytes: Uint8Array, from: number): number {
  let at = from + 1;
  let size = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] as number;
    size += (byte & 0x7f) << shift;
    if (byte < 0x80) return at + size - from;
  }
}

const metricSize = (metric: EncodedMetric, points: number): number =>
  metric.header.length + field(points + metric.trailer.length);

/**
 * Collects points into units of at most `maxBytes`. Only points are written as they come; the metrics, scopes and
 * the resource around them are laid round them when a unit is complete, and again round those of the next.
 */
export class UnitBuilder {
  /** Where points are written, between `begin` and `end`. Grown twice it holds 256 KiB and a point more. */
  readonly writer = new Writer(17 * 1024);
  readonly #resource: EncodedResource;
  readonly #maxBytes: number;
  readonly #finished: Unit[] = [];

  /** The unit's complete runs; the current one begins at `#from`. */
  #runs: Run[] = [];
  #points = 0;
  /** Of the length of the last point: the next one's is likely to be as wide. */
  #width = 1;
  /** Points that were added and not copied yet, so many; they lie one after the other. */
  #source: DataView = NOTHING;
  #first = 0;
  #last = 0;
  #gathered = 0;
  #from = 0;
  /** The end of the last complete point: what was written after it and not ended is forgotten. */
  #end = 0;
  #scope: EncodedScope | undefined;
  #metric: EncodedMetric | undefined;
  /** Bytes of the complete scopes in the unit, and of the complete metrics in the current scope. */
  #scopesSize = 0;
  #metricsSize = 0;

  constructor(resource: EncodedResource, maxBytes: number) {
    this.#resource = resource;
    this.#maxBytes = maxBytes;
  }

  /** The following metrics are of this scope. */
  scope(scope: EncodedScope): void {
    this.#endMetric();
    this.#endScope();
    this.#scope = scope;
  }

  /** The following points are of this metric. Without points it is not sent. */
  metric(metric: EncodedMetric): void {
    this.#endMetric();
    this.#metric = metric;
  }

  /**
   * Adds a point that lies encoded in `source`, tag and length included. Those that follow one another there are copied
   * as one, at the latest before a unit is taken; until then they must not change.
   */
  add(source: DataView, from: number, to: number): void {
    if (from !== this.#last || source !== this.#source || gathering !== this) {
      if (gathering !== undefined) gathering.#gather();
      gathering = this;
      this.#source = source;
      this.#first = from;
    }
    this.#last = to;
    this.#gathered++;
  }

  /** Begins a point; returns what `end` needs. */
  begin(): number {
    this.#gather();
    this.writer.length = this.#end;
    this.writer.byte(this.#metric?.pointTag ?? 0);
    return this.writer.open(this.#width);
  }

  /** Ends a point. If the unit becomes too large with it, the unit is finished before it. */
  end(at: number): void {
    this.writer.close(at, this.#width);
    this.#width = varintSize(this.writer.length - at - this.#width);
    this.#complete();
  }

  /** Finishes the last unit. */
  flush(): void {
    this.#gather();
    if (this.#points > 0) this.#finishBefore(this.#end);
  }

  /** The oldest finished unit that was not taken yet. */
  take(): Unit | undefined {
    this.#gather();
    return this.#finished.shift();
  }

  /** Copies what was gathered: all at once, or point by point where a unit ends among them. */
  #gather(): void {
    if (this.#gathered === 0) return;
    gathering = undefined;
    const { writer } = this;
    const points = new Uint8Array(this.#source.buffer, this.#first, this.#last - this.#first);
    const count = this.#gathered;
    this.#gathered = 0;
    const end = this.#end + points.length;
    if (this.#size(end) <= this.#maxBytes) {
      writer.length = this.#end;
      writer.raw(points);
      this.#end = end;
      this.#points += count;
      return;
    }
    for (let from = 0; from < points.length; ) {
      const to = from + fieldSize(points, from);
      writer.length = this.#end;
      writer.raw(points.subarray(from, to));
      this.#complete();
      from = to;
    }
  }

  /** A point was written. */
  #complete(): void {
    const before = this.#end;
    this.#end = this.writer.length;
    this.#points++;
    if (this.#points > 1 && this.#size(this.#end) > this.#maxBytes) this.#finishBefore(before);
  }

  #endMetric(): void {
    this.#gather();
    const scope = this.#scope;
    const metric = this.#metric;
    if (scope !== undefined && metric !== undefined && this.#end > this.#from) {
      this.#runs.push({ scope, metric, from: this.#from, to: this.#end });
      this.#metricsSize += field(metricSize(metric, this.#end - this.#from));
      this.#from = this.#end;
    }
  }

  #endScope(): void {
    const scope = this.#scope;
    if (scope !== undefined && this.#metricsSize > 0) {
      this.#scopesSize += field(scope.header.length + this.#metricsSize + scope.trailer.length);
      this.#metricsSize = 0;
    }
  }

  /** Of the unit, complete, with the points before `end`. */
  #size(end: number): number {
    const resource = this.#resource;
    const scope = this.#scope;
    const metric = this.#metric;
    let metrics = this.#metricsSize;
    if (metric !== undefined) metrics += field(metricSize(metric, end - this.#from));
    let scopes = this.#scopesSize;
    if (scope !== undefined) scopes += field(scope.header.length + metrics + scope.trailer.length);
    return field(resource.header.length + scopes + resource.trailer.length);
  }

  /** Makes a unit of the points before `end`; the rest, one point of the current metric or nothing, is the next one's. */
  #finishBefore(end: number): void {
    const rest = this.#end - end;
    this.#end = end;
    this.#endMetric();
    this.#endScope();
    this.#finished.push({
      bytes: this.#assemble(),
      points: rest === 0 ? this.#points : this.#points - 1,
      resource: this.#resource.identity,
    });
    this.writer.bytes.copyWithin(0, end, end + rest);
    this.#end = rest;
    this.#runs = [];
    this.#points = rest === 0 ? 0 : 1;
    this.#from = 0;
    this.#scopesSize = 0;
  }

  #assemble(): Uint8Array {
    const { header, trailer } = this.#resource;
    const size = header.length + this.#scopesSize + trailer.length;
    // A little more, so that reserving for a varint near the end does not grow the buffer.
    const out = new Writer(field(size) + 16);
    out.byte(RESOURCE_METRICS);
    out.varint(size);
    out.raw(header);
    for (let first = 0; first < this.#runs.length; ) first = this.#assembleScope(out, first);
    out.raw(trailer);
    return new Uint8Array(out.bytes.buffer, 0, out.length);
  }

  /** Writes the scope whose runs begin at `first`; returns where the next one's begin. */
  #assembleScope(out: Writer, first: number): number {
    const runs = this.#runs;
    const scope = (runs[first] as Run).scope;
    let size = scope.header.length + scope.trailer.length;
    let next = first;
    for (; runs[next]?.scope === scope; next++) {
      const { metric, from, to } = runs[next] as Run;
      size += field(metricSize(metric, to - from));
    }
    out.byte(SCOPE_METRICS);
    out.varint(size);
    out.raw(scope.header);
    for (let i = first; i < next; i++) this.#assembleMetric(out, runs[i] as Run);
    out.raw(scope.trailer);
    return next;
  }

  #assembleMetric(out: Writer, { metric, from, to }: Run): void {
    out.byte(METRICS);
    out.varint(metricSize(metric, to - from));
    out.raw(metric.header);
    out.byte(metric.dataTag);
    out.varint(to - from + metric.trailer.length);
    out.raw(this.writer.bytes.subarray(from, to));
    out.raw(metric.trailer);
  }
}
