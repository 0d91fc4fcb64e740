import type { Unit } from '../unit.ts';
import { decodeForJson } from './decode.ts';
import { malformed } from './malformed.ts';
import type { ExportMetricsServiceRequest } from './messages.ts';
import { encodeRequest } from './serialize.ts';
import { splitUnit } from './split.ts';

/** What the Collector's `otlp_json_file` receiver reads as one line, less the room for what a log adds to it. */
export const MAX_LINE_BYTES = 1024 * 1024 - 64;

/**
 * A unit as one line of OTLP JSON, without the line feed: what the Collector's `otlp_json_file` receiver reads. Every
 * field on the wire is in it, also with its default value, so that `fromLine` gives back the bytes of a unit that
 * this package encoded.
 */
export function toLine(unit: Pick<Unit, 'bytes'>): string {
  const request = decodeForJson(unit.bytes);
  return request.resourceMetrics === undefined ? '{"resourceMetrics":[]}' : JSON.stringify(request);
}

/**
 * The protobuf bytes of a line. Unknown keys are skipped, so a log may add its own.
 *
 * @throws an error with `code: 'OSTINATO_MALFORMED_OTLP'` when the text is no JSON, no request, or has a field whose value its
 * type does not allow.
 */
export function fromLine(text: string): Uint8Array {
  let request: unknown;
  try {
    request = JSON.parse(text);
  } catch (cause) {
    throw malformed('not JSON', cause);
  }
  return encodeRequest(request as ExportMetricsServiceRequest);
}

/** A unit and its line. */
export interface Line {
  readonly unit: Unit;
  readonly text: string;
}

/**
 * The unit as lines of at most `maxBytes`, halved until each fits; the halves are units of their own. A single point
 * may be longer.
 */
export function toLines(unit: Unit, { maxBytes = MAX_LINE_BYTES } = {}): readonly Line[] {
  const text = toLine(unit);
  // A UTF-16 unit takes at most three bytes.
  const fits = text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes;
  const halves = fits ? undefined : splitUnit(unit);
  return halves === undefined ? [{ unit, text }] : halves.flatMap((half) => toLines(half, { maxBytes }));
}
