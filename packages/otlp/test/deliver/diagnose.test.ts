import { diagnose } from '../../src/deliver/diagnose.ts';

const fail = (code: number, details: string, secure = false) =>
  diagnose({ ok: false, code, details, retryDelayMillis: undefined }, secure);
const connecting = (error: string) => `No connection established. Last error: ${error}. Resolution note: `;

describe('diagnose', () => {
  // Texts of grpc-js and of the Collector, as they were seen.
  test.each([
    ['refused', /nothing listens/, 14, connecting('Error: connect ECONNREFUSED 127.0.0.1:4317')],
    ['reset', /broke/, 14, connecting('Error: connect ECONNRESET 127.0.0.1:4317')],
    ['reset', /broke/, 14, 'Connection dropped'],
    ['http port', /not an OTLP\/gRPC port/, 14, connecting('Protocol error (2026-11-23T15:00:00.000Z)')],
    ['closed', /expects TLS/, 14, connecting('Failed to connect (2026-11-23T15:00:00.000Z)')],
    [
      'plaintext server',
      /does not speak TLS/,
      14,
      connecting('Error: 00A7E:error:0A00010B:SSL routines:wrong version number:ssl.c:354:\n'),
    ],
    [
      'unknown authority',
      /authority that is not trusted/,
      14,
      connecting('Error: unable to verify the first certificate'),
    ],
    [
      'unknown authority',
      /set tls.ca/,
      14,
      connecting('Error: self-signed certificate in certificate chain'),
    ],
    [
      'wrong name',
      /another host name/,
      14,
      connecting('Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match'),
    ],
    ['expired certificate', /expired/, 14, connecting('Error: certificate has expired')],
    [
      'client certificate required',
      /wants a client certificate/,
      14,
      connecting('Error: tlsv13 alert certificate required:SSL alert number 116'),
    ],
    [
      'client certificate refused',
      /does not trust the client certificate/,
      14,
      connecting('Error: tlsv1 alert unknown ca:SSL alert number 48'),
    ],
    ['not otlp', /no OTLP\/gRPC receiver/, 12, 'Received HTTP status code 404'],
    ['not otlp', /no OTLP\/gRPC receiver/, 8, 'Received message larger than max (1752460652 vs 4194304)'],
    [
      'no metrics',
      /no metrics pipeline/,
      12,
      'unknown service opentelemetry.proto.collector.metrics.v1.MetricsService',
    ],
    ['dns', /does not resolve/, 14, 'Name resolution failed for target dns:collector:4317'],
    ['no answer', /no answer in time/, 4, 'Deadline exceeded after 4.001s,Waiting for LB pick'],
    ['frozen', /silent/, 14, 'Keepalive timeout'],
    ['no socket', /unix socket/, 14, connecting('Error: connect ENOENT /run/otel.sock')],
    ['unreachable', /cannot reach/, 14, connecting('Error: connect EHOSTUNREACH 10.0.0.1:4317')],
    ['memory', /memory is short/, 14, 'data refused due to high memory usage'],
    ['queue full', /queue of the collector is full/, 14, 'sending queue is full'],
    ['unauthenticated', /does not accept the credentials/, 16, ''],
    ['unauthenticated', /does not accept the credentials/, 16, 'Received HTTP status code 401'],
    ['forbidden', /not allowed/, 7, ''],
    ['forbidden', /not allowed/, 7, 'Received HTTP status code 403'],
    ['proxy', /a proxy answers/, 14, 'Received HTTP status code 429'],
    ['proxy', /a proxy answers/, 14, 'Received HTTP status code 502'],
    ['proxy', /a proxy answers/, 14, 'Received HTTP status code 503'],
    ['proxy', /a proxy answers/, 14, 'Received HTTP status code 504'],
    ['headers', /function that is given as headers/, 14, 'the headers callback failed: TypeError'],
    [
      'INVALID_ARGUMENT',
      /out of order sample/,
      3,
      'not retryable error: Permanent error: out of order sample',
    ],
    ['UNKNOWN', /invalid temporality/, 2, 'not retryable error: Permanent error: invalid temporality'],
    ['INTERNAL', /error unmarshalling/, 13, 'grpc: error unmarshalling request: proto: cannot parse'],
  ])('%s: %p', (kind, text, code, details) => {
    const diagnosis = fail(code, details);
    expect(diagnosis.kind).toBe(kind);
    expect(diagnosis.text).toMatch(text);
  });

  test('a connection that is closed at once means one thing in plaintext and another over TLS', () => {
    const details = connecting('Failed to connect (2026-11-23T15:00:00.000Z)');
    expect(fail(14, details).text).toMatch(/probably expects TLS/);
    expect(fail(14, details, true).text).toMatch(/client certificate/);
    const unknown = diagnose({ ok: false, code: 14, details, retryDelayMillis: undefined }, undefined);
    expect(unknown.text).not.toMatch(/TLS|client/);
  });

  test('keeps what the receiver said, on one line and without control characters', () => {
    const { text } = fail(3, 'bad\u001b[31m\nlabel\u2028\u202e!');
    expect(text).toBe('INVALID_ARGUMENT: bad [31m label !');
  });

  test('leaves out the note that grpc-js announces and does not have', () => {
    const details = connecting('Error: connect ECONNREFUSED 127.0.0.1:9');
    const { text } = diagnose({ ok: false, code: 14, details, retryDelayMillis: undefined }, undefined);
    expect(text).toMatch(/Error: connect ECONNREFUSED 127\.0\.0\.1:9\.\)$/);
  });

  test('cuts long texts', () => {
    expect(fail(3, 'x'.repeat(10_000)).text.length).toBeLessThan(300);
  });
});
