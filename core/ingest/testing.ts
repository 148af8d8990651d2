/**
 * A small company for tests: a real database, a real spool in a folder of its own, an organization with two
 * people, a group, a shared mailbox, and a second organization that must never see anything of it.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { newId } from '../db/id.ts'
import { type TestDatabase, testDatabase } from '../db/testing.ts'
import { addDomain } from '../directory/domains.ts'
import { addMailbox } from '../directory/mailboxes.ts'
import { addOrganization } from '../directory/organizations.ts'
import { addPerson } from '../directory/people.ts'
import { Directory, readDirectory } from '../directory/snapshot.ts'
import { silentLog } from '../observe/log.ts'
import type { Enqueued } from '../queue/names.ts'
import { openSpool } from '../spool/open.ts'
import type { Envelope, Location, Spool } from '../spool/types.ts'

export type Company = Awaited<ReturnType<typeof openCompany>>

export async function openCompany() {
  const database: TestDatabase = await testDatabase()
  const folder = await mkdtemp(join(tmpdir(), 'restante-company-'))
  const spool: Spool = await openSpool({
    url: pathToFileURL(folder).href,
    secretKey: randomBytes(32),
    encrypt: true,
    writer: 'webmail',
    log: silentLog,
  })
  const { db } = database
  const sealKey = randomBytes(32)
  await addOrganization(db, { name: 'Example' })
  await addDomain(
    db,
    { domain: 'example.org', organization: 'Example', backends: ['smtp://127.0.0.1:1'] },
    sealKey,
  )
  const anna = await addPerson(db, {
    address: 'anna@example.org',
    name: 'Anna Puig',
    role: 'user',
    locale: 'ca',
  })
  const ben = await addPerson(db, { address: 'ben@example.org', name: 'Ben', role: 'user', locale: 'en' })
  await addMailbox(db, {
    address: 'info@example.org',
    name: 'Information',
    shared: true,
    aliases: ['hello@example.org'],
    members: ['anna@example.org', 'ben@example.org'],
  })
  await addOrganization(db, { name: 'Other' })
  await addDomain(
    db,
    { domain: 'other.example', organization: 'Other', backends: ['smtp://127.0.0.1:2'] },
    sealKey,
  )
  const eve = await addPerson(db, { address: 'eve@other.example', name: 'Eve', role: 'user', locale: 'en' })
  const info = await db
    .selectFrom('mailbox')
    .select('id')
    .where('address', '=', 'info@example.org')
    .executeTakeFirstOrThrow()
  // A group: one address that leads to two mailboxes.
  await db
    .insertInto('address')
    .values([anna, ben].map(person => ({ address: 'team@example.org', mailbox_id: person.mailboxId! })))
    .execute()
  let directory = new Directory(await readDirectory(db))
  const enqueued: Enqueued[] = []

  return {
    db,
    databaseUrl: database.url,
    spool,
    folder,
    people: { anna, ben, eve },
    mailboxes: { anna: anna.mailboxId!, ben: ben.mailboxId!, info: info.id, eve: eve.mailboxId! },
    directory: () => directory,
    /** Everything that was handed to the queues, in order. */
    enqueued,
    queues: {
      async enqueue(deliveries: readonly Enqueued[]) {
        enqueued.push(...deliveries)
        return true
      },
    },
    async reloadDirectory() {
      directory = new Directory(await readDirectory(db))
    },
    /** Accepts a message as the relay does. */
    async accept(
      content: string | Buffer,
      envelope: Partial<Omit<Envelope, 'recipients'>> & { to?: string[] } = {},
    ): Promise<{ id: string; location: Location }> {
      const { to = ['anna@example.org'], ...rest } = envelope
      const bytes = typeof content === 'string' ? Buffer.from(content.replace(/\r?\n/g, '\r\n')) : content
      const whole: Envelope = {
        id: newId(),
        kind: 'inbound',
        sender: 'out@elsewhere.example',
        recipients: to.map(address => ({ address })),
        receivedAt: new Date().toISOString(),
        ...rest,
      }
      const { id, location } = await spool.append(whole, bytes)
      return { id, location }
    },
    async setHealth(domain: string, health: 'up' | 'down') {
      await db
        .updateTable('backend')
        .set({ health })
        .where('id', 'in', db.selectFrom('domain').select('backend_id').where('name', '=', domain))
        .execute()
    },
    async close() {
      await spool.close()
      await database.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A plain message. */
export function letter(
  fields: { from?: string; to?: string; subject?: string; id?: string; replyTo?: string; body?: string } = {},
): string {
  return [
    `From: ${fields.from ?? 'Out There <out@elsewhere.example>'}`,
    `To: ${fields.to ?? 'anna@example.org'}`,
    `Subject: ${fields.subject ?? 'Hello'}`,
    `Date: Mon, 02 Nov 2026 10:00:00 +0100`,
    `Message-ID: <${fields.id ?? `${newId()}@elsewhere.example`}>`,
    ...(fields.replyTo ? [`In-Reply-To: <${fields.replyTo}>`, `References: <${fields.replyTo}>`] : []),
    'Content-Type: text/plain; charset=utf-8',
    '',
    fields.body ?? 'Good morning.',
    '',
  ].join('\r\n')
}
