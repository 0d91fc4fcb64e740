// The two small messages that an OTLP client reads, by hand: protobuf fields, unknown ones skipped.

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

interface Field {
  readonly number: number;
  readonly value: bigint | Uint8Array;
}

/** The fields of one message, in order; throws a RangeError where the bytes are no protobuf. */
function* fields(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new RangeError('a varint is cut or too long');
  };
  const take = (length: number): Uint8Array => {
    if (length > bytes.length - at) throw new RangeError('a field is longer than its message');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const number = tag >>> 3;
    switch (tag & 7) {
      case VARINT:
        yield { number, value: varint() };
        break;
      case FIXED64:
        yield { number, value: take(8) };
        break;
      case BYTES:
        yield { number, value: take(Number(varint())) };
        break;
      case FIXED32:
        yield { number, value: take(4) };
        break;
      default:
        throw new RangeError(`wire type ${tag & 7}`);
    }
  }
}

function bytesOf(message: Uint8Array, number: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (const field of fields(message)) {
    if (field.number === number && typeof field.value !== 'bigint') found.push(field.value);
  }
  return found;
}

function integerOf(message: Uint8Array, number: number): bigint {
  let found = 0n;
  for (const field of fields(message)) {
    if (field.number === number && typeof field.value === 'bigint') found = BigInt.asIntN(64, field.value);
  }
  return found;
}

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

/**
 * `ExportMetricsServiceResponse { partial_success = 1 }` with
 * `ExportMetricsPartialSuccess { int64 rejected_data_points = 1; string error_message = 2 }`.
 *
 * The real Collector sends an empty one on every success. An answer that cannot be read is still a success: its
 * status said so, and sending the data again is forbidden.
 */
export function partialSuccess(response: Uint8Array): { rejectedPoints: number; message: string } {
  try {
    const partial = bytesOf(response, 1).at(-1) ?? new Uint8Array(0);
    const rejected = Number(integerOf(partial, 1));
    return { rejectedPoints: Math.max(0, rejected), message: text(bytesOf(partial, 2).at(-1)) };
  } catch {
    return { rejectedPoints: 0, message: '' };
  }
}

/**
 * The delay of the first `google.rpc.RetryInfo { Duration retry_delay = 1 }` among the details of a
 * `google.rpc.Status { repeated Any details = 3 }`, the trailer `grpc-status-details-bin`.
 */
export function retryDelayMillis(status: Uint8Array): number | undefined {
  try {
    for (const any of bytesOf(status, 3)) {
      if (!text(bytesOf(any, 1).at(-1)).endsWith('/google.rpc.RetryInfo')) continue;
      const retryInfo = bytesOf(any, 2).at(-1) ?? new Uint8Array(0);
      const duration = bytesOf(retryInfo, 1).at(-1) ?? new Uint8Array(0);
      return Math.max(0, Number(integerOf(duration, 1)) * 1000 + Number(integerOf(duration, 2)) / 1e6);
    }
  } catch {
    // Not readable: as if the receiver had not sent it.
  }
  return undefined;
}
