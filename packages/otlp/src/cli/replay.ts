import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { OtlpMetricExporterOptions } from '../config/options.ts';
import { resolveConfig } from '../config/resolve.ts';
import { OtlpMetricExporter } from '../exporter.ts';
import { directoryProblem } from '../log/directory.ts';
import { attempt, nodeFiles } from '../log/files.ts';
import { isIntact, pointsOf, readHeader } from '../log/format.ts';
import { keptFiles, REJECTED } from '../log/kept.ts';
import { isFree, releaseLease, writeLease } from '../log/lease.ts';
import { segmentName } from '../log/place.ts';
import { systemProcesses } from '../log/processes.ts';
import { counted, type Io } from './io.ts';
import { scan, waitingIn } from './scan.ts';
import { UsageError } from './usage.ts';

export interface ReplayOptions {
  readonly exporter: Omit<OtlpMetricExporterOptions, 'fallback'>;
  readonly rejected: boolean;
  readonly giveUpSeconds: number;
}

const LOOK_MILLIS = 50;
const files = nodeFiles;

/** Delivers what ended processes left, in order, through an exporter that adopts it. */
export async function replay(directory: string, options: ReplayOptions, io: Io): Promise<number> {
  // Before anything is looked at: what cannot be used is an error in any case.
  resolveConfig(options.exporter, process.env, () => {});
  const problem = directoryProblem(files, directory);
  if (problem) throw new UsageError(problem);
  for (const { isLive, who, lines } of scan(directory)) {
    if (!isLive) continue;
    let [requests, points] = [0, 0];
    for (const line of lines) {
      for await (const { bytes } of waitingIn(line)) {
        const count = bytes && isIntact(bytes) ? pointsOf(bytes) : undefined;
        if (count === undefined) continue;
        requests++;
        points += count;
      }
    }
    const what = `${counted(requests, 'request')} (${counted(points, 'point')})`;
    io.err(`left alone: ${what} of ${who}: it delivers them itself`);
  }
  if (options.rejected) returnRejected(directory, io);
  if (waitingLines(directory) === 0) {
    await io.out('nothing to deliver');
    return 0;
  }
  return deliver(directory, options, io);
}

async function deliver(
  directory: string,
  { exporter: given, giveUpSeconds }: ReplayOptions,
  io: Io,
): Promise<number> {
  const unbounded = { maxBytes: Number.MAX_SAFE_INTEGER, maxAgeMillis: Number.MAX_SAFE_INTEGER };
  const exporter = new OtlpMetricExporter(
    // What is not delivered by then is left in the log.
    { ...given, fallback: { directory, ...unbounded }, flushMillis: 0 },
    { logger: { info: (text) => io.err(text), warn: (text) => io.err(text) } },
  );
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupt);
  let [settled, since] = [0, performance.now()];
  for (;;) {
    await delay(LOOK_MILLIS);
    const { state, account } = exporter.status();
    const { adopted, delivered, rejected, dropped, logged, queued } = account;
    if (delivered + rejected + dropped !== settled) {
      settled = delivered + rejected + dropped;
      since = performance.now();
    }
    if (state !== 'starting' && logged + queued === 0) break;
    if (interrupted) break;
    if (state !== 'starting' && performance.now() - since > giveUpSeconds * 1000) {
      io.err(`nothing was delivered for ${giveUpSeconds} s: giving up (--give-up)`);
      break;
    }
    io.progress(`${state}: ${delivered.toLocaleString('en-US')} of ${counted(adopted, 'point')} delivered`);
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, interrupt);
  // It rejects when points were lost, which the account has.
  await exporter.shutdown().catch(() => {});
  const { delivered, rejected, dropped, logged, queued } = exporter.status().account;
  const left = logged + queued;
  const notDelivered = Object.entries({
    'refused for good': rejected,
    'that cannot be read': dropped,
    'left in the log': left,
  });
  const parts = notDelivered
    .filter(([, points]) => points > 0)
    .map(([what, points]) => `, ${points.toLocaleString('en-US')} ${what}`);
  await io.out(`${counted(delivered, 'point')} delivered${parts.join('')}`);
  const others = left > 0 ? 0 : waitingLines(directory);
  if (others > 0) io.err(`left: ${counted(others, 'line')} that cannot be taken over (${CANNOT})`);
  return parts.length === 0 && others === 0 ? 0 : 1;
}

const CANNOT = 'of a newer version, or on a disk that cannot be written';

/** Lines of ended processes with something in them. */
function waitingLines(directory: string): number {
  const lines = scan(directory).flatMap((owner) => (owner.isLive ? [] : owner.lines));
  return lines.filter(({ segments }) => segments.length > 0).length;
}

/**
 * Makes lines of the files of what was refused, so that they are delivered like any other: each becomes the segment of
 * a line, by one rename. Those of live processes are left alone.
 */
function returnRejected(directory: string, io: Io): void {
  const processes = systemProcesses();
  for (const { path, owner, size } of keptFiles(files, directory, REJECTED)) {
    const home = join(directory, owner);
    if (files.status(home) && !isFree(files, home, processes, Date.now())) {
      io.err(`left alone: ${path}, to which a live process writes`);
      continue;
    }
    const line = readHeader(files.readStart(path, Math.min(size, 4096)))?.line ?? randomUUID();
    const mine = join(directory, randomUUID());
    files.makeDirectory(mine);
    try {
      writeLease(files, mine, processes.self, Date.now());
      files.makeDirectory(join(mine, line));
      files.rename(path, join(mine, line, segmentName(1)));
    } finally {
      // Free to be adopted, also when this process dies now.
      attempt(() => releaseLease(files, mine));
    }
  }
}
