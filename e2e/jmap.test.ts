/**
 * Somebody brings their own mail program: it knows JMAP (RFC 8620, 8621), an address and an app password, and
 * nothing else of this gateway. Two organizations share it; neither may see the other's mail.
 */
import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest'
import { type Gateway, startGateway } from './gateway.ts'
import { type Email, JmapClient, type SetAnswer, USING } from './jmap.ts'
import { addOrganization, jmapFor, PASSWORD } from './organization.ts'
import { type Sink, startSink } from './servers/sink.ts'
import { plainMessage, sendMail } from './smtp.ts'
import { until } from './until.ts'
import { report, untilKnown } from './watch.ts'

let backend: Sink
let gateway: Gateway
let ann: JmapClient
let eve: JmapClient

async function receive(to: string, subject: string, content?: string): Promise<void> {
  const mail = content ?? plainMessage({ from: 'x@outside.example', to, subject }).content
  const reply = await sendMail(gateway.ports.relay, { from: 'x@outside.example', to, content: mail })
  expect(reply.code, reply.text).toBe(250)
}
const received = (client: JmapClient, subject: string): Promise<Email> =>
  until(`${subject} is there`, async () => (await client.emails()).find(email => email.subject === subject))

beforeAll(async () => {
  backend = await startSink({ lmtp: true })
  gateway = await startGateway()
  const backends = [`lmtp://127.0.0.1:${backend.port}`]
  await addOrganization(gateway, {
    name: 'One',
    domain: 'one.example',
    backends,
    people: [{ name: 'ann' }, { name: 'ben' }],
  })
  await addOrganization(gateway, {
    name: 'Two',
    domain: 'two.example',
    backends,
    people: [{ name: 'eve', role: 'admin' }],
  })
  await untilKnown(gateway, 'eve@two.example')
  ann = await jmapFor(gateway, 'ann@one.example')
  eve = await jmapFor(gateway, 'eve@two.example')
})
afterAll(async () => {
  await gateway?.remove()
  await backend?.stop()
})

test('the session names the account, the limits and the addresses to use', async () => {
  expect(ann.session.username).toBe('ann@one.example')
  expect(Object.keys(ann.session.accounts)).toEqual([ann.accountId])
  for (const capability of USING.slice(0, 3)) expect(ann.session.capabilities).toHaveProperty(capability)
  const core = ann.session.capabilities['urn:ietf:params:jmap:core']!
  for (const limit of ['maxSizeUpload', 'maxCallsInRequest', 'maxObjectsInGet', 'maxObjectsInSet']) {
    expect(core[limit]).toBeGreaterThan(0)
  }
  const roles = await ann.call<{ list: { role: string | null }[] }>('Mailbox/get', { ids: null })
  expect(roles.list.map(({ role }) => role)).toEqual(
    expect.arrayContaining(['inbox', 'drafts', 'sent', 'archive', 'junk', 'trash']),
  )
})

test('a password that is wrong, or none, opens nothing', async () => {
  await expect(JmapClient.open(gateway.url, 'ann@one.example', 'wrong')).rejects.toThrow('401')
  const paths = [
    '/.well-known/jmap',
    ann.session.eventSourceUrl.replace(/\{.*?\}/g, '0'),
    ann.downloadUrl('M1'),
  ]
  for (const path of paths) {
    expect((await fetch(new URL(path, gateway.url), { redirect: 'manual' })).status).toBe(401)
  }
  const post = await fetch(new URL(ann.session.apiUrl, gateway.url), { method: 'POST', body: '{}' })
  expect(post.status).toBe(401)
})

