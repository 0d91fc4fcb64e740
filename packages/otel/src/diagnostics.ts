import { Console } from 'node:console';
import { type DiagLogFunction, DiagLogLevel, diag } from '@opentelemetry/api';
import { type Reporter, setReporter } from '@ostinato/core';
import { type Environment, readString, refuse } from './environment.ts';

const LEVELS: ReadonlyMap<string, DiagLogLevel> = new Map([
  ['none', DiagLogLevel.NONE],
  ['error', DiagLogLevel.ERROR],
  ['warn', DiagLogLevel.WARN],
  ['info', DiagLogLevel.INFO],
  ['debug', DiagLogLevel.DEBUG],
  ['verbose', DiagLogLevel.VERBOSE],
  ['all', DiagLogLevel.ALL],
]);

/**
 * OpenTelemetry's diagnostics are silent until somebody sets a logger. If nobody has, this makes them lines on
 * stderr, from `OTEL_LOG_LEVEL` (default info) up: who did nothing shall still read that the collector is away.
 * Returns what takes the logger out again.
 */
export function ensureDiagLogger(environment: Environment): () => void {
  if (registered('diag') !== undefined) {
    return () => {};
  }
  const console = new Console({ stdout: process.stderr, stderr: process.stderr });
  const print =
    (level: string): DiagLogFunction =>
    (message, ...args) =>
      console.error(`ostinato ${level}: ${message}`, ...args);
  diag.setLogger(
    {
      error: print('error'),
      warn: print('warn'),
      info: print('info'),
      debug: print('debug'),
      verbose: print('verbose'),
    },
    { logLevel: readLevel(environment), suppressOverrideMessage: true },
  );
  const mine = registered('diag');
  return () => {
    if (registered('diag') === mine) {
      diag.disable();
    }
  };
}

/** Sends the warnings of core and recorder to OpenTelemetry's diagnostics. Returns what gives them back. */
export function reportToDiag(): () => void {
  const mine: Reporter = (code, text) => diag.warn(`${text} [${code}]`);
  const previous = setReporter(mine);
  return () => {
    const current = setReporter(previous);
    if (current !== mine) {
      setReporter(current);
    }
  };
}

/** What is registered for one of OpenTelemetry's global APIs; the API itself answers with a proxy or a noop. */
export function registered(api: 'diag' | 'metrics'): unknown {
  return (globalThis as { [API]?: { diag?: unknown; metrics?: unknown } })[API]?.[api];
}

const API = Symbol.for('opentelemetry.js.api.1');

function readLevel(environment: Environment): DiagLogLevel {
  const name = 'OTEL_LOG_LEVEL';
  const value = readString(environment, name) ?? 'info';
  const level = LEVELS.get(value.toLowerCase());
  if (level === undefined) {
    refuse(name, value, `one of ${[...LEVELS.keys()].join(', ')}`);
  }
  return level ?? DiagLogLevel.INFO;
}
