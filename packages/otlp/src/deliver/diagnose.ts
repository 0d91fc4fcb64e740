import type { FailedAttempt } from '../transport/transport.ts';
import { statusName } from './classify.ts';
import { printable } from './printable.ts';

/** Why an attempt failed, for a human. Texts of receivers carry dates and ids: compare by `kind`. */
export interface Diagnosis {
  readonly kind: string;
  readonly text: string;
}

interface Rule {
  readonly kind: string;
  readonly pattern: RegExp;
  readonly text: string;
}

const FAILED_TO_CONNECT = /Failed to connect/;

// Texts that were seen from grpc-js 1.14 and the Collector 0.159; the first match wins.
const RULES: readonly Rule[] = [
  {
    kind: 'headers',
    pattern: /^the headers callback/,
    text: 'there are no headers to send with: look at the function that is given as headers',
  },
  {
    kind: 'refused',
    pattern: /ECONNREFUSED/,
    text: 'connection refused: nothing listens there (is the collector running, is the port its OTLP/gRPC port, usually 4317?)',
  },
  {
    kind: 'no socket',
    pattern: /ENOENT|EACCES/,
    text: 'the unix socket does not exist or may not be opened',
  },
  {
    kind: 'dns',
    pattern: /Name resolution failed|ENOTFOUND|EAI_AGAIN/,
    text: 'the name of the collector does not resolve (DNS)',
  },
  {
    kind: 'unreachable',
    pattern: /EHOSTUNREACH|ENETUNREACH/,
    text: 'the network cannot reach the collector',
  },
  {
    kind: 'http port',
    pattern: /Protocol error/,
    text: 'the port answers HTTP/1: it is not an OTLP/gRPC port (OTLP/HTTP is usually on 4318, gRPC on 4317)',
  },
  {
    kind: 'plaintext server',
    pattern: /wrong version number|packet length too long/,
    text: 'the collector does not speak TLS on this port: use http:// or grpc:// for plaintext',
  },
  {
    kind: 'wrong name',
    pattern: /ERR_TLS_CERT_ALTNAME_INVALID/,
    text: "the collector's certificate is for another host name",
  },
  {
    kind: 'expired certificate',
    pattern: /certificate has expired|CERT_HAS_EXPIRED|alert certificate expired/,
    text: 'a TLS certificate has expired',
  },
  {
    kind: 'client certificate required',
    pattern: /alert certificate required|alert bad certificate|alert handshake failure/,
    text: 'the collector wants a client certificate: set tls.cert and tls.key',
  },
  {
    kind: 'client certificate refused',
    pattern: /alert unknown ca/,
    text: 'the collector does not trust the client certificate',
  },
  {
    kind: 'unknown authority',
    pattern:
      /unable to verify the first certificate|self.signed certificate|unable to get (local )?issuer certificate/,
    text: "the collector's certificate is signed by an authority that is not trusted: set tls.ca",
  },
  {
    kind: 'closed',
    pattern: FAILED_TO_CONNECT,
    text: 'the collector closed the connection before HTTP/2 began',
  },
  {
    kind: 'reset',
    pattern: /ECONNRESET|EPIPE|Connection dropped|Received RST_STREAM|No connection established/,
    text: 'the connection broke',
  },
  {
    kind: 'frozen',
    pattern: /Keepalive timeout/,
    text: 'the connection is silent: no answer to keepalive pings',
  },
  { kind: 'memory', pattern: /high memory usage/, text: 'the collector refuses data: its memory is short' },
  { kind: 'queue full', pattern: /queue is full/, text: 'the sending queue of the collector is full' },
  {
    kind: 'no metrics',
    pattern: /unknown service .*MetricsService/i,
    text: 'the collector takes no metrics over OTLP/gRPC: it has no metrics pipeline with an otlp receiver',
  },
  {
    kind: 'proxy',
    pattern: /HTTP status code (429|502|503|504)/,
    text: 'a proxy answers: the collector behind it is not there, or has too much to do',
  },
  {
    kind: 'not otlp',
    pattern: /HTTP status code (?!401|403)|larger than|^Failed to decompress/,
    text: 'what answers there is no OTLP/gRPC receiver',
  },
];

/** What grpc-js ends with when it has no such note. */
const NO_NOTE = / Resolution note:\s*$/;

/**
 * Says in one sentence what is probably wrong, with what the receiver said stripped of control characters. `secure`:
 * over TLS.
 */
export function diagnose(attempt: FailedAttempt, secure: boolean | undefined): Diagnosis {
  const name = statusName(attempt.code);
  const said = attempt.details === '' ? name : `${name}: ${printable(attempt.details.replace(NO_NOTE, ''))}`;
  const rule = RULES.find(({ pattern }) => pattern.test(attempt.details)) ?? byStatus(name);
  return rule === undefined
    ? { kind: name, text: said }
    : { kind: rule.kind, text: `${rule.text}${hint(rule, secure)} (${said})` };
}

function hint({ kind }: Omit<Rule, 'pattern'>, secure: boolean | undefined): string {
  if (kind !== 'closed' || secure === undefined) return '';
  return secure
    ? ': it probably refuses the client certificate, or wants one'
    : ': it probably expects TLS (https:// or grpcs://)';
}

function byStatus(name: string): Omit<Rule, 'pattern'> | undefined {
  switch (name) {
    case 'DEADLINE_EXCEEDED':
      return { kind: 'no answer', text: 'no answer in time' };
    case 'UNAUTHENTICATED':
      return {
        kind: 'unauthenticated',
        text: 'the collector does not accept the credentials in the headers',
      };
    case 'PERMISSION_DENIED':
      return { kind: 'forbidden', text: 'the credentials are not allowed to send metrics there' };
    default:
      return undefined;
  }
}
