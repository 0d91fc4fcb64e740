import { Metadata } from '@grpc/grpc-js';
import { statusWithRetryInfo } from '../../../testing/src/collector/wire.ts';
import { classify } from '../../src/deliver/classify.ts';
import { failedAttempt } from '../../src/transport/failed.ts';

const kind = (error: unknown) => classify(failedAttempt(error), 1000).kind;
const grpc = (code: number, details = 'because', metadata = new Metadata()) =>
  Object.assign(new Error(`${code} STATUS: ${details}`), { code, details, metadata });
const http = (code: number) => Object.assign(new Error('Not good'), { name: 'OTLPExporterError', code });

describe('what an error tells of an attempt', () => {
  test('a status of gRPC and its details', () => {
    expect(failedAttempt(grpc(13))).toEqual({
      ok: false,
      code: 13,
      details: 'because',
      retryDelayMillis: undefined,
    });
  });

  test('the RetryInfo in the trailers', () => {
    const metadata = new Metadata();
    metadata.set('grpc-status-details-bin', statusWithRetryInfo(8, '', 2000));
    expect(failedAttempt(grpc(8, '', metadata)).retryDelayMillis).toBe(2000);
    expect(kind(grpc(8, '', metadata))).toBe('retry');
    expect(kind(grpc(8))).toBe('data');
  });

  // OTLP specification, "Failures" of OTLP/HTTP.
  test.each([
    [400, 'data'],
    [401, 'destination'],
    [403, 'destination'],
    [404, 'destination'],
    [405, 'destination'],
    [413, 'too large'],
    [429, 'retry'],
    [500, 'destination'],
    [502, 'retry'],
    [503, 'retry'],
    [504, 'retry'],
  ])('HTTP %i: %s', (code, expected) => {
    expect(kind(http(code))).toBe(expected);
  });

  test.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'broken'],
    ['an error', new Error('Concurrent export limit reached')],
    ['a system error', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })],
    ['a status that means success', grpc(0)],
    ['a redirection', http(302)],
  ])('%s is an outage: nobody judged the data', (_, error) => {
    expect(kind(error)).toBe('retry');
    expect(failedAttempt(error).code).toBe(14);
  });
});
