/** A virus scanner away while mail arrives, and back: what it held is delivered, quarantined or junk. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DAY } from '@restante/core/continuity/retry.ts'
import { defaultScanPolicy } from '@restante/core/directory/scan-policy.ts'
import { learn } from '@restante/core/ingest/lessons.ts'
import { silentLog } from '@restante/core/observe/log.ts'
import { createLearner } from '@restante/core/scan/engines/rspamd.ts'
import { scannerOf } from '@restante/core/scan/scanner.ts'
import type { Finding, Step } from '@restante/core/scan/types.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { expireFolder } from '../expire/emails.ts'
import { expireOverdue } from '../expire/overdue.ts'
import { expireQuarantine } from '../expire/quarantine.ts'
import { type TestGateway, testGateway, until } from '../testing/gateway.ts'
import { type Scripted, scriptedServer } from '../testing/scripted.ts'
import { lengthOfOurs } from './subject.ts'

let server: Scripted
let gateway: TestGateway
/** What the scanner says; it looks at the content that it gets. */
let say: (content: string) => Finding
let seen: string[]
const step: Step = {
  name: 'clamd',
  kind: 'virus',
  timeLimit: 5_000,
  run: async subject => {
    const content = Buffer.concat(await subject.content().toArray()).toString()
    seen.push(content)
    return { findings: [say(content)] }
  },
}
const away: Finding = { type: 'unscanned', reason: 'engine-down' }
const clean: Finding = { type: 'clean', reason: 'clean' }

beforeEach(async () => {
  server = await scriptedServer()
  gateway = await testGateway([`smtp://127.0.0.1:${server.port}`])
  seen = []
  say = () => away
  gateway.services.scanner = scannerOf({ steps: [step], policyOf: () => defaultScanPolicy, log: silentLog })
})
afterEach(async () => {
  await gateway.close()
  await server.stop()
})

const unscanned = (address: string) => ({ address, disposition: 'unscanned' as const })
const letter = (subject: string) => `From: outside@elsewhere.test\r\nSubject: ${subject}\r\n\r\nx\r\n`
const rows = async () => {
  const found = await gateway.services.db
    .selectFrom('delivery')
    .innerJoin('message', 'message.id', 'delivery.message_id')
    .select(['subject', 'state', 'hold_reason'])
    .orderBy('subject')
    .execute()
  return found.map(row => [row.subject, row.state, row.hold_reason])
}
const emails = async () =>
  (
    await gateway.services.db
      .selectFrom('email')
      .innerJoin('folder', 'folder.id', 'email.folder_id')
      .select(['email.subject', 'folder.role'])
      .orderBy('email.subject')
      .execute()
  ).map(row => [row.subject, row.role])
/** Nobody waits for the pauses between tries. */
const hurry = () =>
  gateway.services.db
    .updateTable('delivery')
    .set({ next_attempt_at: null })
    .where('hold_reason', '=', 'scan')
    .execute()

test('unseen while the scanner is away; delivered, quarantined or junk when it is back; nothing is bounced', async () => {
  for (const subject of ['clean', 'spam', 'virus'])
    await gateway.accept([unscanned('anna@example.test')], letter(subject))
  gateway.start()
  await until('it was tried', () => seen.length >= 3)
  expect(await emails()).toEqual([])
  expect((await rows()).map(row => row[2])).toEqual(['scan', 'scan', 'scan'])
  say = content =>
    content.includes('virus')
      ? { type: 'virus', reason: 'virus', detail: 'Eicar' }
      : content.includes('spam')
        ? { type: 'spam', reason: 'spam', sure: false, score: 8 }
        : clean
  await until('all are decided', async () => {
    await hurry()
    return (await rows()).every(row => row[2] !== 'scan')
  })
  await until('the clean one is delivered', async () => (await gateway.deliveryStates()).delivered === 1)
  expect(await rows()).toEqual([
    ['clean', 'delivered', null],
    ['spam', 'held', 'spam'],
    ['virus', 'held', 'quarantine'],
  ])
  expect(await emails()).toEqual([
    ['clean', 'inbox'],
    ['spam', 'junk'],
  ])
  const scans = await gateway.services.db
    .selectFrom('message')
    .select(['subject', 'scan'])
    .orderBy('subject')
    .execute()
  expect(scans.map(row => row.scan?.verdict)).toEqual(['pass', 'quarantine', 'reject'])
  const notices = await gateway.services.db
    .selectFrom('message')
    .select('id')
    .where('kind', '=', 'notice')
    .execute()
  expect(notices).toEqual([])
})