test('requests that are none are refused as RFC 8620 §3.6.1 says; unknown methods answer unknownMethod', async () => {
  const post = async (body: string) => {
    const response = await ann.fetch(ann.session.apiUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    return { status: response.status, body: (await response.json()) as { type?: string } }
  }
  expect(await post('{')).toMatchObject({ status: 400, body: { type: 'urn:ietf:params:jmap:error:notJSON' } })
  expect(await post('{"using":1}')).toMatchObject({
    status: 400,
    body: { type: 'urn:ietf:params:jmap:error:notRequest' },
  })
  expect(await post('{"using":["urn:example:nothing"],"methodCalls":[]}')).toMatchObject({
    status: 400,
    body: { type: 'urn:ietf:params:jmap:error:unknownCapability' },
  })
  const answers = await ann.request([
    ['Calendar/get', { accountId: ann.accountId }, 'a'],
    ['Core/echo', { hello: true }, 'b'],
  ])
  expect(answers[0]).toMatchObject(['error', { type: 'unknownMethod' }, 'a'])
  expect(answers[1]).toEqual(['Core/echo', { hello: true }, 'b'])
})

test('new mail is pushed, found, read and downloaded', async () => {
  onTestFailed(() => report(gateway))
  const push = await ann.listen()
  const picture = Buffer.from('89504e470d0a1a0a', 'hex')
  const content = [
    'From: "Müller, Åsa" <x@outside.example>'.normalize(),
    'To: ann@one.example',
    'Subject: =?utf-8?B?zpPOtc65zqwgzrrPjM+DzrzOtQ==?=',
    'Message-ID: <greek@outside.example>',
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="b"',
    '',
    '--b',
    'Content-Type: text/html; charset=utf-8',
    '',
    '<p>Hello <b>Ann</b><script>alert(1)</script></p>',
    '--b',
    'Content-Type: image/png; name="dot.png"',
    'Content-Disposition: attachment; filename="dot.png"',
    'Content-Transfer-Encoding: base64',
    '',
    picture.toString('base64'),
    '--b--',
    '',
  ].join('\r\n')
  await receive('ann@one.example', '', content)
  await until('a StateChange for the account comes', () =>
    push.events.some(({ data }) => {
      const changed = data.changed as Record<string, Record<string, string>> | undefined
      return changed?.[ann.accountId]?.Email
    }),
  )
  push.close()
  const found = await received(ann, 'Γειά κόσμε')
  const [email] = await ann.emails({}, { fetchAllBodyValues: true })
  expect(email).toMatchObject({ id: found.id, messageId: ['greek@outside.example'], hasAttachment: true })
  const [attachment] = email!.attachments
  expect(attachment).toMatchObject({ name: 'dot.png', type: 'image/png', size: picture.length })
  expect(await ann.download(attachment!.blobId)).toEqual(picture)
  const whole = await ann.download(email!.blobId)
  expect(whole.subarray(-Buffer.byteLength(content)).toString()).toBe(content)
  const html = email!.htmlBody[0]!
  expect(email!.bodyValues[html.partId]!.value).toContain('Hello <b>Ann</b>')
})

test('Email/set marks, moves and destroys, and Email/changes tells of it', async () => {
  await receive('ann@one.example', 'to be moved')
  const email = await received(ann, 'to be moved')
  // Being delivered is a change too, of the mail before as well; the states below are to be this test's own.
  await until('all is delivered', async () => {
    const { ids } = await ann.call<{ ids: string[] }>('Email/query')
    const properties = ['id', 'restante:delivery']
    const { list } = await ann.call<{ list: Email[] }>('Email/get', { ids, properties })
    return list.length > 1 && list.every(each => each['restante:delivery'] === 'delivered')
  })
  const before = await ann.call<{ state: string }>('Email/get', { ids: [] })
  const set = await ann.call<SetAnswer>('Email/set', {
    ifInState: before.state,
    update: { [email.id]: { 'keywords/$seen': true, 'keywords/$flagged': true } },
  })
  expect(set.updated).toHaveProperty(email.id)
  await ann.move(email.id, 'archive')
  const [moved] = await ann.emails({ inMailbox: await ann.folder('archive') })
  expect(moved).toMatchObject({ id: email.id, keywords: { $seen: true, $flagged: true } })
  const changes = await ann.call<{ updated: string[]; newState: string }>('Email/changes', {
    sinceState: before.state,
  })
  expect(changes.updated).toContain(email.id)
  const stale = await ann.request([
    ['Email/set', { accountId: ann.accountId, ifInState: before.state, destroy: [email.id] }, '0'],
  ])
  expect(stale[0]).toMatchObject(['error', { type: 'stateMismatch' }, '0'])
  const gone = await ann.call<SetAnswer>('Email/set', { destroy: [email.id, 'no-such-id'] })
  expect(gone.destroyed).toEqual([email.id])
  expect(gone.notDestroyed).toMatchObject({ 'no-such-id': { type: 'notFound' } })
  const after = await ann.call<{ destroyed: string[] }>('Email/changes', { sinceState: changes.newState })
  expect(after.destroyed).toEqual([email.id])
})

test('what is uploaded can be attached and sent to a colleague', async () => {
  onTestFailed(() => report(gateway))
  const blob = await ann.upload(Buffer.from('a,b\r\n1,2\r\n'), 'text/csv')
  expect(blob).toMatchObject({ accountId: ann.accountId, type: 'text/csv', size: 10 })
  expect((await ann.download(blob.blobId)).toString()).toBe('a,b\r\n1,2\r\n')
  const { emailId, submissionId } = await ann.send({
    to: ['ben@one.example'],
    subject: 'the numbers',
    text: 'See below.',
    attachments: [{ blobId: blob.blobId, type: 'text/csv', name: 'numbers.csv' }],
  })
  const ben = await jmapFor(gateway, 'ben@one.example')
  const [attached] = (await received(ben, 'the numbers')).attachments
  expect(attached).toMatchObject({ name: 'numbers.csv', type: 'text/csv' })
  expect((await ben.download(attached!.blobId)).toString()).toBe('a,b\r\n1,2\r\n')
  const sent = await ann.emails({ inMailbox: await ann.folder('sent') })
  expect(sent.map(({ id }) => id)).toEqual([emailId])
  expect(sent[0]!.keywords).not.toHaveProperty('$draft')
  await until('the delivery status says where it went', async () => {
    const { list } = await ann.call<{
      list: { deliveryStatus: Record<string, { delivered: string; smtpReply: string }> | null }[]
    }>('EmailSubmission/get', { ids: [submissionId] })
    return list[0]?.deliveryStatus?.['ben@one.example']?.smtpReply.startsWith('250')
  })
  expect(backend.withSubject('the numbers')).toHaveLength(1)
})

test("nobody sends as somebody else, or to a colleague that isn't there", async () => {
  const [drafts, identities] = [
    await ann.folder('drafts'),
    await ann.call<{ list: { id: string }[] }>('Identity/get', { ids: null }),
  ]
  const attempt = async (from: string, to: string) => {
    const answers = await ann.request([
      [
        'Email/set',
        {
          accountId: ann.accountId,
          create: {
            draft: {
              mailboxIds: { [drafts]: true },
              from: [{ email: from }],
              to: [{ email: to }],
              subject: 'attempt',
              textBody: [{ partId: 't', type: 'text/plain' }],
              bodyValues: { t: { value: 'x' } },
            },
          },
        },
        'e',
      ],
      [
        'EmailSubmission/set',
        {
          accountId: ann.accountId,
          create: { s: { identityId: identities.list[0]!.id, emailId: '#draft' } },
        },
        's',
      ],
    ])
    const submission = answers.find(([name]) => name === 'EmailSubmission/set')?.[1] as SetAnswer | undefined
    return submission?.notCreated?.s?.type
  }
  expect(await attempt('ann@one.example', 'nobody@one.example')).toBe('invalidRecipients')
  expect(await attempt('ben@one.example', 'ben@one.example')).toMatch(/forbidden/)
  expect(await attempt('boss@elsewhere.example', 'ben@one.example')).toMatch(/forbidden/)
})

test('an organization sees nothing of another, whatever it asks', async () => {
  await receive('ann@one.example', 'secret')
  const secret = await received(ann, 'secret')
  const accountId = ann.accountId
  for (const name of [
    'Mailbox/get',
    'Email/get',
    'Email/query',
    'Email/changes',
    'Thread/get',
    'Identity/get',
    'EmailSubmission/get',
    'Email/set',
    'Mailbox/set',
    'EmailSubmission/set',
  ]) {
    const more = name.endsWith('/get')
      ? { ids: [secret.id] }
      : name.endsWith('/changes')
        ? { sinceState: '0' }
        : {}
    const [answer] = await eve.request([[name, { accountId, ...more }, '0']])
    expect([name, answer![0], (answer![1] as { type?: string }).type]).toEqual([
      name,
      'error',
      'accountNotFound',
    ])
  }
  // With an id of another's in one's own account.
  const get = await eve.call<{ list: unknown[]; notFound: string[] }>('Email/get', { ids: [secret.id] })
  expect(get).toMatchObject({ list: [], notFound: [secret.id] })
  const set = await eve.call<SetAnswer>('Email/set', {
    update: { [secret.id]: { 'keywords/$seen': true } },
    destroy: [secret.id],
  })
  expect(set.notUpdated).toMatchObject({ [secret.id]: { type: 'notFound' } })
  for (const account of [accountId, eve.accountId]) {
    const url = eve.downloadUrl(secret.blobId, 'x', 'message/rfc822', account)
    expect((await eve.fetch(url)).status).toBe(404)
  }
  const upload = eve.session.uploadUrl.replace('{accountId}', accountId)
  expect((await eve.fetch(upload, { method: 'POST', body: 'x' })).status).toBe(404)
  expect((await eve.fetch(`/message/${accountId}/${secret.id}/body`)).status).toBeGreaterThanOrEqual(400)
  expect((await eve.fetch(`/message/${eve.accountId}/${secret.id}/body`)).status).toBeGreaterThanOrEqual(400)
  expect((await ann.emails()).some(({ id }) => id === secret.id)).toBe(true)
})

/** Every route that names an account, and how it is asked. */
const ROUTES: Record<string, { method: 'GET' | 'POST'; path(account: string, email: Email): string }> = {
  'jmap/upload/[accountId]': { method: 'POST', path: account => `/jmap/upload/${account}` },
  'jmap/download/[accountId]/[blobId]/[name]': {
    method: 'GET',
    path: (account, { blobId }) => `/jmap/download/${account}/${blobId}/x?type=message/rfc822`,
  },
  'message/[accountId]/[emailId]/body': {
    method: 'GET',
    path: (account, { id }) => `/message/${account}/${id}/body`,
  },
  'message/[accountId]/[emailId]/attachments': {
    method: 'GET',
    path: (account, { id }) => `/message/${account}/${id}/attachments`,
  },
}

test('every route that names an account is one to a stranger with and without the account', async () => {
  const app = resolve(import.meta.dirname, '../webmail/app')
  const found = globSync('**/{route,page}.{ts,tsx}', { cwd: app })
    .filter(file => file.includes('[accountId]'))
    .map(file => file.replace(/\/[^/]*$/, ''))
  expect(Object.keys(ROUTES).sort()).toEqual(found.sort())
  await receive('ann@one.example', 'nobody’s business')
  const email = await received(ann, 'nobody’s business')
  const nobody = '00000000-0000-7000-8000-000000000000'
  for (const [route, { method, path }] of Object.entries(ROUTES)) {
    const ask = async (account: string) => {
      const init = method === 'POST' ? { method, body: 'x' } : { method }
      const response = await eve.fetch(path(account, email), { ...init, redirect: 'manual' })
      return { status: response.status, body: await response.text() }
    }
    const theirs = await ask(ann.accountId)
    expect([401, 404], route).toContain(theirs.status)
    expect(theirs.body, route).not.toContain('nobody’s business')
    expect(await ask(nobody), route).toEqual(theirs)
  }
})

test("an account's own password is for the browser; mail programs need an app password", async () => {
  await expect(JmapClient.open(gateway.url, 'ann@one.example', PASSWORD)).rejects.toThrow('401')
})
