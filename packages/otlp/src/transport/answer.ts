import { decodeResponse, decodeRetryInfo, decodeStatus } from '../encode/decode.ts';

/**
 * What a success says. The real Collector sends an empty partial success on every one. An answer that cannot be read
 * is still a success: its status said so, and sending the data again is forbidden.
 */
export function partialSuccess(response: Uint8Array): { rejectedPoints: number; message: string } {
  try {
    const { rejectedDataPoints = 0, errorMessage = '' } = decodeResponse(response).partialSuccess ?? {};
    return { rejectedPoints: Math.max(0, Number(rejectedDataPoints)), message: errorMessage };
  } catch {
    return { rejectedPoints: 0, message: '' };
  }
}

// A receiver that errs must not silence a service for good.
const LONGEST_RETRY_DELAY_MILLIS = 3_600_000;

/** The delay, at most an hour, of the first RetryInfo among the details of a status, which is the trailer `grpc-status-details-bin`. */
export function retryDelayMillis(status: Uint8Array): number | undefined {
  try {
    for (const { typeUrl = '', value = '' } of decodeStatus(status).details ?? []) {
      if (!typeUrl.endsWith('/google.rpc.RetryInfo')) continue;
      const { seconds = 0, nanos = 0 } = decodeRetryInfo(Buffer.from(value, 'base64')).retryDelay ?? {};
      const millis = Number(seconds) * 1000 + Number(nanos) / 1e6;
      return Math.min(Math.max(0, millis), LONGEST_RETRY_DELAY_MILLIS);
    }
  } catch {
    // Not readable: as if the receiver had not sent it.
  }
  return undefined;
}
