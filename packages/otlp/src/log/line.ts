import { join } from 'node:path';
import type { Unit } from '../unit.ts';
import type { Dropped, LineContext } from './context.ts';
import { Cursor } from './cursor.ts';
import { attempt, codeOf, degradedBy } from './files.ts';
import { damagedLines, headerLine, isIntact, NEWLINE, pointsOf, unitLines, VERSION } from './format.ts';
import { DAMAGED } from './kept.ts';
import type { AppendResult, LogLine } from './log.ts';
import { type Found, type Place, removeEmpty, segmentName } from './place.ts';
import { type RawLine, SegmentReader } from './reader.ts';
import type { Changes } from './rewrite.ts';
import { bytesOf, type Segment, SegmentWriter } from './segment.ts';
import { isDamage } from './source.ts';
import { CUMULATIVE } from './thin.ts';

const SAFE: Promise<undefined> = Promise.resolve(undefined);

/** The unit that the caller has: given by `peek`, or in the caller's hands when it was written. */
interface Head {
  readonly unit: Unit;
  /** How many lines of the segment it is. */
  readonly lines: number;
  /** Undefined when that is not here any more, for the reason `gone`. */
  readonly segment: Segment | undefined;
  readonly gone?: Dropped['reason'];
  /** Where in the segment the next unit begins. */
  readonly end: number;
}

const LONGEST_HEADER = { version: VERSION, created: 1e13, line: 'x'.repeat(36), number: 1e8 };

/**
 * A line is a directory of segments while it holds something, and nothing at all when it does not.
 *
 * No unit whose append answered `stored` is lost when another process takes the line, wrongly holding this one for
 * dead (it was suspended, or its clock went astray). Proof: this process writes by descriptor, and *then* looks
 * whether the segment is still at its path. The taker renames the line's directory first, and *then* reads sizes and
 * contents. If the path is still there after the write, the rename came later, and so the taker reads what was
 * written. If it is not, the unit is written anew into a line of its own, and perhaps delivered twice. What was stored
 * before is the taker's. An acknowledgement that comes late moves a cursor over what was delivered: no harm.
 */
export class Line implements LogLine {
  readonly resource: string;
  readonly #context: LineContext;
  /** The most that a header can take. */
  readonly #headerBytes: number;
  #place: Place | undefined;
  #segments: Segment[];
  #lastNumber: number;
  #cursor: Cursor | undefined;
  /** How far the first segment is done with. */
  #offset: number;
  #reader: SegmentReader | undefined;
  #head: Head | undefined;
  #peeking: Promise<Unit | undefined> | undefined;

