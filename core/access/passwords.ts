/**
 * Sign-in with an address and a password: the person's own here, or the one of their mailbox.
 *
 * The mailbox's password is asked of its own server first; what it accepted is kept as a hash, which decides only
 * while that server is silent. A password that the server refuses is refused, whatever is kept.
 *
 * A stranger learns nothing: for an unknown address the same things are done in the same order as for a wrong
 * password, and it is answered alike. What is counted is taken before the password is looked at (else a burst of
 * guesses in parallel would pass) and given back when it was right.
 */
import type { Db } from '../db/connection.ts'
import { domainOf } from '../directory/addresses.ts'
import { hashPassword, passwordMatches } from '../directory/passwords.ts'
import { type Person, personColumns } from '../directory/people.ts'
import type { Limiter } from './limits.ts'
import { keepMailboxPassword } from './mailbox-password.ts'
import { type AskServer, passwordServerOf } from './mailbox-server.ts'
import { type Attempt, limited, type SignIn } from './sign-in-limits.ts'

export type SignInDeps = { db: Db; limiter: Limiter }
export type PasswordDeps = SignInDeps & {
  /** How mailboxes' own passwords are looked at. Absent: they are not. */
  mailbox?: { ask: AskServer; sealKey: Buffer }
  now?: () => Date
  /** How a password is held against a hash. */
  matches?: (hash: string, password: string) => Promise<boolean>
}

/** @throws Error when the database is away */
export async function verifyPassword(deps: PasswordDeps, attempt: Attempt): Promise<SignIn> {
  const { db, mailbox, now = () => new Date(), matches = passwordMatches } = deps
  const { password } = attempt
  return limited(deps, attempt, async address => {
    const row = address
      ? await db
          .selectFrom('person')
          .leftJoin('mailbox_password', 'mailbox_password.person_id', 'person.id')
          .select([
            ...personColumns,
            'person.password_hash as own',
            'mailbox_password.hash as kept',
            'person.second_factor as secondFactor',
          ])
          .where('person.address', '=', address)
          .executeTakeFirst()
      : undefined
    const nobody = await nobodysHash()
    const fits = await matches(row?.own ?? nobody, password)
    const { own, kept, secondFactor = false, ...person } = row ?? {}
    if (own && fits) return { person: person as Person, secondFactor, by: 'password' }
    const server =
      mailbox && address
        ? // Sealed with another secret: then there is none.
          await passwordServerOf(db, domainOf(address), mailbox.sealKey, now()).catch(() => null)
        : null
    if (!mailbox || !server || !address) return null
    const answer = await mailbox.ask(server, address, password)
    switch (answer) {
      case 'accepted':
        if (!row) return null
        await keepMailboxPassword(db, row.id, password, now())
        return { person: person as Person, secondFactor, by: 'mailbox' }
      case 'refused':
        return null
      case 'silent': {
        const known = await matches(kept ?? nobody, password)
        return kept && known ? { person: person as Person, secondFactor, by: 'mailbox' } : null
      }
      default:
        return answer satisfies never
    }
  })
}

let nobody: Promise<string> | undefined
/** A hash of nobody's password, with the parameters of today, so that a miss costs what a hit costs. */
function nobodysHash(): Promise<string> {
  nobody ??= hashPassword('the password of nobody at all')
  return nobody
}
