/**
 * The company runs Postfix. It is stopped for maintenance without a word; mail goes on arriving, people read,
 * delete and write; it comes back and gets what it missed. A week later it is rebuilt, and for an hour it
 * knows none of its users: nothing may bounce.
 *
 * Driven by the `restante` command and JMAP; the browser's side of the same story is story.test.ts.
 */
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest'
import { type Gateway, startGateway } from './gateway.ts'
import type { JmapClient } from './jmap.ts'
import { addOrganization, jmapFor } from './organization.ts'
import { canRunPostfix, type Postfix, startPostfix } from './servers/postfix.ts'
import { headerOf, type Sink, startSink } from './servers/sink.ts'
import { plainMessage, SmtpClient } from './smtp.ts'
import { until } from './until.ts'
import {
  deliveriesOf,
  overtaken,
  queueOf,
  report,
  untilEmpty,
  untilHealth,
  untilKnown,
  WINDOW,
} from './watch.ts'

const domain = 'company.example'
const [ann, ben] = [`ann@${domain}`, `ben@${domain}`]
const outsider = 'customer@outside.example'

let postfix: Postfix
let outside: Sink
let gateway: Gateway
let annsMail: JmapClient
let bensMail: JmapClient
/** What got 250, in order, by subject. */
const promised: { subject: string; to: string; id: string }[] = []

async function send(to: string, ...subjects: string[]): Promise<void> {
  const client = await SmtpClient.open(gateway.ports.relay)
  for (const subject of subjects) {
    const { id, content } = plainMessage({ from: outsider, to, subject })
    const reply = await client.send(outsider, [to], content)
    expect(reply.code, reply.text).toBe(250)
    promised.push({ subject, to, id })
  }
  client.quit()
}

/** But for the closing statement, which restore.test.ts is about. */
const subjectsOf = (user: string) =>
  postfix
    .read(user)
    .filter(content => !content.includes('From: Restante <MAILER-DAEMON@'))
    .map(content => headerOf(content, 'Subject'))
const numbered = (name: string, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, n) => `${name} ${from + n}`)
const bySubject = async (mail: JmapClient, subject: string) =>
  (await mail.emails()).find(email => email.subject === subject)

describe.skipIf(!canRunPostfix)('with a real Postfix, which only root can start', () => {
  beforeAll(async () => {
    postfix = await startPostfix({ domain, users: [ann, ben] })
    outside = await startSink()
    gateway = await startGateway()
    await addOrganization(gateway, {
      name: 'Company',
      domain,
      backends: [`smtp://127.0.0.1:${postfix.port}`],
      smarthosts: [`smtp://127.0.0.1:${outside.port}`],
      people: [{ name: 'ann' }, { name: 'ben' }],
    })
    await untilKnown(gateway, ben)
    annsMail = await jmapFor(gateway, ann)
    bensMail = await jmapFor(gateway, ben)
  })
  afterAll(async () => {
    await gateway?.remove()
    await outside?.stop()
    await postfix?.remove()
  })

  test('Postfix goes away and comes back: held mail is delivered in order, once, without what was deleted', async () => {
    onTestFailed(() => report(gateway))
    await send(ann, ...numbered('live', 1, 3))
    await until('live mail is delivered', () => subjectsOf(ann).length === 3)

    await postfix.stop()
    await send(ann, ...numbered('held', 1, 6))
    await until('Ann sees what came after the stop', async () => (await annsMail.emails()).length === 9)
    await untilHealth(gateway, ['down'])
    await send(ann, ...numbered('held', 7, 10))
    await until('Ann sees what came during the outage', async () => bySubject(annsMail, 'held 10'))
    await until('all ten are held', async () => (await deliveriesOf(gateway, 'held')).length === 10)

    const deleted = await bySubject(annsMail, 'held 2')
    const undone = await bySubject(annsMail, 'held 4')
    await annsMail.move(deleted!.id, 'trash')
    await annsMail.move(undone!.id, 'trash')
    await annsMail.move(undone!.id, 'inbox')
    expect((await deliveriesOf(gateway, 'cancelled')).map(({ subject }) => subject)).toEqual(['held 2'])

    await annsMail.send({ to: [ben], subject: 'lunch?', text: 'At one.' })
    const invitation = await until('Ben has it at once', () => bySubject(bensMail, 'lunch?'), { seconds: 5 })
    expect(invitation.from?.[0]?.email).toBe(ann)

    const original = await bySubject(annsMail, 'live 1')
    await annsMail.send({
      to: [outsider],
      subject: 'Re: live 1',
      text: 'Thank you.',
      inReplyTo: original!.messageId!,
      references: original!.messageId!,
    })
    const [answer] = await until('the outsider gets the answer', () => {
      const got = outside.withSubject('Re: live 1')
      return got.length > 0 && got
    })
    expect(answer!.to).toEqual([outsider])
    expect(headerOf(answer!.content, 'In-Reply-To')).toBe(promised[0]!.id)

    await postfix.start()
    await untilEmpty(gateway, 90)
    const wanted = promised.map(({ subject }) => subject).filter(subject => subject !== 'held 2')
    await until('Postfix has written it all', () => subjectsOf(ann).length >= wanted.length)
    const arrived = subjectsOf(ann)
    expect([...arrived].sort()).toEqual([...wanted].sort())
    expect(overtaken(arrived, wanted), arrived.join(', ')).toBeLessThanOrEqual(WINDOW)
    expect(subjectsOf(ben)).toEqual(['lunch?'])
    await untilHealth(gateway, ['up'])
    const trash = await annsMail.emails({ inMailbox: await annsMail.folder('trash') })
    expect(trash.map(({ subject }) => subject)).toEqual(['held 2'])
  })

  test('a rebuilt Postfix that knows none of its users makes nothing bounce', async () => {
    onTestFailed(() => report(gateway))
    const rebuilt = () => subjectsOf(ann).filter(subject => subject.startsWith('rebuilt'))
    await postfix.stop()
    await send(ann, ...numbered('rebuilt', 1, 4))
    await untilHealth(gateway, ['down'])
    postfix.setUsers([])
    await postfix.start()
    await until('it is not taken for recovered', async () => {
      const { backends } = await queueOf(gateway)
      return backends[0]?.cause === 'unknown-users' && backends[0].health === 'down'
    })
    // Besides, there may be the closing statement of the outage before.
    await until('all four are held', async () => {
      const held = await deliveriesOf(gateway, 'held')
      return held.filter(({ subject }) => subject.startsWith('rebuilt')).length === 4
    })
    expect(await deliveriesOf(gateway, 'failed')).toEqual([])
    expect(outside.kept.filter(({ from }) => from === '')).toEqual([])

    postfix.setUsers([ann, ben])
    await postfix.stop()
    await postfix.start()
    await untilEmpty(gateway, 90)
    await until('Ann has the four', () => rebuilt().length === 4)
    expect(rebuilt().sort()).toEqual(numbered('rebuilt', 1, 4))
    await untilHealth(gateway, ['up'])
  })
})
