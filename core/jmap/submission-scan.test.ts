/** What our people send is looked at first: refused with the reason, or accepted and held; never sent unseen. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ScanPolicyInput, scanPolicySchema } from '../directory/scan-policy.ts'
import { silentLog } from '../observe/log.ts'
import { scannerOf } from '../scan/scanner.ts'
import type { Finding, Subject } from '../scan/types.ts'
import { type Client, type Company, clientFor, type Json, openCompany } from './testing.ts'

let company: Company
let anna: Client
let accountId: string
const folder = mkdtempSync(join(tmpdir(), 'restante-submission-'))
beforeEach(async () => {
  company = await openCompany()
  anna = clientFor(company, company.people.anna)
  accountId = company.mailboxes.anna
})
afterEach(async () => {
  await company.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The scan finds this from now on. @returns what it was shown */
function finds(finding: Finding, policy: ScanPolicyInput = {}): { subject: Subject; text: string }[] {
  const shown: { subject: Subject; text: string }[] = []
  const scanner = scannerOf({
    steps: [
      {
        name: 'clamd',
        kind: 'virus',
        timeLimit: 5_000,
        async run(subject) {
          const chunks: Buffer[] = []
          for await (const chunk of subject.content()) chunks.push(chunk as Buffer)
          shown.push({ subject, text: Buffer.concat(chunks).toString() })
          return { findings: [finding] }
        },
      },
    ],
    policyOf: address => scanPolicySchema.parse(address === 'anna@example.org' ? policy : { virus: 'off' }),
    log: silentLog,
  })
  anna.context.scan = { scanner, staging: { folder, encrypt: true } }
  return shown
}

async function send(): Promise<Json> {
  const drafts = await anna.folder(accountId, 'drafts')
  const { list } = await anna.call('Identity/get', { accountId })
  const draft = {
    mailboxIds: { [drafts]: true },
    keywords: { $draft: true },
    to: [{ email: 'c@outside.example' }],
    bcc: [{ email: 'secret@outside.example' }],
    subject: 'Report',
    textBody: [{ partId: '1', type: 'text/plain' }],
    bodyValues: { 1: { value: 'See the report.' } },
  }
  const responses = await anna.request([
    ['Email/set', { accountId, create: { draft } }, 'a'],
    [
      'EmailSubmission/set',
      { accountId, create: { sub: { emailId: '#draft', identityId: list[0].id } } },
      'b',
    ],
  ])
  return responses[1]![1]
}

const deliveries = () =>
  company.db
    .selectFrom('delivery')
    .innerJoin('message', 'message.id', 'delivery.message_id')
    .select(['delivery.state', 'hold_reason', 'message.scan'])
    .where('message.kind', '=', 'submission')
    .execute()

const virus: Finding = { type: 'virus', reason: 'virus', detail: 'Eicar' }

test('what is refused is not sent, and its sender is told why', async () => {
  const shown = finds(virus)
  const { created, notCreated } = await send()
  expect(created).toBeNull()
  expect(notCreated.sub).toMatchObject({
    type: 'forbiddenToSend',
    description: expect.stringContaining('(Eicar)'),
    scan: { reason: 'virus', detail: 'Eicar', later: false },
  })
  expect(await deliveries()).toEqual([])
  expect(shown[0]?.subject.envelope).toMatchObject({ kind: 'submission', sender: 'anna@example.org' })
  expect(shown[0]?.text).toContain('See the report.')
  expect(shown[0]?.text).not.toMatch(/secret@/)
})

test('what is to be set aside is accepted, and held', async () => {
  finds(virus, { virus: 'quarantine' })
  expect((await send()).notCreated).toBeNull()
  expect(await deliveries()).toMatchObject([
    { state: 'held', hold_reason: 'quarantine', scan: { verdict: 'quarantine' } },
  ])
})

test('what nobody could look at waits, too, unless the sender’s domain wants it otherwise', async () => {
  const down: Finding = { type: 'unscanned', reason: 'engine-down' }
  finds(down)
  expect((await send()).notCreated).toBeNull()
  expect(await deliveries()).toMatchObject([{ state: 'held', hold_reason: 'scan' }])
  finds(down, { virusScannerDown: 'defer' })
  expect((await send()).notCreated.sub).toMatchObject({ scan: { reason: 'engine-down', later: true } })
})

test('what is clean goes out as it is', async () => {
  const shown = finds({ type: 'clean', reason: 'clean' })
  expect((await send()).notCreated).toBeNull()
  expect(await deliveries()).toMatchObject([{ hold_reason: null, scan: { verdict: 'pass' } }])
  const { segment, position } = await company.db
    .selectFrom('message')
    .select(['segment', 'position'])
    .where('kind', '=', 'submission')
    .executeTakeFirstOrThrow()
  const chunks: Buffer[] = []
  const { content } = await company.spool.read({ segment, position })
  for await (const chunk of content) chunks.push(chunk as Buffer)
  expect(Buffer.concat(chunks).toString()).toBe(shown[0]?.text)
})
