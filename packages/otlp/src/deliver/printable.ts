const LONGEST = 256;

/** Untrusted text for a log line: one line, without control or bidirectional characters, at most 256 characters. */
export function printable(text: string): string {
  // What is cut off anyway is not looked at: an answer may be megabytes long.
  const clean = text
    .slice(0, 4 * LONGEST)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
  return clean.length > LONGEST ? `${clean.slice(0, LONGEST - 1)}…` : clean;
}
