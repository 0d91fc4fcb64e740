import { nodeFiles } from '../log/files.ts';
import { isIntact, pointsOf } from '../log/format.ts';
import { keptFiles, REJECTED } from '../log/kept.ts';
import { counted, type Io, time } from './io.ts';
import { scan, type Text, textsOf, waitingIn } from './scan.ts';
import { clean, type LoggedUnit, pointLines, serviceOf, timeOf } from './unit-text.ts';
import { UsageError } from './usage.ts';

export interface ShowOptions {
  readonly json: boolean;
  readonly rejected: boolean;
  /** The beginning of a line's id. */
  readonly line: string;
  readonly limit: number;
}

/** What waits, request by request; or what was refused for good. */
export async function show(directory: string, options: ShowOptions, io: Io): Promise<number> {
  let [left, damaged] = [options.limit, 0];
  for await (const { bytes, whole } of options.rejected
    ? rejected(directory)
    : waiting(directory, options.line)) {
    if (left === 0) break;
    if (bytes === undefined || !isIntact(bytes)) {
      if (whole) damaged++;
      continue;
    }
    if (pointsOf(bytes) === undefined) continue;
    left--;
    if (options.json) await io.out(bytes.toString());
    else await showUnit(bytes, io);
  }
  if (damaged > 0) io.err(`${counted(damaged, 'line')} cannot be read: see verify`);
  return damaged > 0 ? 1 : 0;
}

async function* waiting(directory: string, id: string): AsyncGenerator<Text, undefined> {
  const lines = scan(directory).flatMap((owner) => owner.lines);
  const wanted = lines.filter((line) => line.id.startsWith(id));
  if (id !== '' && wanted.length === 0)
    throw new UsageError(`no line begins with '${id}': log ls says which there are`);
  for (const line of wanted) yield* waitingIn(line);
}

async function* rejected(directory: string): AsyncGenerator<Text, undefined> {
  scan(directory);
  for (const { path } of keptFiles(nodeFiles, directory, REJECTED)) yield* textsOf(path, 0);
}

async function showUnit(bytes: Buffer, io: Io): Promise<void> {
  const unit = JSON.parse(bytes.toString()) as LoggedUnit;
  const at = timeOf(bytes);
  const when = Number.isNaN(at) ? 'no time' : time(at);
  await io.out(`${when}  ${serviceOf(unit)}: ${counted(pointsOf(bytes) ?? 0, 'point')}`);
  const { rejected: refused } = unit;
  if (refused) await io.out(`  refused ${time(refused.time ?? 0)}: ${clean(refused.cause ?? '')}`);
  for (const line of pointLines(unit)) await io.out(line);
}
