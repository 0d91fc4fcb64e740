/** Where to send, understood. */
export interface Endpoint {
  /** For humans, without secrets. */
  readonly text: string;
  /** For grpc-js. */
  readonly target: string;
  readonly secure: boolean;
  /** On this machine: nothing passes a network. */
  readonly loopback: boolean;
  /** What was given beyond host and port, which gRPC has no use for. */
  readonly ignoredPath: string | undefined;
}

export const ENDPOINT_FORMS =
  'http://host:4317, https://host:4317, grpc://host:4317, grpcs://host:4317, host:4317 or unix:/path';

const FORM =
  /^(?:([a-z][a-z0-9+.-]*):\/\/)?(?:([^/?#@]*)@)?(\[[0-9a-f:.%]+\]|[^:/?#@[\]\s]+)(?::(\d{1,5}))?([/?#].*)?$/i;
const SCHEMES: Readonly<Record<string, { readonly secure: boolean; readonly port: number }>> = {
  http: { secure: false, port: 4317 },
  grpc: { secure: false, port: 4317 },
  grpcs: { secure: true, port: 4317 },
  // As every URL has it.
  https: { secure: true, port: 443 },
};
const LOOPBACK = /^(localhost|.*\.localhost|127(\.\d{1,3}){3}|\[::1\])$/i;

/**
 * Understands an endpoint (DESIGN.md §7); `undefined` if it is none. Without a scheme it is TLS unless `insecure`,
 * as the specification of the exporter says.
 */
export function parseEndpoint(given: string, insecure: boolean): Endpoint | undefined {
  const text = given.trim();
  const unix = /^unix:(?:\/\/)?(\/[^\0]+)$/i.exec(text)?.[1];
  if (unix !== undefined) {
    const target = `unix:${unix}`;
    return { text: target, target, secure: false, loopback: true, ignoredPath: undefined };
  }
  const [, scheme, userinfo, host, port, rest] = FORM.exec(text) ?? [];
  // gRPC has no user and password in an address: they belong in a header.
  if (host === undefined || userinfo !== undefined) return undefined;
  const form = scheme === undefined ? { secure: !insecure, port: 4317 } : SCHEMES[scheme.toLowerCase()];
  const number = Number(port ?? form?.port);
  if (form === undefined || number < 1 || number > 65_535) return undefined;
  const target = `${host}:${number}`;
  return {
    text: `${scheme?.toLowerCase() ?? (form.secure ? 'https' : 'http')}://${target}`,
    target,
    secure: form.secure,
    loopback: LOOPBACK.test(host),
    ignoredPath: rest === undefined || rest === '/' ? undefined : rest.replace(/[?#].*$/, ''),
  };
}

/** An endpoint that was not understood, fit to be shown: no user, no password, no query. */
export function maskedEndpoint(given: string): string {
  return given.replace(/^([a-z0-9+.-]*:\/\/)?.*@/is, '$1***@').replace(/[?#].*$/, '');
}
