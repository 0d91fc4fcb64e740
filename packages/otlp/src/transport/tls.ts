import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';

/** PEM texts of a TLS client. */
export interface Pems {
  /** Authorities to trust instead of the system's. */
  readonly ca: Buffer | undefined;
  /** The client's certificate chain, and its private key. */
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
}

/** PEM given as such (text or bytes), or the path of a file that holds it. Throws what reading throws. */
export function readPem(source: string | Uint8Array): Buffer {
  if (typeof source !== 'string') return Buffer.from(source);
  return source.includes('-----BEGIN') ? Buffer.from(source) : readFileSync(source);
}
