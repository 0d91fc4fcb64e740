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

const NOTHING = new Uint8Array(0);

/** A message around the points: its own tag, and its fields before and after what it is around. */
interface Layer {
  readonly tag: number;
  readonly header: Uint8Array;
  readonly trailer: Uint8Array;
}

/** One that was begun in the buffer. */
interface Open {
  /** Where its tag, its length and what it is around begin. */
  readonly from: number;
  readonly at: number;
  readonly content: number;
}

/** Size of the length-delimited field that lies there, with a tag of one byte. */
function fieldSize(source: DataView, from: number): number {
  let at = from + 1;
  let size = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = source.getUint8(at++);
    size += (byte & 0x7f) << shift;
    if (byte < 0x80) return at + size - from;
  }
}

/**
 * Writes points into units of at most `maxBytes`, each as it will be sent. What is around the points, resource, scope,
 * metric and its data, one in the other, is opened by the first point, closed by whatever comes after the last, and opened
 * again in the next unit.
 */
export class UnitBuilder {
  /** Where points are written, between `begin` and `end`. Grown twice it holds 256 KiB and a point more. */
  readonly writer = new Writer(17 * 1024);
  readonly #identity: string;
  readonly #maxBytes: number;
  /** Of all lengths that are still to be known but for those of points: none is longer in a unit of that size. */
  readonly #width: number;
  readonly #finished: Unit[] = [];
  /** Around the points that come; the first of them are open. */
  readonly #layers: Layer[];
  readonly #open: Open[] = [];
  /** What follows the points in any case. */
  #trailers = 0;
  #pointTag = 0;
  /** Of the length of the last point: the next one's is likely to be as wide. */
  #pointWidth = 1;
  /** Points in the unit. */
  #points = 0;
  /** The end of what is complete: a point that was begun and not ended is forgotten. */
  #end = 0;

  constructor({ identity, header, trailer }: EncodedResource, maxBytes: number) {
    this.#identity = identity;
    this.#maxBytes = maxBytes;
    this.#width = varintSize(maxBytes);
    this.#layers = [{ tag: RESOURCE_METRICS, header, trailer }];
  }

  /** The following metrics are of this scope. */
  scope({ header, trailer }: EncodedScope): void {
    this.#close(1);
    this.#around(1, { tag: SCOPE_METRICS, header, trailer });
  }

  /** The following points are of this metric. Without points it is not sent. */
  metric({ header, dataTag, pointTag, trailer }: EncodedMetric): void {
    this.#close(2);
    const data = { tag: dataTag, header: NOTHING, trailer };
    this.#around(2, { tag: METRICS, header, trailer: NOTHING }, data);
    this.#pointTag = pointTag;
  }

  /** Adds points that lie encoded in `source`, tags and lengths included, one after the other. */
  add(source: DataView, from: number, to: number, count: number): void {
    const { writer } = this;
    this.#ready();
    if (this.#fits(writer.length + to - from)) {
      writer.copy(source, from, to);
      this.#complete(count);
      return;
    }
    for (let at = from, next = at; at < to; at = next) {
      next += fieldSize(source, at);
      if (this.#points > 0 && !this.#fits(writer.length + next - at)) {
        this.#finish();
        this.#ready();
      }
      writer.copy(source, at, next);
      this.#complete(1);
    }
  }

  /** Begins a point; returns what `end` needs. */
  begin(): number {
    this.#ready();
    this.writer.byte(this.#pointTag);
    return this.writer.open(this.#pointWidth);
  }

  /** Ends a point. If the unit becomes too large with it, the unit is finished before it. */
  end(at: number): void {
    const { writer } = this;
    writer.close(at, this.#pointWidth);
    this.#pointWidth = varintSize(writer.length - at - this.#pointWidth);
    if (this.#points > 0 && !this.#fits(writer.length)) {
      const point = writer.slice(this.#end);
      this.#finish();
      this.#ready();
      writer.raw(point);
    }
    this.#complete(1);
  }

  /** Finishes the last unit. */
  flush(): void {
    if (this.#points > 0) this.#finish();
  }

  /** The oldest finished unit that was not taken yet. */
  take(): Unit | undefined {
    return this.#finished.shift();
  }

  /** Whether a unit that has that length before it is closed is small enough then. */
  #fits(length: number): boolean {
    let end = length + this.#trailers;
    if (end <= this.#maxBytes) return true;
    end = length;
    for (let depth = this.#open.length - 1; depth >= 0; depth--) {
      end += (this.#layers[depth] as Layer).trailer.length;
      const begin = (this.#open[depth] as Open).at + this.#width;
      end += varintSize(end - begin) - this.#width;
    }
    return end <= this.#maxBytes;
  }

  /** Points were written, so many. */
  #complete(points: number): void {
    this.#points += points;
    this.#end = this.writer.length;
  }

  /** From that depth on, this is around the points. */
  #around(depth: number, ...layers: readonly Layer[]): void {
    this.#layers.splice(depth, Number.POSITIVE_INFINITY, ...layers);
    this.#trailers = this.#layers.reduce((sum, { trailer }) => sum + trailer.length, 0);
  }

  /** Opens what is to be around the next point. */
  #ready(): void {
    const { writer } = this;
    writer.length = this.#end;
    for (let depth = this.#open.length; depth < this.#layers.length; depth++) {
      const { tag, header } = this.#layers[depth] as Layer;
      const from = writer.length;
      writer.byte(tag);
      const at = writer.open(this.#width);
      writer.raw(header);
      this.#open.push({ from, at, content: writer.length });
    }
    this.#end = writer.length;
  }

  /** Closes what is open from that depth on; what is around nothing is forgotten. */
  #close(depth: number): void {
    const { writer } = this;
    writer.length = this.#end;
    while (this.#open.length > depth) {
      const { from, at, content } = this.#open.pop() as Open;
      const { trailer } = this.#layers[this.#open.length] as Layer;
      if (writer.length === content) writer.length = from;
      else {
        writer.raw(trailer);
        writer.close(at, this.#width);
      }
    }
    this.#end = writer.length;
  }

  #finish(): void {
    this.#close(0);
    this.#finished.push({ bytes: this.writer.take(), points: this.#points, resource: this.#identity });
    this.#points = 0;
    this.#end = 0;
  }
}
