import type { LineContext } from './context.ts';
import { codeOf } from './files.ts';
import { isIntact, NEWLINE, pointsOf, unitLines } from './format.ts';
import type { Line } from './line.ts';
import type { PackedWriter } from './packed.ts';
import { type RawLine, readLines } from './reader.ts';
import { type Changes, rewrite } from './rewrite.ts';
import type { Segment } from './segment.ts';
import { isDamage, openSource } from './source.ts';
import { type Keep, type Sifted, sift } from './thin.ts';

/** A smaller file takes no less on disk when it is packed. */
const SMALLEST = 4096;
const CHUNK = 256 * 1024;
const SLICE_MILLIS = 2;
/** In how many of the segments that follow a later point of a series is looked for. */
const REACH = 16;
/** A pass that leaves out less than one in so many points is not worth the writing. */
const WORTH = 8;

type Way = 'halve' | 'keep last' | 'keep last, no deltas';

/** What is known of a segment. */
interface Note {
  /** How often its points were halved. */
  readonly level: number;
  /** Ways that would leave out too little. */
  readonly vain: Set<Way>;
}

interface Candidate {
  readonly line: Line;
  readonly segment: Segment;
}

interface Task {
  readonly segment: Segment;
  readonly do: () => Promise<unknown>;
}

/**
 * Keeps the closed segments small, in the background and one at a time: packs them, and thins what is cumulative when
 * it is too old or there is too much. Thinning leaves out points that a later one of the same series stands for, so
 * that resolution is lost and no total. First every segment loses every other point, the least thinned first and
 * the oldest of these; when that leaves out little, the oldest keep only what no later segment has.
 */
export class Housekeeper {
  readonly #context: LineContext;
  readonly #maxBytes: number;
  readonly #maxAge: number;
  readonly #notes = new WeakMap<Segment, Note>();
  readonly #damaged = new WeakSet<Segment>();
  #running: Promise<void> | undefined;

  /** Thins while there are more bytes than `maxBytes`, and what is older than `maxAge`. */
  constructor(context: LineContext, maxBytes: number, maxAge: number) {
    this.#context = context;
    this.#maxBytes = maxBytes;
    this.#maxAge = maxAge;
  }

  /** Does what there is to do. What fails is tried again when it is called again. Never rejects. */
  run(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run(): Promise<void> {
    // Whoever appends comes first.
    await undefined;
    for (let task = this.#next(); task; task = this.#next()) {
      try {
        await task.do();
      } catch (error) {
        // There is no room for a copy, say: the segment stays as it is. What is damaged, or no OTLP (an error of ours has
        // no code), is its reader's affair.
        if (codeOf(error) !== '' && !isDamage(error)) return;
        this.#damaged.add(task.segment);
      }
    }
  }

  #next(): Task | undefined {
    const { closed, lines } = this.#context;
    if (closed) return undefined;
    const thinnable: Candidate[] = [];
    let held = 0;
    for (const line of lines) {
      held += line.bytes;
      for (const segment of line.closedSegments) {
        if (this.#damaged.has(segment)) continue;
        if (segment.packed === undefined && segment.size > SMALLEST && !line.reads(segment)) {
          return { segment, do: () => this.#pack(line, segment) };
        }
        if (segment.cumulative) thinnable.push({ line, segment });
      }
    }
    const oldest = this.#context.now() - this.#maxAge;
    const old = thinnable.filter(({ segment }) => segment.newest < oldest);
    return (
      this.#taskOf(old, 'keep last, no deltas') ??
      (held > this.#maxBytes ? this.#nextToThin(thinnable) : undefined)
    );
  }

  #nextToThin(thinnable: readonly Candidate[]): Task | undefined {
    const byAge = [...thinnable].sort((a, b) => a.segment.newest - b.segment.newest);
    const level = ({ segment }: Candidate) => this.#note(segment).level;
    const byLevel = [...byAge].sort((a, b) => level(a) - level(b));
    return this.#taskOf(byLevel, 'halve') ?? this.#taskOf(byAge, 'keep last');
  }

  #taskOf(candidates: readonly Candidate[], way: Way): Task | undefined {
    const first = candidates.find(({ segment }) => !this.#note(segment).vain.has(way));
    return first && { segment: first.segment, do: () => this.#thin(first.line, first.segment, way) };
  }

  #note(segment: Segment): Note {
    const note = this.#notes.get(segment) ?? { level: 0, vain: new Set() };
    this.#notes.set(segment, note);
    return note;
  }

  #pack(line: Line, segment: Segment): Promise<boolean> {
    return rewrite(this.#context, line, segment, async (writer) => {
      await this.#copy(segment, segment.size, writer);
      return { size: segment.size, units: 0, points: 0 };
    });
  }

