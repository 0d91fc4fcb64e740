import { basename } from 'node:path';
import { fromLine } from '../encode/json-lines.ts';
import { codeOf, nodeFiles } from '../log/files.ts';
import { isIntact, NEWLINE, pointsOf, readHeader, VERSION } from '../log/format.ts';
import { keptFiles, REJECTED } from '../log/kept.ts';
import { isDamage } from '../log/source.ts';
import { counted, type Io } from './io.ts';
import { type ScannedLine, type ScannedOwner, scan, textsOf } from './scan.ts';

/** What was found; `wrong` fails, `notes` do not. */
interface Findings {
  readonly wrong: string[];
  readonly notes: string[];
  lines: number;
  requests: number;
  points: number;
}

/** Checks checksums, order and cursors of all that is in a log. */
export async function verify(directory: string, json: boolean, io: Io): Promise<number> {
  const findings: Findings = { wrong: [], notes: [], lines: 0, requests: 0, points: 0 };
  for (const owner of scan(directory)) {
    for (const line of owner.lines) await verifyLine(owner, line, findings, io);
  }
  for (const { path } of keptFiles(nodeFiles, directory, REJECTED)) {
    await verifyFile(path, { isLast: true, isLive: true }, findings, io);
  }
  const { wrong, notes, lines, requests, points } = findings;
  if (json) {
    await io.out(JSON.stringify({ directory, lines, requests, points, wrong, notes }, undefined, 2));
  } else {
    for (const text of wrong) await io.out(`wrong: ${text}`);
    for (const text of notes) await io.out(`note: ${text}`);
    const sum = `${counted(requests, 'request')} (${counted(points, 'point')}) in ${counted(lines, 'line')}`;
    await io.out(wrong.length === 0 ? `${sum}: all well` : `${sum}: ${counted(wrong.length, 'problem')}`);
  }
  return wrong.length === 0 ? 0 : 1;
}

async function verifyLine(
  { isLive }: ScannedOwner,
  line: ScannedLine,
  findings: Findings,
  io: Io,
): Promise<void> {
  const { id, path, cursor, position, segments, version } = line;
  findings.lines++;
  if (version !== undefined && version > VERSION) {
    findings.notes.push(`${path} is of a newer version (${version}): not checked`);
    return;
  }
  if (cursor.exists && position.segment === 0) {
    findings.wrong.push(`${path}: the cursor cannot be read; everything will be sent again`);
  }
  let created = 0;
  for (const segment of segments) {
    const isLast = segment === segments.at(-1);
    const { header, ends } = await verifyFile(segment.path, { isLast, isLive }, findings, io);
    if (header) {
      const { number } = header;
      if (header.line !== id || number !== segment.number) {
        findings.wrong.push(`${segment.path} is segment ${number} of line ${header.line} by its header`);
      }
      if (header.created < created) {
        findings.wrong.push(`${segment.path} is older than the segment before it`);
      }
      created = header.created;
    }
    if (segment.number === position.segment && !ends.has(position.offset) && !isLive) {
      findings.wrong.push(
        `${path}: the cursor stands within a line, at ${position.offset} of ${basename(segment.path)}`,
      );
    }
  }
}

/** Checks one file; says what its header is, and where its lines end. */
async function verifyFile(
  path: string,
  { isLast, isLive }: { readonly isLast: boolean; readonly isLive: boolean },
  findings: Findings,
  io: Io,
): Promise<{ readonly header: ReturnType<typeof readHeader>; readonly ends: ReadonlySet<number> }> {
  const ends = new Set([0]);
  let header: ReturnType<typeof readHeader>;
  try {
    for await (const { start, end, bytes, whole } of textsOf(path, 0)) {
      ends.add(end);
      if (bytes && start === 0) header = readHeader(Buffer.concat([bytes, Buffer.of(NEWLINE)]));
      if (start === 0 && !header && whole) findings.wrong.push(`${path} has no header that can be read`);
      if (bytes === undefined || !isIntact(bytes)) {
        // What a live process is just writing is not there in full.
        if (!whole && isLast && !isLive) {
          findings.notes.push(
            `${path} has a torn end of ${end - start} bytes, which nobody was told is safe`,
          );
        } else if (whole || !isLast) {
          findings.wrong.push(`${path}: bytes ${start} to ${end} do not match their checksum`);
        }
        continue;
      }
      const points = pointsOf(bytes);
      if (points === undefined) continue;
      try {
        fromLine(bytes.toString());
        findings.requests++;
        findings.points += points;
      } catch (error) {
        findings.wrong.push(
          `${path}: bytes ${start} to ${end} are no OTLP request: ${(error as Error).message}`,
        );
      }
      io.progress(`checked ${counted(findings.requests, 'request')}`);
    }
  } catch (error) {
    if (!isDamage(error)) throw error;
    findings.wrong.push(`${path} cannot be read to its end (${codeOf(error)})`);
  }
  return { header, ends };
}
