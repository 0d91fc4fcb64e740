import { Metadata } from '@grpc/grpc-js';
import type { AskHeaders } from '../transport/grpc.ts';
import { check } from './check.ts';
import type { Endpoint } from './endpoint.ts';
import type { OtlpEnv, Warn } from './env.ts';
import type { OtlpMetricExporterOptions } from './options.ts';

/**
 * The headers of every request: `metadata` over `headers` over the environment. Where `headers` is a callback it is
 * asked by `askHeaders`, which rejects for what the callback does wrong, without showing values.
 */
export function headersOf(
  { headers: given, metadata }: OtlpMetricExporterOptions,
  env: OtlpEnv,
): { readonly headers: Metadata; readonly askHeaders: AskHeaders | undefined } {
  if (metadata !== undefined && typeof metadata?.getMap !== 'function') {
    throw check.refusedSecret('metadata', 'a Metadata of @grpc/grpc-js');
  }
  const general = new Metadata();
  for (const [name, value] of env.headers(headerProblem)) general.set(name, value);
  const build = (own: unknown): Metadata => {
    const all = general.clone();
    addPlain(all, own);
    addMetadata(all, metadata);
    return all;
  };
  if (typeof given !== 'function') return { headers: build(given), askHeaders: undefined };
  return { headers: build({}), askHeaders: async (request) => build(await given(request)) };
}

function addPlain(headers: Metadata, given: unknown): void {
  if (given === undefined) return;
  // A Map or Headers has no entries of its own: it would send no header at all.
  if (Object.prototype.toString.call(given) !== '[object Object]') {
    throw check.refusedSecret('headers', 'a plain object of strings, or a function that gives one');
  }
  for (const [name, value] of Object.entries(given as Record<string, unknown>)) {
    const option = `headers[${JSON.stringify(name)}]`;
    if (value === undefined) throw check.refused(option, 'a text', value);
    const problem = headerProblem(name.toLowerCase(), value);
    if (problem !== undefined) throw check.refusedSecret(option, problem);
    headers.set(name.toLowerCase(), value as string);
  }
}

function addMetadata(headers: Metadata, given: Metadata | undefined): void {
  if (given === undefined) return;
  // Value by value: it may come from another copy of grpc-js.
  for (const name of Object.keys(given.getMap())) {
    headers.remove(name);
    for (const value of given.get(name)) headers.add(name, value);
  }
}

/** What a header must be that it is not, without its value. */
function headerProblem(name: string, value: unknown): string | undefined {
  if (!/^[a-z0-9_.-]+$/.test(name)) return 'a header with a name of letters, digits, "-", "_" and "."';
  if (name.endsWith('-bin')) {
    return 'a header with a name that does not end in -bin (binary headers go into metadata)';
  }
  if (typeof value !== 'string' || !/^[\x20-\x7e]*$/.test(value)) {
    return 'a header with a value of printable ASCII characters';
  }
  return undefined;
}

export function warnOfPlaintextSecrets(
  headers: Metadata,
  askHeaders: AskHeaders | undefined,
  endpoint: Endpoint,
  warn: Warn,
): void {
  const secrets = Object.keys(headers.getMap()).filter((name) =>
    /auth|token|secret|key|cookie|password/.test(name),
  );
  const what = askHeaders === undefined ? secrets.join(', ') : 'that the callback gives';
  if (what === '') return;
  warn(`${endpoint.text} is plaintext: anyone on the network can read the header ${what}; use https://`);
}
