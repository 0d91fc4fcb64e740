import { resolve } from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import type { Io } from './io.ts';
import { ls } from './ls.ts';
import { replay } from './replay.ts';
import { show } from './show.ts';
import { HELP, UsageError } from './usage.ts';
import { verify } from './verify.ts';

type Options = NonNullable<ParseArgsConfig['options']>;
/** What was given: a list where an option may come more than once. */
type Values = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

interface Command {
  readonly options: Options;
  run(directory: string, values: Values, io: Io): Promise<number>;
}

const flag = { type: 'boolean' } as const;
const text = { type: 'string' } as const;
const HELP_FLAG: Options = { help: { type: 'boolean', short: 'h' } };

const COMMANDS: Readonly<Record<string, Command>> = {
  ls: { options: { json: flag }, run: (directory, { json }, io) => ls(directory, json === true, io) },
  show: {
    options: { json: flag, rejected: flag, line: text, limit: text },
    run: (directory, { json, rejected, line, limit }, io) =>
      show(
        directory,
        {
          json: json === true,
          rejected: rejected === true,
          line: typeof line === 'string' ? line : '',
          limit: number('--limit', limit, 1) ?? Infinity,
        },
        io,
      ),
  },
  verify: { options: { json: flag }, run: (directory, { json }, io) => verify(directory, json === true, io) },
  replay: {
    options: {
      rejected: flag,
      endpoint: text,
      header: { type: 'string', multiple: true },
      compression: text,
      timeout: text,
      ca: text,
      cert: text,
      key: text,
      'give-up': text,
    },
    run: (directory, values, io) =>
      replay(
        directory,
        {
          rejected: values.rejected === true,
          giveUpSeconds: number('--give-up', values['give-up'], 0) ?? 60,
          exporter: exporterOptions(values),
        },
        io,
      ),
  },
};

/** Runs the command line; gives the exit status. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  try {
    return await run(args, io);
  } catch (error) {
    if (error instanceof UsageError || isOurs(error)) {
      io.err(`${error.message}\n(--help says more)`);
      return 2;
    }
    io.err(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

async function run(args: readonly string[], io: Io): Promise<number> {
  const [topic, name = '', ...rest] = args;
  if (args.length === 0 || args.includes('--help') || args.includes('-h')) {
    await io.out(HELP.trimEnd());
    return args.length === 0 ? 2 : 0;
  }
  if (topic !== 'log') throw new UsageError(`there is no command ${topic}; there is: log`);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  const names = Object.keys(COMMANDS).join(', ');
  if (command === undefined) {
    throw new UsageError(
      name === '' ? `log needs one of: ${names}` : `there is no log ${name}; there are: ${names}`,
    );
  }
  const { values, positionals } = parsed(name, command.options, rest);
  const [directory, ...more] = positionals;
  if (directory === undefined || more.length > 0) {
    throw new UsageError(
      `log ${name} needs one DIR, the directory of a fallback log; got ${positionals.length}`,
    );
  }
  return command.run(resolve(directory), values, io);
}

function parsed(
  name: string,
  options: Options,
  args: readonly string[],
): { readonly values: Values; readonly positionals: readonly string[] } {
  try {
    return parseArgs({ args: [...args], options: { ...options, ...HELP_FLAG }, allowPositionals: true });
  } catch (error) {
    const allowed = Object.keys(options).map((option) => `--${option}`);
    // What follows is advice on dashes and positionals, on lines of its own or behind.
    const [problem] = (error as Error).message.split(/\. To specify|\.?\n/);
    throw new UsageError(`log ${name}: ${problem}; allowed are: ${allowed.join(', ')}`);
  }
}

function number(option: string, given: Values[string], least: number): number | undefined {
  if (given === undefined) return undefined;
  const value = Number(given);
  if (given !== '' && Number.isFinite(value) && value >= least) return value;
  throw new UsageError(`${option} must be a number from ${least}, got '${given}'`);
}

/** The options of the exporter, which checks them. */
function exporterOptions({ endpoint, header, compression, timeout, ca, cert, key }: Values) {
  const headers = (Array.isArray(header) ? header : []).map((one: string) => {
    const at = one.indexOf('=');
    if (at < 1) throw new UsageError('--header must be NAME=VALUE');
    return [one.slice(0, at), one.slice(at + 1)] as const;
  });
  const tls = { ...given('ca', ca), ...given('cert', cert), ...given('key', key) };
  const timeoutMillis = number('--timeout', timeout, 1);
  return {
    ...given('endpoint', endpoint),
    ...given('compression', compression as 'gzip' | 'none' | undefined),
    ...(timeoutMillis !== undefined && { timeoutMillis }),
    ...(headers.length > 0 && { headers: Object.fromEntries(headers) }),
    ...(Object.keys(tls).length > 0 && { tls }),
  };
}

function given<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, string & V>> {
  return typeof value === 'string' ? ({ [key]: value } as Partial<Record<K, string & V>>) : {};
}

function isOurs(error: unknown): error is Error {
  const code = (error as { code?: unknown } | undefined)?.code;
  return error instanceof Error && typeof code === 'string' && code.startsWith('OSTINATO_');
}
