import fc from 'fast-check';
import { partialSuccess, retryDelayMillis } from '../../src/transport/answer.ts';

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));

describe('the answers of a receiver', () => {
  test('an empty response and the empty partial success of the real Collector reject nothing', () => {
    expect(partialSuccess(hex(''))).toEqual({ rejectedPoints: 0, message: '' });
    expect(partialSuccess(hex('0a 00'))).toEqual({ rejectedPoints: 0, message: '' });
  });

  test('a partial success says how many points and why', () => {
    // partial_success { rejected_data_points: 300, error_message: "no" }
    expect(partialSuccess(hex('0a 07 08 ac 02 12 02 6e 6f'))).toEqual({ rejectedPoints: 300, message: 'no' });
  });

  test('unknown fields are skipped', () => {
    expect(partialSuccess(hex('18 01 25 00 00 00 00 0a 04 08 02 40 09')).rejectedPoints).toBe(2);
  });

  test('RetryInfo is found among other details', () => {
    const any = (url: string, value: string) => {
      const name = Buffer.from(url).toString('hex');
      const body = `0a${url.length.toString(16).padStart(2, '0')}${name}12${(value.length / 2).toString(16).padStart(2, '0')}${value}`;
      return `1a${(body.length / 2).toString(16).padStart(2, '0')}${body}`;
    };
    // Duration { seconds: 2, nanos: 500000000 }
    const retryInfo = any('type.googleapis.com/google.rpc.RetryInfo', '0a0808021080cab5ee01');
    const other = any('type.googleapis.com/google.rpc.DebugInfo', '0a0161');
    expect(retryDelayMillis(hex(`080e${other}${retryInfo}`))).toBe(2500);
    expect(retryDelayMillis(hex(`080e${other}`))).toBeUndefined();
    // Duration { seconds: 2^62 }
    const forever = any('type.googleapis.com/google.rpc.RetryInfo', '0a0a08808080808080808040');
    expect(retryDelayMillis(hex(`080e${forever}`))).toBe(3_600_000);
    expect(retryDelayMillis(hex(any('type.googleapis.com/google.rpc.RetryInfo', '')))).toBe(0);
  });

  test('bytes that are no protobuf are no reason to fail', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(partialSuccess(bytes).rejectedPoints).toBeGreaterThanOrEqual(0);
        expect(retryDelayMillis(bytes) ?? 0).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
