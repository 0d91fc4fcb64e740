import { report, setReporter } from '../src/index.ts';

it('warns by process.emitWarning unless told otherwise, once per code and subject', () => {
  const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  report('OSTINATO_A', 'x', 'first');
  report('OSTINATO_A', 'x', 'again');
  expect(emitWarning.mock.calls).toEqual([['first', { type: 'OstinatoWarning', code: 'OSTINATO_A' }]]);
  emitWarning.mockRestore();
});

it('goes where the reporter sends it; the previous one is handed back', () => {
  const seen: string[] = [];
  const previous = setReporter((code, text) => seen.push(`${code}: ${text}`));
  report('OSTINATO_B', 'x', 'one');
  report('OSTINATO_B', 'y', () => 'two');
  report('OSTINATO_C', 'x', 'three');
  const makeText = jest.fn(() => 'not needed');
  report('OSTINATO_C', 'x', makeText);
  expect(seen).toEqual(['OSTINATO_B: one', 'OSTINATO_B: two', 'OSTINATO_C: three']);
  expect(makeText).not.toHaveBeenCalled();
  expect(setReporter(previous)).not.toBe(previous);
});

it('a reporter that throws reaches nobody', () => {
  const previous = setReporter(() => {
    throw new Error('no');
  });
  expect(() => report('OSTINATO_D', 'x', 'text')).not.toThrow();
  setReporter(previous);
});

it('stops at a thousand subjects, and says so', () => {
  const seen: string[] = [];
  const previous = setReporter((code) => seen.push(code));
  for (let i = 0; i < 5_000; i++) report('OSTINATO_E', `subject ${i}`, 'text');
  setReporter(previous);
  expect(seen.length).toBeLessThanOrEqual(1_000);
  expect(seen.at(-1)).toBe('OSTINATO_MORE_WARNINGS');
  expect(seen.filter((code) => code === 'OSTINATO_MORE_WARNINGS')).toHaveLength(1);
});