  async #copy(segment: Segment, size: number, writer: PackedWriter): Promise<void> {
    const source = openSource(this.#context.files, segment.path, 0);
    try {
      for (let left = size; left > 0; ) {
        const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK, left));
        const count = await source.read(chunk);
        if (this.#context.closed) throw new Error('closed');
        if (count === 0) throw Object.assign(new Error(`${segment.path} was cut off`), { code: 'EIO' });
        await writer.write(chunk.subarray(0, count));
        left -= count;
      }
    } finally {
      source.close();
    }
  }

  async #thin(line: Line, segment: Segment, way: Way): Promise<void> {
    const { level, vain } = this.#note(segment);
    const from = line.fixed(segment);
    if (from === undefined) return;
    const census = await this.#census(segment, from);
    const later = way === 'halve' ? undefined : await this.#seriesAfter(line, segment, census.series);
    const noDeltas = way === 'keep last, no deltas';
    const { gain, all } = gainOf(census, later, noDeltas);
    if (gain === 0 || (!noDeltas && gain * WORTH < all)) {
      vain.add(way);
      return;
    }
    let deltas = 0;
    const keep: Keep = (series, isDelta) => {
      if (series === undefined) {
        if (isDelta && noDeltas) deltas++;
        return !(isDelta && noDeltas);
      }
      const left = census.series.get(series) ?? 1;
      census.series.set(series, left - 1);
      return later ? left === 1 && !later.has(series) : left % 2 === 1;
    };
    const { size, path } = segment;
    let points = 0;
    const done = await rewrite(this.#context, line, segment, async (writer) => {
      const changes = await this.#sift(segment, from, keep, writer);
      points = changes.points;
      return changes;
    });
    // Halving goes on, one level further. What is read on meanwhile is gone soon.
    if (done && way === 'halve') this.#notes.set(segment, { level: level + 1, vain });
    else vain.add(way);
    if (!done) return;
    const bytes = size - segment.size;
    this.#context.dropped({ reason: 'thinned', points: points - deltas, bytes, path });
    if (deltas > 0) this.#context.dropped({ reason: 'age', points: deltas, bytes: 0, path });
  }

  /** Writes a segment as it is up to `from`, and then what `keep` is for. */
  async #sift(segment: Segment, from: number, keep: Keep, writer: PackedWriter): Promise<Changes> {
    await this.#copy(segment, from, writer);
    let size = from;
    let [units, points] = [0, 0];
    for await (const { bytes, whole } of this.#lines(segment, from)) {
      if (bytes === undefined) throw Object.assign(new Error(`damage in ${segment.path}`), { code: 'EIO' });
      const before = isIntact(bytes) ? pointsOf(bytes) : undefined;
      const sifted = before === undefined ? undefined : await this.#sifted(bytes, keep);
      let line: Uint8Array = whole ? Buffer.concat([bytes, NEWLINE_BYTES]) : bytes;
      if (before !== undefined && sifted && sifted.left > 0) {
        const { text, left } = sifted;
        points += text === undefined ? before : left;
        if (text === undefined) units++;
        line = text === undefined ? NOTHING : unitLines([{ text, points: before - left }]);
      }
      size += line.length;
      if (line.length > 0) await writer.write(line);
    }
    return { size, units, points };
  }

  /** How many points of each series there are in a segment, and how many deltas. */
  async #census(segment: Segment, from: number): Promise<Census> {
    const series = new Map<string, number>();
    const census = { series, deltas: 0, others: 0 };
    await this.#each(segment, from, (one, isDelta) => {
      if (one !== undefined) series.set(one, (series.get(one) ?? 0) + 1);
      else if (isDelta) census.deltas++;
      else census.others++;
      return true;
    });
    return census;
  }

  /** Those of some series that have later points in the segments that follow. */
  async #seriesAfter(
    line: Line,
    segment: Segment,
    series: ReadonlyMap<string, number>,
  ): Promise<ReadonlySet<string>> {
    const later = new Set<string>();
    // Not in the one that is written: a power failure may take what was appended last.
    const following = line.closedSegments.filter(({ number }) => number > segment.number);
    for (const next of following.slice(0, REACH)) {
      if (later.size === series.size) break;
      await this.#each(next, 0, (one) => {
        if (one !== undefined && series.has(one)) later.add(one);
        return true;
      });
    }
    return later;
  }

  async #each(segment: Segment, from: number, see: Keep): Promise<void> {
    for await (const { bytes } of this.#lines(segment, from)) {
      if (bytes && isIntact(bytes) && pointsOf(bytes) !== undefined) await this.#sifted(bytes, see);
    }
  }

  /** Lets the event loop have its turns: a line may hold thousands of points. */
  async #sifted(line: Buffer, keep: Keep): Promise<Sifted> {
    const steps = sift(line.toString(), keep);
    let since = performance.now();
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
      if (performance.now() - since < SLICE_MILLIS) continue;
      // What is half done may be left when the process has nothing else to do.
      await new Promise<void>((resolve) => void setImmediate(resolve).unref());
      since = performance.now();
    }
  }

  async *#lines(segment: Segment, from: number): AsyncGenerator<RawLine, undefined> {
    for await (const line of readLines(this.#context.files, segment.path, from, segment.size)) {
      if (this.#context.closed) throw new Error('closed');
      yield line;
    }
  }
}

interface Census {
  readonly series: Map<string, number>;
  readonly deltas: number;
  readonly others: number;
}

/** How many points can be left out, of how many. */
function gainOf(
  { series, deltas, others }: Census,
  later: ReadonlySet<string> | undefined,
  noDeltas: boolean,
): { readonly gain: number; readonly all: number } {
  let gain = noDeltas ? deltas : 0;
  let all = deltas + others;
  for (const [one, count] of series) {
    all += count;
    if (later) gain += later.has(one) ? count : count - 1;
    else gain += count >> 1;
  }
  return { gain, all };
}

const NOTHING = new Uint8Array();
const NEWLINE_BYTES = Uint8Array.of(NEWLINE);