  /** `found` is what is on disk of an adopted line, and how far its first segment is done with. */
  constructor(context: LineContext, resource: string, found?: Found) {
    this.#context = context;
    this.resource = resource;
    this.#headerBytes = headerLine({ ...LONGEST_HEADER, resource }).length;
    this.#place = found?.place;
    this.#cursor = found?.cursor;
    this.#segments = found ? [...found.segments] : [];
    this.#lastNumber = this.#segments.at(-1)?.number ?? 0;
    this.#offset = found?.offset ?? 0;
    if (this.#segments.length > 0) context.lines.add(this);
  }

  get pending(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.units, this.#alone ? 1 : 0);
  }

  get points(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.points, this.#alone?.unit.points ?? 0);
  }

  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + bytesOf(segment), 0);
  }

  /** When something was last written to its oldest segment. */
  get oldest(): number | undefined {
    return this.#segments[0]?.newest;
  }

  /** Whether its oldest segment may have points that later ones stand for. */
  get isCumulative(): boolean {
    return this.#segments[0]?.cumulative === true;
  }

  /** Those that nobody writes to any more, oldest first. */
  get closedSegments(): readonly Segment[] {
    return this.#segments.filter(({ writer }) => !writer);
  }

  /** Whether a segment is the one that is sent from. */
  reads(segment: Segment): boolean {
    return segment === this.#segments[0];
  }

  /** Up to where a segment must stay as it is, because that was acknowledged or given; undefined if it is gone. */
  fixed(segment: Segment): number | undefined {
    if (!this.#segments.includes(segment)) return undefined;
    if (this.#head?.segment === segment) return this.#head.end;
    return this.reads(segment) ? this.#offset : 0;
  }

  /** A segment is packed now, and what is in it was changed. */
  replaced(segment: Segment, path: string, packed: number, { size, units, points }: Changes): void {
    Object.assign(segment, { path, packed, size });
    if (points === 0) return;
    this.#settle(segment, units, points);
    if (this.reads(segment)) {
      this.#reader?.close();
      this.#reader = undefined;
    } else if (segment.units === 0) {
      this.#segments = this.#segments.filter((other) => other !== segment);
      attempt(() => this.#context.files.remove(path));
    }
  }

  /** Removes the directory of a line that has ended, if something was in its way then. */
  removePlace(path: string): void {
    if (path !== this.#place?.path) attempt(() => removeEmpty(this.#context.files, path));
  }

  append(units: readonly Unit[], given = false): AppendResult {
    return this.#store(units, given, this.#context.fsync === 'always');
  }

  appendSync(units: readonly Unit[], given = false): AppendResult {
    return this.#store(units, given, this.#context.fsync !== 'never');
  }

  peek(): Promise<Unit | undefined> {
    if (this.#head) return Promise.resolve(this.#head.unit);
    this.#peeking ??= this.#readHead().finally(() => {
      this.#peeking = undefined;
    });
    return this.#peeking;
  }

  acknowledge(): void {
    const head = this.#head;
    this.#head = undefined;
    const segment = head?.segment;
    if (!head || !segment) return;
    this.#settle(segment, head.lines, head.unit.points);
    this.#offset = head.end;
    this.#cursor?.move({ segment: segment.number, offset: head.end });
    if (head.end >= segment.size) this.#retire();
  }

  /** Drops the oldest segment for the sake of the bounds. A unit that was peeked remains with who has it. */
  dropOldest(reason: 'bytes' | 'age'): void {
    const segment = this.#segments[0];
    if (!segment) return;
    this.#orphanHead(segment, reason);
    this.#lose(segment, reason, segment.units && bytesOf(segment), segment.units, segment.points);
    this.#retire();
  }

  /** Nothing more is written to a segment that is old. */
  closeOld(): void {
    const last = this.#segments.at(-1);
    const { segmentMillis } = this.#context;
    if (last?.writer && this.#context.now() - last.created >= segmentMillis) this.#finish(last);
  }

  /** Notices that another process took the line, or somebody removed it. */
  checkPlace(): void {
    const place = this.#place;
    if (!place) return;
    attempt(() => {
      if (!this.#context.files.status(place.path)) this.#forget();
    });
  }

  close(): void {
    this.checkPlace();
    const { unit, gone } = this.#alone ?? {};
    if (unit && gone) this.#context.dropped({ reason: gone, points: unit.points, bytes: 0, path: '' });
    this.#head = undefined;
    this.#reader?.close();
    this.#reader = undefined;
    for (const segment of this.#segments) this.#finish(segment);
    this.#cursor?.close();
    if (this.#segments.length === 0) this.#leave();
  }

  /** The unit that the caller has when it is in no segment any more: if it is not acknowledged, it is lost. */
  get #alone(): Head | undefined {
    return this.#head?.segment ? undefined : this.#head;
  }

  #store(units: readonly Unit[], given: boolean, now: boolean): AppendResult {
    const { closed, fsync } = this.#context;
    if (closed) return notStored('OSTINATO_LOG_CLOSED', 'the log is closed');
    if (units.length === 0) return { stored: true, durable: SAFE };
    try {
      const parts = units.map((unit) => this.#context.codec.toLines(unit));
      const lines = parts.flat();
      const bytes = unitLines(lines.map(({ unit, text }) => ({ text, points: unit.points })));
      const noRoom = this.#context.makeRoom(bytes.length + this.#headerBytes);
      if (noRoom) return { stored: false, degraded: noRoom };
      // Nothing waits in them.
      while (given && this.#segments.length > 0) this.#retire();
      // A second time if the line was taken; whoever takes it twice in one append must wait.
      const segment = this.#write(bytes, now) ?? this.#write(bytes, now);
      if (!segment) return notStored('ENOENT', 'the directory of the log is being removed');
      segment.units += lines.length;
      segment.cumulative ||= lines.some(({ text }) => text.includes(CUMULATIVE));
      for (const unit of units) segment.points += unit.points;
      const [unit] = units;
      if (given && unit) this.#give(unit, parts[0]?.length ?? 1, segment, bytes);
      const durable = now || fsync === 'never' ? SAFE : segment.writer?.sync();
      return { stored: true, durable: durable ?? SAFE };
    } catch (error) {
      return { stored: false, degraded: degradedBy(error, 'cannot write to the log') };
    }
  }

  /** Writes all of it to the last segment, or to a new one; undefined if the line is not here any more. */
  #write(bytes: Uint8Array, now: boolean): Segment | undefined {
    let current: { segment: Segment; writer: SegmentWriter };
    try {
      current = this.#writable();
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || !this.#place) throw error;
      this.#forget();
      return undefined;
    }
    const { segment, writer } = current;
    try {
      writer.append(bytes);
      if (now) writer.syncNow();
      if (!this.#context.files.status(segment.path)) {
        this.#forget();
        return undefined;
      }
    } catch (error) {
      writer.truncate(segment.size);
      throw error;
    }
    segment.size += bytes.length;
    segment.newest = this.#context.now();
    return segment;
  }

  /** The last segment, or a new one with its header if that one is closed, full, old or broken. */
  #writable(): { segment: Segment; writer: SegmentWriter } {
    const { files, segmentBytes, segmentMillis, lines } = this.#context;
    const created = this.#context.now();
    const last = this.#segments.at(-1);
    if (last?.writer && !last.writer.broken) {
      if (last.size < segmentBytes && created - last.created < segmentMillis) {
        return { segment: last, writer: last.writer };
      }
    }
    if (last) this.#finish(last);
    if (!this.#place) {
      this.#place = this.#context.newLine();
      this.#cursor = new Cursor(files, this.#place.path);
    }
    const { id, path: directory, above } = this.#place;
    const { writer, path } = this.#createSegment(directory, [directory, ...above]);
    const number = this.#lastNumber;
    const header = headerLine({
      version: VERSION,
      created: this.#context.nextCreated(),
      line: id,
      number,
      resource: this.resource,
    });
    try {
      writer.append(header);
    } catch (error) {
      writer.close();
      attempt(() => files.remove(path));
      throw error;
    }
    const size = header.length;
    const counts = { units: 0, points: 0, cumulative: false, packed: undefined };
    const segment = { number, path, size, ...counts, created, newest: created, writer };
    this.#segments.push(segment);
    lines.add(this);
    return { segment, writer };
  }

  #createSegment(directory: string, directories: readonly string[]): { writer: SegmentWriter; path: string } {
    for (;;) {
      this.#lastNumber++;
      const path = join(directory, segmentName(this.#lastNumber));
      try {
        return { writer: new SegmentWriter(this.#context.files, path, directories), path };
      } catch (error) {
        // The process that this line was taken from woke up and made it.
        if (codeOf(error) !== 'EEXIST') throw error;
      }
    }
  }

  async #readHead(): Promise<Unit | undefined> {
    for (;;) {
      const segment = this.#segments[0];
      if (!segment || this.#context.closed) return undefined;
      this.#reader ??= new SegmentReader(this.#context.files, segment.path, this.#offset);
      const reader = this.#reader;
      const limit = segment.size;
      let line = reader.take();
      if (!line) {
        const read = await this.#fill(segment, reader, limit);
        if (read === 'unreadable') return undefined;
        // What was read may be dropped, taken or closed by now, and what was the end may be no more.
        if (this.#reader !== reader || read === 'more' || segment.size > limit) continue;
        line = reader.takeRest();
      }
      if (!line) this.#lose(segment, 'damaged', 0, segment.units, segment.points);
      else if (this.#open(segment, line)) return this.#head?.unit;
      if (!line?.whole) this.#retire();
    }
  }

  async #fill(
    segment: Segment,
    reader: SegmentReader,
    limit: number,
  ): Promise<'more' | 'end' | 'unreadable'> {
    try {
      return (await reader.fill(limit)) ? 'more' : 'end';
    } catch (error) {
      if (this.#reader !== reader) return 'end';
      if (codeOf(error) === 'ENOENT') {
        this.checkPlace();
        if (this.#reader !== reader) return 'end';
        this.#lose(segment, 'removed', bytesOf(segment), segment.units, segment.points);
        this.#retire();
      } else if (isDamage(error)) {
        const bytes = Math.min(bytesOf(segment), segment.size - this.#offset);
        this.#lose(segment, 'damaged', bytes, segment.units, segment.points);
        this.#context.kept.move(segment.path);
        this.#retire();
      } else {
        reader.close();
        this.#reader = undefined;
        return 'unreadable';
      }
      return 'end';
    }
  }

  /** Makes the unit in a line the head; false if there is none. */
  #open(segment: Segment, { bytes, end, whole }: RawLine): boolean {
    const points = bytes && pointsOf(bytes);
    if (bytes && isIntact(bytes)) {
      if (points !== undefined) {
        try {
          const unit = {
            bytes: this.#context.codec.fromLine(bytes.toString()),
            points,
            resource: this.resource,
          };
          this.#head = { unit, lines: 1, segment, end };
          return true;
        } catch {
          this.#lose(segment, 'damaged', bytes.length, 1, points);
          this.#keepDamaged(segment, bytes);
        }
      }
    } else {
      const known = whole && points !== undefined;
      this.#lose(segment, whole ? 'damaged' : 'torn', end - this.#offset, known ? 1 : 0, known ? points : 0);
      // Nobody was ever told that a torn end is safe.
      if (bytes && whole) this.#keepDamaged(segment, bytes);
    }
    this.#offset = end;
    return false;
  }

  /** Units of a segment cannot be read. */
  #lose(segment: Segment, reason: Dropped['reason'], bytes: number, units: number, points: number): void {
    if (bytes === 0 && units === 0) return;
    this.#settle(segment, units, points);
    this.#context.dropped({ reason, points, bytes, path: segment.path });
  }

  /** For people, who may be able to read it. */
  #keepDamaged({ path }: Segment, bytes: Uint8Array): void {
    const { kept, now } = this.#context;
    if (bytes.length > 0) kept.append(DAMAGED, damagedLines(path, this.#offset, now(), bytes));
  }

  #settle(segment: Segment, units: number, points: number): void {
    segment.units = Math.max(0, segment.units - units);
    segment.points = Math.max(0, segment.points - points);
  }

  /** The caller has the first lines of what was just written, as one unit. */
  #give(unit: Unit, lines: number, segment: Segment, written: Uint8Array): void {
    let end = 0;
    for (let line = 0; line < lines; line++) end = written.indexOf(NEWLINE, end) + 1;
    this.#head = { unit, lines, segment, end: segment.size - written.length + end };
  }

  /** The segment of the head goes: from now on the unit is only with who has it. */
  #orphanHead(segment: Segment, gone: Dropped['reason']): void {
    const head = this.#head;
    if (head?.segment !== segment) return;
    this.#settle(segment, head.lines, head.unit.points);
    this.#head = { ...head, segment: undefined, gone };
  }

  /** The first segment is done with. One that cannot be removed stays there, behind the cursor. */
  #retire(): void {
    const segment = this.#segments.shift();
    if (!segment) return;
    this.#reader?.close();
    this.#reader = undefined;
    this.#offset = 0;
    this.#finish(segment);
    attempt(() => this.#context.files.remove(segment.path));
    if (this.#segments.length === 0) this.#leave();
  }

  /** Nothing is left: the next append begins a new directory. */
  #leave(): void {
    const { files, lines } = this.#context;
    const path = this.#place?.path;
    this.#cursor?.close();
    this.#cursor = undefined;
    this.#place = undefined;
    this.#lastNumber = 0;
    lines.delete(this);
    if (path) attempt(() => removeEmpty(files, path));
  }

  /** The line is at its path no more. If another process has it, nothing is lost. */
  #forget(): void {
    const place = this.#place;
    if (!place) return;
    const reason = this.#context.wasTaken(place.id) ? 'taken' : 'removed';
    if (this.#head?.segment) this.#orphanHead(this.#head.segment, reason);
    const units = this.#segments.reduce((sum, segment) => sum + segment.units, 0);
    const points = this.#segments.reduce((sum, segment) => sum + segment.points, 0);
    const { bytes } = this;
    this.#offset = 0;
    this.#reader?.close();
    this.#reader = undefined;
    for (const segment of this.#segments.splice(0)) this.#finish(segment);
    this.#leave();
    if (units > 0) this.#context.dropped({ reason, points, bytes, path: place.path });
  }

  #finish(segment: Segment): void {
    segment.writer?.close();
    segment.writer = undefined;
  }
}

function notStored(code: string, message: string): AppendResult {
  return { stored: false, degraded: { code, message } };
}
