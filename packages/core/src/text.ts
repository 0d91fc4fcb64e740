const SHOWN = 80;
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Surrogate}\u2028\u2029]/gu;

/**
 * A value as messages show it: short, printable, and never running code of the value (no `toString`, no getter),
 * because messages are made on the record path too.
 */
export function quote(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `'${printable(value)}'`;
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'symbol':
      return printable(String(value));
    case 'bigint':
      return 'a bigint';
    case 'function':
      return 'a function';
    case 'object':
      return value === null ? 'null' : 'an object';
    default:
      return String(value);
  }
}

/** The items of an array, quoted. */
export function quoteAll(values: readonly unknown[]): string {
  const shown = Array.from(values.slice(0, 20), quote).join(', ');
  return values.length > 20 ? `[${shown}, …]` : `[${shown}]`;
}

function printable(text: string): string {
  const short = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  return short.replace(UNPRINTABLE, '\ufffd');
}

/** `text` without lone surrogates, which UTF-8 cannot carry. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}

/** How many letters must be put in, taken out or replaced to make one text the other (Levenshtein's distance). */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
