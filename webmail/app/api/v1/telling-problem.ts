/** What telling and the directory refuse, as a problem; anything else is thrown on. */
import { DirectoryError } from '@restante/core/directory/errors.ts'
import { TellingError } from '@restante/core/telling/errors.ts'
import { problem } from './problem.ts'

export function tellingProblem(error: unknown): Response {
  if (error instanceof TellingError || error instanceof DirectoryError) {
    return problem('bad-request', error.message)
  }
  throw error
}
