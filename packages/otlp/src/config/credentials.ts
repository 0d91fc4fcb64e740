import { ChannelCredentials } from '@grpc/grpc-js';
import {
  type CredentialSource,
  fixedCredentials,
  type PemSources,
  type Pems,
  readPem,
  TlsCredentials,
} from '../transport/tls.ts';
import { check } from './check.ts';
import type { Endpoint } from './endpoint.ts';
import type { OtlpEnv, Warn } from './env.ts';
import type { OtlpMetricExporterOptions, TlsOptions } from './options.ts';

/** A source that could be read when the exporter was made. */
interface ReadPem {
  readonly source: string | Uint8Array;
  readonly pem: Buffer;
}

/** The channel credentials that the options, or else the environment, ask for. Files are read here, and again later. */
export function credentialsOf(
  given: OtlpMetricExporterOptions,
  endpoint: Endpoint,
  env: OtlpEnv,
  warn: Warn,
): CredentialSource {
  if (given.credentials !== undefined) {
    if (typeof given.credentials?._isSecure !== 'function') {
      throw check.refusedSecret('credentials', 'ChannelCredentials of @grpc/grpc-js');
    }
    return fixedCredentials(given.credentials);
  }
  const tls = check.object<TlsOptions>(given.tls, ['ca', 'cert', 'key'], 'tls');
  const ca = pemOf(tls, 'ca', env, 'CERTIFICATE');
  const cert = pemOf(tls, 'cert', env, 'CLIENT_CERTIFICATE');
  const key = pemOf(tls, 'key', env, 'CLIENT_KEY');
  if (!endpoint.secure) {
    if (tls.ca !== undefined)
      warn(`tls.ca has no effect: ${endpoint.text} is plaintext; use https:// or grpcs://`);
    if (cert === undefined && key === undefined) return fixedCredentials(ChannelCredentials.createInsecure());
    throw check.error(
      `endpoint ${endpoint.text} is plaintext, and a client certificate is given (tls.cert or OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE): use https:// or grpcs://`,
    );
  }
  const sources: PemSources = { ca: ca?.source, cert: cert?.source, key: key?.source };
  const pems: Pems = { ca: ca?.pem, cert: cert?.pem, key: key?.pem };
  try {
    return new TlsCredentials(sources, pems, warn);
  } catch (error) {
    const { message } = error as Error;
    if (Object.values(tls).some((value) => value !== undefined)) throw check.error(message);
    // The environment never stops a service. What was meant to be trusted is not: the collector will refuse or be refused.
    warn(`the TLS files of OTEL_EXPORTER_OTLP_* are ignored: ${message}`);
    return fixedCredentials(ChannelCredentials.createSsl());
  }
}

function pemOf(
  tls: TlsOptions,
  option: keyof TlsOptions,
  env: OtlpEnv,
  variable: string,
): ReadPem | undefined {
  const source = tls[option];
  if (source === undefined) return env.read(variable, 'the path of a readable PEM file', readable);
  if (typeof source !== 'string' && !ArrayBuffer.isView(source)) {
    throw check.refusedSecret(`tls.${option}`, 'PEM text, bytes, or the path of a PEM file');
  }
  try {
    return { source, pem: readPem(source) };
  } catch (error) {
    const { message } = error as Error;
    throw check.error(`tls.${option}: the file cannot be read: ${message}`);
  }
}

function readable(path: string): ReadPem | undefined {
  try {
    return { source: path, pem: readPem(path) };
  } catch {
    return undefined;
  }
}
