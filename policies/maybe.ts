/** Something that is there at once or later. What is there at once costs no promise. */
export type MaybePromise<T> = T | Promise<T>

export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return value instanceof Promise
}

/** Goes on as soon as the value is there: at once if it is. */
export function andThen<T, R>(value: MaybePromise<T>, follow: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return isPromise(value) ? value.then(follow) : follow(value)
}

/** Runs something that may throw at once or later, and gives what `rescue` makes of the error. */
export function attempt<T>(work: () => MaybePromise<T>, rescue: (error: unknown) => T): MaybePromise<T> {
  try {
    const result = work()
    return isPromise(result) ? result.catch(rescue) : result
  } catch (error) {
    return rescue(error)
  }
}
