import { X509Certificate } from 'node:crypto';
import { ChannelCredentials } from '@grpc/grpc-js';
import { type Pems, readPem } from '../transport/tls.ts';
import { check } from './check.ts';
import type { Endpoint } from './endpoint.ts';
import type { OtlpEnv, Warn } from './env.ts';
import type { OtlpMetricExporterOptions, TlsOptions } from './options.ts';

/** The channel credentials that the options, or else the environment, ask for. Files are read here, once. */
export function credentialsOf(
  given: OtlpMetricExporterOptions,
  endpoint: Endpoint,
  env: OtlpEnv,
  warn: Warn,
): ChannelCredentials {
  if (given.credentials !== undefined) {
    if (typeof given.credentials?._isSecure !== 'function') {
      throw check.refusedSecret('credentials', 'ChannelCredentials of @grpc/grpc-js');
    }
    return given.credentials;
  }
  const tls = check.object<TlsOptions>(given.tls, ['ca', 'cert', 'key'], 'tls');
  const pems = {
    ca: pemOf(tls, 'ca', env, 'CERTIFICATE'),
    cert: pemOf(tls, 'cert', env, 'CLIENT_CERTIFICATE'),
    key: pemOf(tls, 'key', env, 'CLIENT_KEY'),
  };
  if (!endpoint.secure) {
    if (tls.ca !== undefined)
      warn(`tls.ca has no effect: ${endpoint.text} is plaintext; use https:// or grpcs://`);
    if (pems.cert === undefined && pems.key === undefined) return ChannelCredentials.createInsecure();
    throw check.error(
      `endpoint ${endpoint.text} is plaintext, and a client certificate is given (tls.cert or OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE): use https:// or grpcs://`,
    );
  }
  try {
    return secureCredentials(pems);
  } catch (error) {
    const { message } = error as Error;
    if (Object.values(tls).some((value) => value !== undefined)) throw check.error(message);
    // The environment never stops a service. What was meant to be trusted is not: the collector will refuse or be refused.
    warn(`the TLS files of OTEL_EXPORTER_OTLP_* are ignored: ${message}`);
    return ChannelCredentials.createSsl();
  }
}

function secureCredentials({ ca, cert, key }: Pems): ChannelCredentials {
  if ((cert === undefined) !== (key === undefined)) {
    throw new Error('tls.cert and tls.key need each other: one of them is missing');
  }
  try {
    // OpenSSL takes a file of authorities that holds none, and trusts nobody then.
    if (ca !== undefined) new X509Certificate(ca);
    return ChannelCredentials.createSsl(ca ?? null, key ?? null, cert ?? null);
  } catch (error) {
    throw new Error(`tls: the certificates are not usable: ${(error as Error).message}`);
  }
}

function pemOf(
  tls: TlsOptions,
  option: keyof TlsOptions,
  env: OtlpEnv,
  variable: string,
): Buffer | undefined {
  const source = tls[option];
  if (source === undefined) return env.read(variable, 'the path of a readable PEM file', readable);
  if (typeof source !== 'string' && !ArrayBuffer.isView(source)) {
    throw check.refusedSecret(`tls.${option}`, 'PEM text, bytes, or the path of a PEM file');
  }
  try {
    return readPem(source);
  } catch (error) {
    const { message } = error as Error;
    throw check.error(`tls.${option}: the file cannot be read: ${message}`);
  }
}

function readable(path: string): Buffer | undefined {
  try {
    return readPem(path);
  } catch {
    return undefined;
  }
}
