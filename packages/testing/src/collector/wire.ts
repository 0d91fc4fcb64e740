import { Buffer } from 'node:buffer';

// The few messages that a receiver writes itself, by hand: protobuf fields in the order of their numbers.

const VARINT = 0;
const BYTES = 2;

/** Base 128 varint, least significant group first; negative numbers as 64-bit two's complement. */
function varint(value: bigint): number[] {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest > 0x7fn) {
    out.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  out.push(Number(rest));
  return out;
}

function integer(field: number, value: number): Buffer {
  if (value === 0) return Buffer.alloc(0);
  return Buffer.from([...varint(BigInt((field << 3) | VARINT)), ...varint(BigInt(value))]);
}

function bytes(field: number, value: Uint8Array | string): Buffer {
  const body = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  return Buffer.concat([
    Buffer.from([...varint(BigInt((field << 3) | BYTES)), ...varint(BigInt(body.length))]),
    body,
  ]);
}

function text(field: number, value: string): Buffer {
  return value === '' ? Buffer.alloc(0) : bytes(field, value);
}

/**
 * `ExportMetricsServiceResponse { partial_success = 1 }` with
 * `ExportMetricsPartialSuccess { int64 rejected_data_points = 1; string error_message = 2 }`.
 *
 * The field is written even when it is empty (`0a 00`), as the real Collector does on every success.
 */
export function exportResponse(rejectedPoints: number, message: string): Buffer {
  return bytes(1, Buffer.concat([integer(1, rejectedPoints), text(2, message)]));
}

/**
 * `google.rpc.Status { int32 code = 1; string message = 2; repeated Any details = 3 }` with one
 * `google.rpc.RetryInfo { Duration retry_delay = 1 }`: the value of the trailer `grpc-status-details-bin`.
 */
export function statusWithRetryInfo(code: number, message: string, retryDelayMillis: number): Buffer {
  const seconds = Math.floor(retryDelayMillis / 1000);
  const nanos = Math.round((retryDelayMillis - seconds * 1000) * 1e6);
  const retryInfo = bytes(1, Buffer.concat([integer(1, seconds), integer(2, nanos)]));
  const any = Buffer.concat([text(1, 'type.googleapis.com/google.rpc.RetryInfo'), bytes(2, retryInfo)]);
  return Buffer.concat([integer(1, code), text(2, message), bytes(3, any)]);
}
