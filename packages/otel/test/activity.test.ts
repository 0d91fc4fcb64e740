import { scope, setGlobalRecorder } from '@ostinato/core';
import { createRecorder } from '@ostinato/recorder';
import { watchActivity } from '../src/activity.ts';

test('something was recorded since it was last asked, or not; what we tell of ourselves is nothing', () => {
  const recorder = createRecorder({ maxMemory: 2 ** 20 });
  using _ = setGlobalRecorder(recorder);
  const orders = scope({ name: 'shop' }).counter('orders');
  orders.increment();
  const isActive = watchActivity(recorder);
  expect(isActive()).toBe(false);
  orders.increment();
  expect([isActive(), isActive()]).toEqual([true, false]);
  scope({ name: 'shop' }).gauge('queue').set(0);
  expect([isActive(), isActive()]).toEqual([true, false]);
  scope({ name: '@ostinato/otlp' }).counter('metrics.exported').increment();
  expect(isActive()).toBe(false);
});

test('a recorder that cannot be read may have something', () => {
  const isActive = watchActivity({
    reader() {
      throw new Error('no memory');
    },
  });
  expect(isActive()).toBe(true);
});
