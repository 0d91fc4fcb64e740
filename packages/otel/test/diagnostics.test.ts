import { type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { report, setReporter } from '@ostinato/core';
import { ensureDiagLogger, registered, reportToDiag } from '../src/diagnostics.ts';

let lines: string[];
beforeEach(() => {
  lines = [];
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
});
afterEach(() => {
  diag.disable();
  jest.restoreAllMocks();
});

test('where nobody set a logger, information and worse becomes visible on stderr', () => {
  const remove = ensureDiagLogger({});
  diag.debug('detail');
  diag.info('the collector is away');
  diag.error('failed', { code: 14 });
  expect(lines).toEqual(['ostinato info: the collector is away\n', 'ostinato error: failed { code: 14 }\n']);
  remove();
  diag.error('later');
  expect(lines).toHaveLength(2);
});

test.each([
  ['none', []],
  ['ERROR', ['error']],
  ['warn', ['error', 'warn']],
  ['debug', ['error', 'warn', 'info', 'debug']],
  ['all', ['error', 'warn', 'info', 'debug', 'verbose']],
])('OTEL_LOG_LEVEL=%s shows %p', (level, shown) => {
  ensureDiagLogger({ OTEL_LOG_LEVEL: level });
  for (const method of ['error', 'warn', 'info', 'debug', 'verbose'] as const) {
    diag[method](`said by ${method}`);
  }
  const said = lines
    .filter((line) => line.includes('said by'))
    .map((line) => line.replace(/.*said by (\w+)\n/, '$1'));
  expect(said).toEqual(shown);
});

test('an unknown OTEL_LOG_LEVEL counts as info', () => {
  const warning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  ensureDiagLogger({ OTEL_LOG_LEVEL: 'loud' });
  diag.info('visible');
  expect(lines).toEqual(['ostinato info: visible\n']);
  expect(warning).toHaveBeenCalledWith(
    expect.stringContaining('OTEL_LOG_LEVEL=loud is ignored'),
    expect.anything(),
  );
});

test('a logger that somebody set is left alone', () => {
  const info = jest.fn();
  const theirs: DiagLogger = { error() {}, warn() {}, info, debug() {}, verbose() {} };
  diag.setLogger(theirs, DiagLogLevel.INFO);
  const before = registered('diag');
  ensureDiagLogger({})();
  expect(registered('diag')).toBe(before);
  diag.info('for them');
  expect(info).toHaveBeenCalledWith('for them');
  expect(lines).toEqual([]);
});

test('a logger that somebody set later is not taken out', () => {
  const remove = ensureDiagLogger({});
  const info = jest.fn();
  diag.setLogger(
    { error() {}, warn() {}, info, debug() {}, verbose() {} },
    { suppressOverrideMessage: true },
  );
  remove();
  diag.info('for them');
  expect(info).toHaveBeenCalledWith('for them');
});

test('a reporter that somebody set later is not taken out', () => {
  const theirs = jest.fn();
  const original = setReporter(() => {});
  const giveBack = reportToDiag();
  setReporter(theirs);
  giveBack();
  report('OSTINATO_TEST', 'later', 'for them');
  expect(theirs).toHaveBeenCalledWith('OSTINATO_TEST', 'for them');
  setReporter(original);
});
