import { atExit } from '../../src/deliver/at-exit.ts';

test('at exit a task that throws does not keep the others from theirs', () => {
  let ran = 0;
  const forget = [
    atExit(() => {
      throw new Error('broken');
    }),
    atExit(() => ran++),
  ];
  // The listener of this module, and only this one: the process goes on.
  const [mine] = process.listeners('exit').slice(-1);
  mine?.call(process, 0);
  for (const one of forget) one();
  expect(ran).toBe(1);
});
