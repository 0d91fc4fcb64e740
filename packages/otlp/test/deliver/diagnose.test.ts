import { diagnose } from '../../src/deliver/diagnose.ts';

const fail = (code: number, details: string, secure = false) =>
  diagnose({ ok: false, code, details, retryDelayMillis: undefined }, secure);
const connecting = (error: string) => `No connection established. Last error: ${error}. Resolution note: `;

describe('diagnose', () => {
  test.each([
    ['refused', 14, connecting('Error: connect ECONNREFUSED 127.0.0.1:4317')],
    ['reset', 14, connecting('Error: connect ECONNRESET 127.0.0.1:4317')],
    ['http port', 14, connecting('Protocol error (2026-11-23T15:00:00.000Z)')],
    ['closed', 14, connecting('Failed to connect (2026-11-23T15:00:00.000Z)')],
    [
      'plaintext server',
      14,
      connecting('Error: 00A7E:error:0A00010B:SSL routines:wrong version number:ssl.c:354:\n'),
    ],
    ['unknown authority', 14, connecting('Error: unable to verify the first certificate')],
    ['unknown authority', 14, connecting('Error: self-signed certificate in certificate chain')],
    ['wrong name', 14, connecting('Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match')],
    ['expired certificate', 14, connecting('Error: certificate has expired')],
    [
      'client certificate required',
      14,
      connecting('Error: tlsv13 alert certificate required:SSL alert number 116'),
    ],
    ['client certificate refused', 14, connecting('Error: tlsv1 alert unknown ca:SSL alert number 48')],
    ['not otlp', 12, 'Received HTTP status code 404'],
    ['no metrics', 12, 'unknown service opentelemetry.proto.collector.metrics.v1.MetricsService'],
    ['dns', 14, 'Name resolution failed for target dns:collector:4317'],
    ['no answer', 4, 'Deadline exceeded after 4.001s,Waiting for LB pick'],
    ['frozen', 14, 'Keepalive timeout'],
    ['memory', 14, 'data refused due to high memory usage'],
    ['queue full', 14, 'sending queue is full'],
    ['unauthenticated', 16, ''],
    ['forbidden', 7, ''],
    ['INVALID_ARGUMENT', 3, 'out of order sample'],
  ])('%s', (kind, code, details) => {
    expect(fail(code, details).kind).toBe(kind);
  });

  test('a connection that is closed at once means one thing in plaintext and another over TLS', () => {
    const details = connecting('Failed to connect (2026-11-23T15:00:00.000Z)');
    expect(fail(14, details).text).toMatch(/probably expects TLS/);
    expect(fail(14, details, true).text).toMatch(/client certificate/);
  });

  test('keeps what the receiver said, on one line and without control characters', () => {
    const { text } = fail(3, 'bad\u001b[31m\nlabel\u2028\u202e!');
    expect(text).toBe('INVALID_ARGUMENT: bad [31m label !');
  });

  test('cuts long texts', () => {
    expect(fail(3, 'x'.repeat(10_000)).text.length).toBeLessThan(300);
  });
});
