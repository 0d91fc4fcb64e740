import { nodeFiles } from '../log/files.ts';
import { isIntact, pointsOf } from '../log/format.ts';
import { DAMAGED, keptFiles, REJECTED } from '../log/kept.ts';
import { bytesOf } from '../log/segment.ts';
import { counted, type Io, size, time } from './io.ts';
import { type ScannedLine, scan, waitingIn } from './scan.ts';
import { type LoggedUnit, serviceOf, timeOf } from './unit-text.ts';

interface LineSummary {
  readonly id: string;
  /** `service.name` of what waits. */
  service: string | undefined;
  readonly segments: number;
  readonly bytes: number;
  requests: number;
  points: number;
  /** Collection times, in milliseconds since the epoch. */
  oldest: number | undefined;
  newest: number | undefined;
}

/** Whose lines there are, and what waits in them. */
export async function ls(directory: string, json: boolean, io: Io): Promise<number> {
  const owners = [];
  for (const { id, who, isLive, pid, host, lines } of scan(directory)) {
    const summaries: LineSummary[] = [];
    for (const line of lines) summaries.push(await summaryOf(line, io));
    owners.push({ id, who, isLive, pid, host, lines: summaries.filter(({ segments }) => segments > 0) });
  }
  const kept = (kind: typeof REJECTED | typeof DAMAGED) => {
    const files = keptFiles(nodeFiles, directory, kind);
    return { files: files.length, bytes: files.reduce((sum, one) => sum + one.size, 0) };
  };
  const [rejected, damaged] = [kept(REJECTED), kept(DAMAGED)];
  if (json) {
    await io.out(JSON.stringify({ directory, owners, rejected, damaged }, undefined, 2));
    return 0;
  }
  for (const { who, lines } of owners) {
    if (lines.length === 0) continue;
    await io.out(who);
    for (const line of lines) await io.out(`  ${described(line)}`);
  }
  const waiting = owners.flatMap(({ lines }) => lines);
  if (waiting.length === 0) await io.out('nothing waits');
  for (const [kind, { files, bytes }] of Object.entries({ rejected, damaged })) {
    if (files > 0) await io.out(`${kind}: ${counted(files, 'file')}, ${size(bytes)}`);
  }
  return 0;
}

async function summaryOf(line: ScannedLine, io: Io): Promise<LineSummary> {
  const { id, segments } = line;
  const bytes = segments.reduce((sum, segment) => sum + bytesOf(segment), 0);
  const empty = { service: undefined, requests: 0, points: 0, oldest: undefined, newest: undefined };
  const summary: LineSummary = { id, segments: segments.length, bytes, ...empty };
  for await (const { bytes: text } of waitingIn(line)) {
    const points = text && isIntact(text) ? pointsOf(text) : undefined;
    if (text === undefined || points === undefined) continue;
    summary.service ??= serviceOf(JSON.parse(text.toString()) as LoggedUnit);
    summary.requests++;
    summary.points += points;
    const at = timeOf(text);
    if (!Number.isNaN(at)) {
      summary.oldest ??= at;
      summary.newest = at;
    }
    io.progress(`reading ${id}: ${counted(summary.requests, 'request')}`);
  }
  return summary;
}

function described({ id, service, segments, requests, points, bytes, oldest, newest }: LineSummary): string {
  const span = oldest === undefined || newest === undefined ? '' : `, ${time(oldest)} to ${time(newest)}`;
  return `${id.slice(0, 8)}  ${service ?? 'unnamed'}: ${counted(requests, 'request')}, ${counted(points, 'point')}, ${size(bytes)} in ${counted(segments, 'segment')}${span}`;
}
