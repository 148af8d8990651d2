/**
 * Waiting in tests: ask again and again until the answer is yes or the deadline has passed. Nothing in e2e
 * sleeps for a fixed time; what is waited for is named, so that a deadline that passes says what was missing.
 */

/** @returns the first answer of `check` that is truthy; an exception of `check` counts as "not yet". */
export async function until<T>(
  what: string,
  check: () => T | Promise<T>,
  { seconds = 30, every = 100 }: { seconds?: number; every?: number } = {},
): Promise<NonNullable<Exclude<T, false | 0 | ''>>> {
  const deadline = performance.now() + seconds * 1000
  let last: unknown
  for (;;) {
    try {
      const answer = await check()
      if (answer) return answer as NonNullable<Exclude<T, false | 0 | ''>>
      last = answer
    } catch (error) {
      last = error
    }
    if (performance.now() > deadline) {
      const seen = last instanceof Error ? last.message : JSON.stringify(last)
      throw new Error(`not within ${seconds} s: ${what} (last: ${seen})`)
    }
    await new Promise(resolve => setTimeout(resolve, every))
  }
}
