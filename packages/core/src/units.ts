/** `milliseconds` in a UCUM time unit; undefined if `unit` is none. */
export function fromMilliseconds(milliseconds: number, unit: string): number | undefined {
  switch (unit) {
    case 'ns':
      return milliseconds * 1e6;
    case 'us':
      return milliseconds * 1e3;
    case 'ms':
      return milliseconds;
    case 's':
      return milliseconds / 1e3;
    case 'min':
      return milliseconds / 60e3;
    case 'h':
      return milliseconds / 3_600e3;
    case 'd':
      return milliseconds / 86_400e3;
    default:
      return undefined;
  }
}
