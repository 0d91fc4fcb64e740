/** What Prometheus calls units; others it takes as they are. */
const UNITS: ReadonlyMap<string, string> = new Map([
  ['d', 'days'],
  ['h', 'hours'],
  ['min', 'minutes'],
  ['s', 'seconds'],
  ['ms', 'milliseconds'],
  ['us', 'microseconds'],
  ['ns', 'nanoseconds'],
  ['By', 'bytes'],
  ['KiBy', 'kibibytes'],
  ['MiBy', 'mebibytes'],
  ['GiBy', 'gibibytes'],
  ['TiBy', 'tibibytes'],
  ['KBy', 'kilobytes'],
  ['MBy', 'megabytes'],
  ['GBy', 'gigabytes'],
  ['TBy', 'terabytes'],
  ['m', 'meters'],
  ['V', 'volts'],
  ['A', 'amperes'],
  ['J', 'joules'],
  ['W', 'watts'],
  ['g', 'grams'],
  ['Cel', 'celsius'],
  ['Hz', 'hertz'],
  ['1', ''],
  ['%', 'percent'],
]);

const PER_UNITS: ReadonlyMap<string, string> = new Map([
  ['s', 'second'],
  ['m', 'minute'],
  ['h', 'hour'],
  ['d', 'day'],
  ['w', 'week'],
  ['mo', 'month'],
  ['y', 'year'],
]);

/**
 * The name that Prometheus and the Collector give to a metric by default: OpenTelemetry specification, "Prometheus and
 * OpenMetrics Compatibility", with underscores and with suffixes of unit and type.
 */
export function prometheusName(name: string, kind: 'counter' | 'gauge' | 'histogram', unit: string): string {
  let words = name.split(/[^a-zA-Z0-9:]+/).filter((word) => word !== '');
  const [main = '', per] = unit.split(/\/(.*)/s);
  for (const suffix of [suffixOf(main, UNITS, ''), suffixOf(per ?? '', PER_UNITS, 'per_')]) {
    if (suffix !== '' && !words.includes(suffix)) words.push(suffix);
  }
  const last = kind === 'counter' ? 'total' : kind === 'gauge' && unit === '1' ? 'ratio' : undefined;
  if (last !== undefined) words = [...words.filter((word) => word !== last), last];
  const joined = words.join('_');
  return /^\d/.test(joined) ? `_${joined}` : joined;
}

function suffixOf(unit: string, names: ReadonlyMap<string, string>, prefix: string): string {
  const trimmed = unit.trim();
  if (trimmed === '' || /[{}]/.test(trimmed)) return '';
  const name = (names.get(trimmed) ?? trimmed)
    .split(/[^a-zA-Z0-9:]+/)
    .filter((word) => word !== '')
    .join('_');
  return name === '' ? '' : prefix + name;
}
