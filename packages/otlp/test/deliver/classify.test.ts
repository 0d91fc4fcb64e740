import { classify, STATUS_NAMES } from '../../src/deliver/classify.ts';

function verdict(code: number, details = '', retryDelayMillis?: number, size = 1000) {
  return classify({ ok: false, code, details, retryDelayMillis }, size);
}

describe('classify', () => {
  // The table of the OTLP specification, and DESIGN.md §6.5: code, without RetryInfo, with RetryInfo.
  test.each([
    [1, 'CANCELLED', 'retry', 'retry'],
    [2, 'UNKNOWN', 'data', 'data'],
    [3, 'INVALID_ARGUMENT', 'data', 'data'],
    [4, 'DEADLINE_EXCEEDED', 'retry', 'retry'],
    [5, 'NOT_FOUND', 'data', 'data'],
    [6, 'ALREADY_EXISTS', 'data', 'data'],
    [7, 'PERMISSION_DENIED', 'destination', 'destination'],
    [8, 'RESOURCE_EXHAUSTED', 'data', 'retry'],
    [9, 'FAILED_PRECONDITION', 'data', 'data'],
    [10, 'ABORTED', 'retry', 'retry'],
    [11, 'OUT_OF_RANGE', 'retry', 'retry'],
    [12, 'UNIMPLEMENTED', 'destination', 'destination'],
    [13, 'INTERNAL', 'data', 'data'],
    [14, 'UNAVAILABLE', 'retry', 'retry'],
    [15, 'DATA_LOSS', 'retry', 'retry'],
    [16, 'UNAUTHENTICATED', 'destination', 'destination'],
  ])('%i %s: %s, with RetryInfo %s', (code, name, without, withRetryInfo) => {
    expect(STATUS_NAMES[code]).toBe(name);
    expect(verdict(code).kind).toBe(without);
    expect(verdict(code, '', 5000).kind).toBe(withRetryInfo);
  });

  test('RetryInfo is the floor of the wait, none is zero', () => {
    expect(verdict(14, '', 5000)).toEqual({ kind: 'retry', floorMillis: 5000 });
    expect(verdict(14)).toEqual({ kind: 'retry', floorMillis: 0 });
    expect(verdict(8, '', 0)).toEqual({ kind: 'retry', floorMillis: 0 });
  });

  test.each([
    ['grpc: received message larger than max (4194305 vs. 4194304)'],
    ['grpc: received message after decompression larger than max 4194304'],
    ['Received message larger than max (4194305 vs 4194304)'],
  ])('learns the limit from: %s', (details) => {
    expect(verdict(8, details, undefined, 4194305)).toEqual({ kind: 'too large', limit: 4194304 });
  });

  test('a limit that the request kept is about the response: no OTLP receiver answers there', () => {
    // An HTML page read as a length-prefixed message.
    const details = 'Received message larger than max (1752460652 vs 4194304)';
    expect(verdict(8, details, undefined, 200_000).kind).toBe('destination');
  });

  test.each([
    [13, 'Received RST_STREAM with code 2 (Internal server error)'],
    [13, 'Received RST_STREAM with code 0 (Call ended without gRPC status)'],
    [8, 'Bandwidth exhausted or memory limit exceeded'],
    [2, 'No status information received'],
    [13, 'Write error: write after end'],
    [13, 'Failed to start HTTP/2 stream with error ERR'],
  ])('%i "%s" is a broken stream, not a judgement of the data', (code, details) => {
    expect(verdict(code, details).kind).toBe('retry');
  });

  test.each([
    [2, 'Received HTTP status code 500'],
    [2, 'Received HTTP status code 200'],
    [13, 'Received HTTP status code 400'],
    [8, 'Received message that decompresses to a size larger than 4194304'],
    [13, 'Failed to decompress gzip-encoded message'],
    [13, 'Invalid status from control plane: 3 INVALID_ARGUMENT Getting metadata from plugin failed'],
  ])('%i "%s" is no answer of a receiver, not a judgement of the data', (code, details) => {
    expect(verdict(code, details).kind).toBe('destination');
  });

  test('a proxy that is away is retried, one that takes less gets less', () => {
    expect(verdict(14, 'Received HTTP status code 503').kind).toBe('retry');
    expect(verdict(2, 'Received HTTP status code 413', undefined, 1000)).toEqual({
      kind: 'too large',
      limit: 999,
    });
  });

  test('a code outside the table is data-level, as UNKNOWN', () => {
    expect(verdict(99).kind).toBe('data');
  });
});
