import { Buffer } from 'node:buffer';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { ChannelCredentials } from '@grpc/grpc-js';

/** What a connection is made with; it may change while nothing is in flight. */
export interface CredentialSource {
  readonly current: ChannelCredentials;
  /** Looks whether there are new ones; true if `current` is others now. Never rejects. */
  refresh(): Promise<boolean>;
}

/** PEM texts of a TLS client. */
export interface Pems {
  /** Authorities to trust instead of the system's. */
  readonly ca: Buffer | undefined;
  /** The client's certificate chain, and its private key. */
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
}

/** Where they come from: PEM as such (text or bytes), or the path of a file. */
export type PemSources = { readonly [Name in keyof Pems]?: string | Uint8Array | undefined };

const NAMES = ['ca', 'cert', 'key'] as const;

/** The PEM of a source. Throws what reading throws. */
export function readPem(source: string | Uint8Array): Buffer {
  return isPath(source) ? readFileSync(source) : Buffer.from(source);
}

/** Credentials that never change. */
export function fixedCredentials(current: ChannelCredentials): CredentialSource {
  return { current, refresh: async () => false };
}

/**
 * Credentials of files that are read again, since certificates are renewed while a service runs. What cannot be used
 * is not: the old ones stay until the new ones are whole. A rotation may write file by file, so that is said when
 * it is still so at the next look.
 */
export class TlsCredentials implements CredentialSource {
  current: ChannelCredentials;
  readonly #sources: PemSources;
  readonly #warn: (text: string) => void;
  #pems: Pems;
  #unusable = 0;

  /** Throws an `Error` that says what is wrong with the PEMs. */
  constructor(sources: PemSources, pems: Pems, warn: (text: string) => void) {
    this.current = secureCredentials(pems);
    this.#sources = sources;
    this.#pems = pems;
    this.#warn = warn;
  }

  async refresh(): Promise<boolean> {
    if (!NAMES.some((name) => isPath(this.#sources[name]))) return false;
    try {
      const [ca, cert, key] = await Promise.all(NAMES.map((name) => reread(this.#sources[name])));
      const pems = { ca, cert, key };
      const changed = NAMES.some((name) => !same(pems[name], this.#pems[name]));
      if (changed) this.current = secureCredentials(pems);
      this.#pems = pems;
      this.#unusable = 0;
      return changed;
    } catch (error) {
      if (++this.#unusable === 2) {
        this.#warn(
          `the TLS files changed and cannot be used, the old ones stay: ${(error as Error).message}`,
        );
      }
      return false;
    }
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

function isPath(source: string | Uint8Array | undefined): source is string {
  return typeof source === 'string' && !source.includes('-----BEGIN');
}

async function reread(source: string | Uint8Array | undefined): Promise<Buffer | undefined> {
  if (source === undefined) return undefined;
  return isPath(source) ? await readFile(source) : Buffer.from(source);
}

function same(one: Buffer | undefined, other: Buffer | undefined): boolean {
  return one === undefined || other === undefined ? one === other : one.equals(other);
}
