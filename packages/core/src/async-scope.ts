import type { AsyncScope } from './state.ts';

interface AsyncHooks {
  readonly AsyncLocalStorage: new <V>() => AsyncScope<V>;
}

export function newAsyncScope<V>(): AsyncScope<V> {
  // Asked for at run time, so that bundlers for browsers find no import of a Node builtin.
  const hooks = globalThis.process?.getBuiltinModule?.('node:async_hooks') as AsyncHooks | undefined;
  return hooks === undefined ? synchronousScope() : new hooks.AsyncLocalStorage();
}

function synchronousScope<V>(): AsyncScope<V> {
  let current: V | undefined;
  return {
    getStore: () => current,
    run(value, fn) {
      const outer = current;
      current = value;
      try {
        return fn();
      } finally {
        current = outer;
      }
    },
  };
}
