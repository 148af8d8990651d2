/** The rule that we give out, run by a real Pigeonhole: it files what people sent, and nobody else's mail. */
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FILE_FIELD, sieveRule } from '@restante/core/continuity/sieve.ts'
import { newId } from '@restante/core/db/id.ts'
import { ImapFlow } from 'imapflow'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DOVECOT_PASSWORD, type Dovecot, startDovecot } from '../../e2e/servers/dovecot.ts'
import { type TestGateway, testGateway, until } from '../testing/gateway.ts'
import { restoreMailbox } from './mailbox.ts'
import { createTokens } from './token.ts'

const ANNA = 'anna@example.test'
const PIGEONHOLE = '/usr/lib/dovecot/modules/lib90_sieve_plugin.so'

describe.skipIf(!existsSync(PIGEONHOLE))("with Pigeonhole, Debian's dovecot-sieve", () => {
  let dovecot: Dovecot
  let gateway: TestGateway
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sieve-'))
    chmodSync(folder, 0o755)
    dovecot = await startDovecot({
      settings: `
protocol lmtp {
  mail_plugins = sieve
}
plugin {
  sieve_before = ${folder}/restante.sieve
}
`,
    })
    gateway = await testGateway([`lmtp://127.0.0.1:${dovecot.lmtpPort}?tls=none`], {})
    gateway.start()
  }, 30_000)
  afterAll(async () => {
    await gateway?.close()
    await dovecot?.remove()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Folder, subject and flags of what there is. */
  async function shown(): Promise<string[]> {
    const auth = { user: ANNA, pass: DOVECOT_PASSWORD }
    const client = new ImapFlow({
      host: '127.0.0.1',
      port: dovecot.imapPort,
      secure: false,
      auth,
      logger: false,
    })
    client.on('error', () => {})
    await client.connect()
    const list: string[] = []
    for (const { path } of await client.list()) {
      if (!(await client.mailboxOpen(path, { readOnly: true })).exists) continue
      for (const message of await client.fetchAll('1:*', { envelope: true, flags: true })) {
        const flags = [...(message.flags ?? [])].filter(flag => flag !== '\\Recent')
        list.push([path, message.envelope?.subject, ...flags].join(' '))
      }
    }
    await client.logout()
    return list.sort()
  }

  test('what was sent here is in Sent, read; a stranger who claims the same is in the inbox', async () => {
    const { db, sealKey } = gateway.services
    const mailbox = await db
      .selectFrom('mailbox')
      .selectAll()
      .where('address', '=', ANNA)
      .executeTakeFirstOrThrow()
    const { id: mailboxId, organization_id: organizationId } = mailbox
    const rule = join(folder, 'restante.sieve')
    writeFileSync(rule, sieveRule(sealKey, organizationId))
    chmodSync(rule, 0o644)
    const openedAt = new Date()
    const restorationId = newId()
    await db
      .insertInto('restoration')
      .values({
        id: restorationId,
        kind: 'incident',
        organization_id: organizationId,
        backend_id: gateway.backendId,
        opened_at: openedAt,
        closed_at: new Date(openedAt.getTime() + 60_000),
        // Not the loop's: this test does its work.
        settled_at: new Date(),
      })
      .execute()
    await db
      .insertInto('restore')
      .values({ restoration_id: restorationId, mailbox_id: mailboxId, state: 'done' })
      .execute()
    const id = await gateway.accept([], `From: ${ANNA}\r\nSubject: sent\r\nMessage-ID: <1@x>\r\n\r\nx\r\n`, {
      kind: 'stored',
      copy: { mailboxId, role: 'sent', keywords: ['$seen'], emailId: newId() },
    })
    await until('it is in Sent here', async () => {
      const row = await db.selectFrom('email').select('id').where('message_id', '=', id).executeTakeFirst()
      return row !== undefined
    })
    const { way } = await restoreMailbox(
      { ...gateway.services, tokens: createTokens() },
      {
        restorationId,
        mailboxId,
        address: ANNA,
        organizationId,
        backendId: gateway.backendId,
        openedAt,
        deleted: 'trash',
      },
    )
    expect(way).toBe('delivery')
    await gateway.accept([ANNA], `${FILE_FIELD}: sent 0123456789abcdef0123\r\nSubject: stranger\r\n\r\nx\r\n`)
    await until('both have come', async () => (await shown()).length === 2)
    expect(await shown()).toEqual(['INBOX stranger', 'Sent sent \\Seen'])
  })
})
