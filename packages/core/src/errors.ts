/**
 * What Ostinato throws at set-up. The message says what was given, what is allowed and what to do; `code` is
 * stable. Compare `code` and never use `instanceof`: a process may hold two copies of a package.
 */
export class OstinatoError extends Error {
  override readonly name: string = 'OstinatoError';
  /** Such as `ERR_OPTION`. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
