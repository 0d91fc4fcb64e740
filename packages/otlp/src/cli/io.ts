import { once } from 'node:events';

/** Where a command writes. */
export interface Io {
  /** Resolves when more may be written. */
  out(line: string): Promise<void>;
  err(line: string): void;
  /** Says how far a long work is, where somebody sees it; the next one takes its place. */
  progress(text: string): void;
}

const PROGRESS_MILLIS = 100;

/** The terminal, or what stands in its place. */
export function terminal(): Io {
  const { stdout, stderr } = process;
  let shown = 0;
  let last = 0;
  // Whoever reads what we write has seen enough (`| head`).
  stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  const clear = () => {
    if (shown > 0) stderr.write(`\r${' '.repeat(shown)}\r`);
    shown = 0;
  };
  return {
    async out(line) {
      clear();
      if (!stdout.write(`${line}\n`)) await once(stdout, 'drain');
    },
    err(line) {
      clear();
      stderr.write(`${line}\n`);
    },
    progress(text) {
      if (!stderr.isTTY || performance.now() - last < PROGRESS_MILLIS) return;
      last = performance.now();
      clear();
      const fitting = text.slice(0, (stderr.columns || 80) - 1);
      stderr.write(fitting);
      shown = fitting.length;
    },
  };
}

/** `1 request`, `1,234 requests`. */
export function counted(count: number, one: string): string {
  return `${count.toLocaleString('en-US')} ${one}${count === 1 ? '' : 's'}`;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

export function size(bytes: number): string {
  let unit = 0;
  let value = bytes;
  for (; value >= 1000 && unit < UNITS.length - 1; unit++) value /= 1000;
  return `${value.toFixed(unit > 0 && value < 10 ? 1 : 0)} ${UNITS[unit]}`;
}

/** UTC, to the second. */
export function time(millis: number): string {
  return `${new Date(millis).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}

export function ago(millis: number): string {
  const seconds = Math.max(0, Math.round(millis / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}
