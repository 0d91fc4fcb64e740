// Text for a terminal: styles that can be switched off, and lines that fit.

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, cyan: 36 } as const;

export type Style = keyof typeof STYLES;
export type Paint = (style: Style, text: string) => string;

export function painter(colours: boolean): Paint {
  return (style, text) => (colours ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const ESCAPE = /(\u001b\[[0-9;]*m)/;

/** At most `width` columns; escape sequences take none, and a style that is cut off ends. */
export function clip(line: string, width: number): string {
  let left = width;
  let out = '';
  for (const part of line.split(ESCAPE)) {
    if (ESCAPE.test(part)) {
      out += part;
      continue;
    }
    const characters = [...part];
    out += characters.length <= left ? part : `${characters.slice(0, Math.max(0, left - 1)).join('')}…`;
    left -= characters.length;
    if (left < 0) return `${out}${line.includes('\u001b') ? '\u001b[0m' : ''}`;
  }
  return out;
}

const BARS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** The last `width` values as bars, the highest one full; what is not 0 shows. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(-width);
  const highest = Math.max(1, ...shown);
  return shown
    .map((value) => BARS[value === 0 ? 0 : Math.max(1, Math.round((value / highest) * 8))])
    .join('')
    .padEnd(width);
}

export function integer(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

export function bytes(value: number): string {
  if (value < 1024) return `${value} B`;
  return value < 1024 * 1024 ? `${(value / 1024).toFixed(1)} KiB` : `${(value / 1024 / 1024).toFixed(1)} MiB`;
}

export function millis(value: number): string {
  if (Number.isNaN(value)) return '–';
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`;
}

export function seconds(value: number): string {
  return `${value.toFixed(1)} s`;
}
