import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import type { Files } from './files.ts';

/**
 * Why a directory cannot hold a log; undefined if it can, or does not exist. The log holds what a service knows of
 * its users, and whoever may write there could forge metrics or point the log at other files.
 */
export function directoryProblem(files: Files, path: string): string | undefined {
  const status = files.status(path);
  if (!status) return problemAbove(files, path);
  if (status.kind === 'link') return `${path} is a symbolic link; name the directory itself`;
  if (status.kind !== 'directory') return `${path} is not a directory`;
  const user = process.geteuid?.();
  if (user === undefined) return undefined;
  if (status.owner !== user) {
    return `${path} belongs to user ${status.owner}, this process runs as ${user}; name a directory of its own (such as one in it: it will be created)`;
  }
  if (status.mode & 0o022) {
    const mode = status.mode.toString(8).padStart(4, '0');
    return `${path} can be written by others (mode ${mode}); make it 0700, or name a directory in it: it will be created so`;
  }
  return undefined;
}

/** Why a directory cannot be made. */
function problemAbove(files: Files, path: string): string | undefined {
  let above = dirname(path);
  let status = files.status(above);
  while (!status && dirname(above) !== above) {
    above = dirname(above);
    status = files.status(above);
  }
  const isOther = status && status.kind !== 'directory' && status.kind !== 'link';
  return isOther ? `${path} cannot be made: ${above} is not a directory` : undefined;
}

/**
 * Where a service keeps its log unless told otherwise: `$XDG_STATE_HOME/ostinato/<service>`, or
 * `~/.local/state/ostinato/<service>`.
 */
export function defaultDirectory(
  service: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string {
  const state = environment.XDG_STATE_HOME;
  // Relative paths there are invalid and to be ignored, says the XDG Base Directory Specification.
  const base = state && isAbsolute(state) ? state : join(homedir(), '.local', 'state');
  return join(base, 'ostinato', fileName(service));
}

const LONGEST_NAME = 100;

/**
 * A file name for untrusted text, different for different texts: `A-Z a-z 0-9 . _ -` stand for themselves, any
 * other UTF-16 code unit and a leading dot become `~HHHH`. What is too long ends in a hash of the whole.
 */
export function fileName(text: string): string {
  const name = text.replace(/^$|^\.|[^A-Za-z0-9._-]/g, (unit) =>
    unit === '' ? '~' : `~${unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`,
  );
  if (name.length <= LONGEST_NAME) return name;
  const hash = createHash('sha256').update(text, 'utf16le').digest('hex').slice(0, 32);
  return `${name.slice(0, LONGEST_NAME - hash.length - 1)}~${hash}`;
}
