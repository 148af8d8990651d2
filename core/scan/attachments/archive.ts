/** What the readers of archives (zip.ts, tar.ts, rar.ts, seven.ts, compressed.ts) see of the inspection. */
import type { Budget } from './budget.ts'
import type { Reason } from './observations.ts'

/** Takes a file's octets as they come. */
export interface FileSink {
  write(chunk: Buffer): Promise<void>
  end(): Promise<void>
}

export interface Archive {
  readonly budget: Budget
  /** Says something of the archive, or of a file in it. */
  say(reason: Reason, name?: string): void
  /** A file's names, when its content can't be seen. False: too many, the archive is to be left. */
  named(names: readonly string[]): boolean
  /** A file in it; undefined when its content is not to be looked at. Its names are judged in either case. */
  open(names: readonly string[]): FileSink | undefined | 'stop'
}
