/** /api/v1/lists: entries of the allow and block lists. GET lists them, POST adds one. */
import { audit } from '@restante/core/access/audit.ts'
import { DirectoryError } from '@restante/core/directory/errors.ts'
import { addListEntry, listEntries } from '@restante/core/directory/lists.ts'
import { adminRoute, json, readBody, readQuery } from '../handler.ts'
import { problem } from '../problem.ts'
import { listEntry, listQuery } from '../schemas.ts'

export const dynamic = 'force-dynamic'

export const GET = adminRoute(async ({ url, scope, services: { db } }) => {
  const query = readQuery(listQuery, url)
  if (!query.ok) return query.refusal
  const { mailbox } = query.value
  const items = await listEntries(db, {
    ...(scope.type === 'organization' && { organizationId: scope.id }),
    ...(mailbox && { mailboxId: mailbox === 'none' ? null : mailbox }),
  })
  return json({ items })
})

export const POST = adminRoute(async ({ request, person, scope, services: { db } }) => {
  const body = await readBody(listEntry, request)
  if (!body.ok) return body.refusal
  const { kind, value, mailboxId, comment } = body.value
  const organizationId = scope.type === 'organization' ? scope.id : body.value.organizationId
  if (!organizationId) return problem('bad-request', 'organizationId says whose list it is')
  if (body.value.organizationId && body.value.organizationId !== organizationId) return problem('not-found')
  try {
    const added = await db.transaction().execute(async tx => {
      const entry = await addListEntry(tx, {
        organizationId,
        mailboxId,
        kind,
        value,
        comment,
        createdBy: person.address,
      })
      await audit(tx, {
        organizationId,
        actor: person.address,
        action: 'list.add',
        target: entry.value,
        detail: { kind, mailboxId: mailboxId ?? null },
      })
      return entry
    })
    return json({ ...added, kind, organizationId, mailboxId: mailboxId ?? null }, 201)
  } catch (error) {
    if (!(error instanceof DirectoryError)) throw error
    if (error.code === 'unknown-mailbox' || error.code === 'unknown-organization') return problem('not-found')
    return problem(error.code === 'list-entry-exists' ? 'conflict' : 'bad-request', error.message)
  }
})
