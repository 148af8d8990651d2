/** A value that lives beside the components: the smallest thing that `useSyncExternalStore` needs. */
import { useSyncExternalStore } from 'react'

export type Store<T> = {
  get(): T
  set(change: T | ((value: T) => T)): void
  use(): T
}

export function createStore<T>(initial: T): Store<T> {
  let value = initial
  const listeners = new Set<() => void>()
  const subscribe = (listener: () => void) => {
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
    }
  }
  return {
    get: () => value,
    set(change) {
      value = typeof change === 'function' ? (change as (value: T) => T)(value) : change
      for (const listener of listeners) listener()
    },
    use: () =>
      useSyncExternalStore(
        subscribe,
        () => value,
        () => initial,
      ),
  }
}
