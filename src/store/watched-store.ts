import { StoreError } from '../errors.ts';
import type { Store } from './store.ts';

/** The same store; `onBroken` is told of every error after which this process must not write to the file any more. */
export function watchStore(store: Store, onBroken: (error: StoreError) => void): Store {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]) => {
        try {
          return await member.apply(target, args);
        } catch (error) {
          if (isBroken(error)) onBroken(error);
          throw error;
        }
      };
    },
  });
}

function isBroken(error: unknown): error is StoreError {
  return error instanceof StoreError && (error.fault === 'corrupt' || error.fault === 'io');
}