test('a restart in the middle, and a wiped Redis, lose nothing', async () => {
  for (let i = 0; i < 20; i++) await gateway.accept([unscanned('anna@example.test')], letter(`no ${i}`))
  gateway.start()
  await until('some were tried', () => seen.length > 5)
  await gateway.stop()
  say = () => clean
  await hurry()
  gateway.start()
  await until('all are delivered', async () => (await gateway.deliveryStates()).delivered === 20)
  expect((await emails()).length).toBe(20)
})

test('what we put on top is not scanned, what a sender wrote is', () => {
  const id = '01890000-0000-7000-8000-000000000000'
  const ours = `Received: from a (b [1.2.3.4])\r\n\tby gateway.test with ESMTP id ${id};\r\n\tMon\r\nX-Spam-Flag: YES\r\n`
  const theirs = 'Received: from x by y id z\r\nX-Spam-Flag: NO\r\nSubject: x\r\n\r\nbody\r\n'
  expect(lengthOfOurs(Buffer.from(`X-Restante-Scan: mark\r\n${ours}${theirs}`), id)).toBe(
    `X-Restante-Scan: mark\r\n${ours}`.length,
  )
  expect(lengthOfOurs(Buffer.from(theirs), id)).toBe(0)
})

test('spam and what is quarantined goes by age without a word, what nobody has scanned does not', async () => {
  await gateway.accept([{ address: 'anna@example.test', disposition: 'quarantine' }], letter('virus'))
  await gateway.accept([{ address: 'anna@example.test', disposition: 'junk' }], letter('spam'))
  await gateway.accept([unscanned('anna@example.test')], letter('unscanned'))
  gateway.start()
  await until('they are there', async () => (await rows()).length === 3)
  const { db } = gateway.services
  const later = new Date(Date.now() + 31 * DAY)
  expect((await expireQuarantine(db, 30 * DAY, new Date())).cancelled).toBe(0)
  const { cancelled, notes } = await expireQuarantine(db, 30 * DAY, later)
  expect([cancelled, notes.length]).toEqual([1, 1])
  const junk = await expireFolder(db, 'junk', 30 * DAY, later)
  expect([junk.removed, junk.notes.length]).toEqual([1, 1])
  expect((await rows()).map(row => row.slice(0, 2))).toEqual([
    ['spam', 'cancelled'],
    ['unscanned', 'held'],
    ['virus', 'cancelled'],
  ])
  expect(await expireOverdue(gateway.services, later)).toBe(0)
})

test('spam that is older than any delivery may be is not bounced', async () => {
  await gateway.accept([{ address: 'anna@example.test', disposition: 'junk' }], letter('spam'))
  gateway.start()
  await until('it is there', async () => (await rows()).length === 1)
  expect(await expireOverdue(gateway.services, new Date(Date.now() + 100 * DAY))).toBe(0)
})

test('the filter is taught once, again after a change of mind, and later when it does not answer', async () => {
  const heard: string[] = []
  let status = 500
  const controller = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', () => {
      heard.push(`${request.url} ${/Subject: (.*)/.exec(Buffer.concat(chunks).toString())?.[1]?.trim()}`)
      response.writeHead(status, { 'content-type': 'application/json' }).end('{"success":true}')
    })
  })
  await new Promise<void>(resolve => controller.listen(0, '127.0.0.1', resolve))
  const { port } = controller.address() as AddressInfo
  gateway.services.learner = createLearner({ RSPAMD_CONTROLLER_URL: [`http://127.0.0.1:${port}`] })
  const { db } = gateway.services
  try {
    const id = await gateway.accept([{ address: 'anna@example.test', disposition: 'junk' }], letter('offer'))
    gateway.start()
    await until('it is there', async () => (await rows()).length === 1)
    await learn(db, [id], 'ham', new Date())
    await until('it was tried', () => heard.length === 1, 20_000)
    await until(
      'the failure is written down',
      async () => (await db.selectFrom('lesson').select('tries').executeTakeFirst())?.tries === 1,
    )
    status = 200
    await db.updateTable('lesson').set({ due_at: new Date() }).execute()
    const taught = async () => (await db.selectFrom('lesson').selectAll().executeTakeFirst())?.due_at === null
    await until('it is taught', taught, 20_000)
    await learn(db, [id], 'ham', new Date())
    expect(await taught()).toBe(true)
    await learn(db, [id], 'spam', new Date())
    await until('the other is taught', taught, 20_000)
    expect(heard).toEqual(['/learnham offer', '/learnham offer', '/learnspam offer'])
  } finally {
    controller.close()
  }
})
