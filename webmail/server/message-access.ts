/** A message that a page asks for, as far as the person may see it. */
import { type Granted, grant, type Run } from '@restante/core/jmap/context.ts'
import { emailRows } from '@restante/core/jmap/email-get.ts'
import { MethodError } from '@restante/core/jmap/errors.ts'

/** null when there is no such account, no such e-mail in it, or none of it is theirs: all look the same. */
export async function grantedEmail(run: Run, params: { accountId: string; emailId: string }) {
  const account = granted(run, params.accountId)
  const [row] = account ? await emailRows(run.context.db, account, [params.emailId]) : []
  return account && row ? { account, row } : null
}

function granted(run: Run, accountId: string): Granted | null {
  try {
    return grant(run, accountId)
  } catch (error) {
    if (error instanceof MethodError) return null
    throw error
  }
}
