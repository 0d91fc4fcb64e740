export type Environment = Readonly<Record<string, string | undefined>>;
/** Says what is wrong with a value that is then ignored, as the specification demands of environment variables. */
export type Warn = (text: string) => void;

/** The OTLP variables of the metrics signal, each over its general form. */
export class OtlpEnv {
  readonly #env: Environment;
  readonly #warn: Warn;

  constructor(env: Environment, warn: Warn) {
    this.#env = env;
    this.#warn = warn;
  }

  /**
   * The value of `OTEL_EXPORTER_OTLP_METRICS_<name>`, or else of `OTEL_EXPORTER_OTLP_<name>`, that `parse`
   * understands. Blank is unset; what is not understood is reported and counts as unset.
   */
  read<T>(name: string, allowed: string, parse: (text: string) => T | undefined): T | undefined {
    return this.#first(bothOf(name), allowed, parse);
  }

  /** The same for what exists for metrics only. */
  readMetrics<T>(name: string, allowed: string, parse: (text: string) => T | undefined): T | undefined {
    return this.#first(bothOf(name).slice(0, 1), allowed, parse);
  }

  #first<T>(variables: string[], allowed: string, parse: (text: string) => T | undefined): T | undefined {
    for (const variable of variables) {
      const text = this.#env[variable]?.trim();
      if (text === undefined || text === '') continue;
      const value = parse(text);
      if (value !== undefined) return value;
      this.#warn(`${variable} is ignored: it must be ${allowed}`);
    }
    return undefined;
  }

  /** All headers, those of the signal over the general ones. W3C baggage form: `key=value,key2=value2`. */
  headers(check: (name: string, value: string) => string | undefined): Map<string, string> {
    const headers = new Map<string, string>();
    for (const variable of bothOf('HEADERS').reverse()) {
      for (const pair of (this.#env[variable] ?? '').split(',')) {
        if (pair.trim() === '') continue;
        const at = pair.indexOf('=');
        const name = pair
          .slice(0, at < 0 ? undefined : at)
          .trim()
          .toLowerCase();
        const value = at < 0 ? undefined : decoded(pair.slice(at + 1).trim());
        const problem = value === undefined ? 'key=value, percent-encoded' : check(name, value);
        if (problem !== undefined) this.#warn(`${variable}: one header is ignored: it must be ${problem}`);
        else if (value !== undefined) headers.set(name, value);
      }
    }
    return headers;
  }
}

/** The variable of the signal, then the general one. */
function bothOf(name: string): string[] {
  return [`OTEL_EXPORTER_OTLP_METRICS_${name}`, `OTEL_EXPORTER_OTLP_${name}`];
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
