import { OptionCheck } from '../src/index.ts';

const check = new OptionCheck('start');
const messageOf = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    expect(error).toMatchObject({ name: 'OstinatoError', code: 'OSTINATO_INVALID_OPTION' });
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
};

it('what is valid comes back', () => {
  const given = { a: 1, b: undefined };
  expect(check.object(given, ['a', 'b'])).toBe(given);
  expect(check.object({ anything: 1 })).toEqual({ anything: 1 });
  expect(check.object(undefined, ['a'])).toEqual({});
  expect(check.number('n', 1.5, 1, 2)).toBe(1.5);
  expect(check.integer('n', 2, 1, 2)).toBe(2);
  expect(check.oneOf('mode', 'on', ['on', 'off'])).toBe('on');
  expect(check.bounds('buckets', [])).toEqual([]);
  const bounds = check.bounds('buckets', [-1, 0, 2.5]);
  expect(bounds).toEqual([-1, 0, 2.5]);
  expect(Object.isFrozen(bounds)).toBe(true);
});

it.each<[() => unknown, string]>([
  [() => check.number('n', 0, 1, 2), 'start: n must be a number from 1 to 2, got 0'],
  [() => check.number('n', Number.NaN, 1, 2), 'start: n must be a number from 1 to 2, got NaN'],
  [() => check.number('n', '1', 1, 2), "start: n must be a number from 1 to 2, got '1'"],
  [() => check.integer('n', 1.5, 1, 2), 'start: n must be an integer from 1 to 2, got 1.5'],
  [() => check.integer('n', 3, 1, 2), 'start: n must be an integer from 1 to 2, got 3'],
  [() => check.oneOf('mode', 'On', ['on', 1]), "start: mode must be one of 'on', 1, got 'On'"],
  [
    () => check.bounds('buckets', Array.of(1, ...Array(1), 5), ', or none'),
    'start: buckets must be an array of finite numbers, each greater than the one before, or none, got [1, undefined, 5]',
  ],
  [
    () => check.bounds('buckets', 5),
    'start: buckets must be an array of finite numbers, each greater than the one before, got 5',
  ],
  [() => check.object(null), 'start: the options argument must be an object, got null'],
  [() => check.object([1, 'a'], ['a'], 'retry'), "start: retry must be an object, got [1, 'a']"],
  [
    () => check.object({ maxMilis: 1 }, ['initialMillis', 'maxMillis'], 'retry'),
    "start: there is no option 'retry.maxMilis'; did you mean 'retry.maxMillis'? (known: initialMillis, maxMillis)",
  ],
  [() => check.object({ x: 1 }, ['first', 'second']), "start: there is no option 'x' (known: first, second)"],
])('what is not valid: where, which option, what is allowed, what was given %#', (call, message) => {
  expect(messageOf(call)).toBe(message);
});

it('a secret is not shown', () => {
  const refused = check.refusedSecret('headers', 'an object of strings');
  expect(refused.message).toBe('start: headers must be an object of strings, got another value (not shown)');
});

it('what the system said stays with the error', () => {
  const cause = new Error('ENOENT');
  expect(check.error('the file cannot be read', { cause })).toMatchObject({
    message: 'start: the file cannot be read',
    cause,
  });
});
