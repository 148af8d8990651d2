/** One finding of the doctor, and how a check that breaks becomes one. */

export type Level = 'ok' | 'warn' | 'fail'
export type Check = {
  /** Stable, lower case. */
  name: string
  level: Level
  /** What was seen. One line, never a secret. */
  detail: string
  /** What to do, when there is something to do. */
  advice?: string
}

export const ok = (name: string, detail: string): Check => ({ name, level: 'ok', detail })
export const warned = (name: string, detail: string, advice: string): Check => ({
  name,
  level: 'warn',
  detail,
  advice,
})
export const failed = (name: string, detail: string, advice: string): Check => ({
  name,
  level: 'fail',
  detail,
  advice,
})

/** A check that throws is a failed check. */
export async function guarded(
  name: string,
  advice: string,
  work: () => Check | Promise<Check>,
): Promise<Check> {
  try {
    return await work()
  } catch (error) {
    const message = (error as Error).message || String((error as NodeJS.ErrnoException).code ?? error)
    return failed(name, message.split('\n')[0] ?? '', advice)
  }
}
