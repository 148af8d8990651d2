/**
 * Compares a closing statement with what the people's own servers hold: every message that the statement calls
 * delivered or filed is looked for by IMAP. Run by `restante incident check` as a process of its own:
 *
 *     node worker/restore/check.ts RESTORATION
 *
 * prints JSON; changes nothing anywhere.
 */
import { deriveKey, loadSecret } from '@restante/core/config/secret.ts'
import { loadSettings } from '@restante/core/config/settings.ts'
import type { Line } from '@restante/core/continuity/statement.ts'
import { computeStatement } from '@restante/core/continuity/statement-store.ts'
import { connect, type Db } from '@restante/core/db/connection.ts'
import { loadBackend } from '@restante/core/directory/backends.ts'
import { loginFor } from '@restante/core/directory/imap.ts'
import { loadImapCredentials } from '@restante/core/directory/imap-credentials.ts'
import type { Found } from './plan.ts'
import { openSession, saidBy } from './session.ts'
import { createTokens } from './token.ts'
import { LEAD } from './work.ts'

export type Checked = {
  address: string
  /** Messages of the statement that should be there, and those of them that are. */
  expected: number
  found: number
  /** What is not there: the subject of each. */
  absent: string[]
  /** Why it could not be looked at. */
  error: string | null
}

/** @throws Error when there is no such restoration */
export async function checkRestoration(
  { db, sealKey, hostname }: { db: Db; sealKey: Buffer; hostname: string },
  restorationId: string,
): Promise<Checked[]> {
  const restoration = await db
    .selectFrom('restoration')
    .selectAll()
    .where('id', '=', restorationId)
    .executeTakeFirst()
  if (!restoration) throw new Error(`incident ${restorationId} is not over, or not known`)
  const { imap } = await loadBackend(db, restoration.backend_id, sealKey)
  const mailboxes = await db
    .selectFrom('restore')
    .innerJoin('mailbox', 'mailbox.id', 'restore.mailbox_id')
    .select(['mailbox.id', 'mailbox.address'])
    .where('restoration_id', '=', restorationId)
    .orderBy('mailbox.address')
    .execute()
  const tokens = createTokens()
  const results: Checked[] = []
  for (const { id, address } of mailboxes) {
    const statement = await computeStatement(db, restorationId, id)
    const lines = (statement?.lines ?? []).filter(shouldBeThere)
    if (lines.length === 0) continue
    const nobody = { address, expected: lines.length, found: 0, absent: [] }
    const login = imap && loginFor(imap, address, await loadImapCredentials(db, id, sealKey))
    if (!imap || !login) {
      results.push({ ...nobody, error: 'there is no IMAP access to it' })
      continue
    }
    try {
      const session = await openSession(imap, login, tokens, hostname)
      try {
        const since = new Date(
          Math.min(restoration.opened_at.getTime() - LEAD, ...lines.map(line => Date.parse(line.at))),
        )
        const there: Found[] = []
        for (const folder of await session.folders()) {
          if (folder.selectable) there.push(...(await session.messages(folder.path, since)))
        }
        const headers = await headerIds(db, lines)
        const absent = lines.filter(line => !isThere(line, there, headers.get(line.messageId) ?? null))
        const subjects = absent.map(line => line.subject)
        results.push({ ...nobody, found: lines.length - absent.length, absent: subjects, error: null })
      } finally {
        await session.close()
      }
    } catch (error) {
      results.push({ ...nobody, error: saidBy(error) })
    }
  }
  return results
}

function shouldBeThere(line: Line): boolean {
  if (line.action === 'expunged' || line.action === 'deleted') return false
  return line.outcome === 'delivered'
    ? line.kind === 'received' || line.filing === 'filed'
    : line.filing === 'filed'
}

function isThere(line: Line, there: readonly Found[], headerId: string | null): boolean {
  return there.some(
    message =>
      message.own === line.emailId ||
      message.ids.includes(line.messageId) ||
      (headerId !== null && message.messageId === headerId),
  )
}

async function headerIds(db: Db, lines: readonly Line[]): Promise<Map<string, string | null>> {
  const rows = await db
    .selectFrom('message')
    .select(['id', 'header_message_id'])
    .where(
      'id',
      'in',
      lines.map(line => line.messageId),
    )
    .execute()
  return new Map(rows.map(row => [row.id, row.header_message_id?.replace(/^<|>$/g, '') ?? null]))
}

async function main(restorationId: string): Promise<void> {
  const settings = loadSettings()
  if (!settings.DATABASE_URL) throw new Error('DATABASE_URL is unset')
  const db = connect(settings.DATABASE_URL, { max: 2, name: 'restante-check' })
  try {
    const sealKey = deriveKey(loadSecret(settings), 'stored-secrets')
    const results = await checkRestoration(
      { db, sealKey, hostname: settings.RESTANTE_HOSTNAME },
      restorationId,
    )
    process.stdout.write(`${JSON.stringify(results)}\n`)
  } finally {
    await db.destroy()
  }
}

if (import.meta.main) {
  main(process.argv[2] ?? '').catch(error => {
    process.stderr.write(`${(error as Error).message}\n`)
    process.exitCode = 1
  })
}
