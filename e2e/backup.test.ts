/**
 * The incident: the machine is gone, with its disk. There is last night's backup, made while mail came in, and
 * the secret on a piece of paper. On an empty machine one command brings everything back: who there is, their
 * passwords, the mail, what waited for a mail server that was down and goes out to it now.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest'
import { type Gateway, startGateway } from './gateway.ts'
import { JmapClient } from './jmap.ts'
import { addOrganization, PASSWORD } from './organization.ts'
import { type Sink, startSink } from './servers/sink.ts'
import { plainMessage, sendMail, startLoad } from './smtp.ts'
import { until } from './until.ts'
import { report, untilKnown } from './watch.ts'

const folder = mkdtempSync(join(tmpdir(), 'restante-backup-'))
const file = join(folder, 'night.backup')
const sealedFile = join(folder, 'passphrase.backup')
const paper = join(folder, 'secret')
const words = join(folder, 'words')
const domain = 'harbour.example'
const ann = `ann@${domain}`
/** Longer than what stands in a segment. */
const big = 'x'.repeat(70).concat('\r\n').repeat(30_000)

let sink: Sink
let lost: Gateway
let again: Gateway | undefined
let appPassword: string
let before: string[]

beforeAll(async () => {
  sink = await startSink()
  await sink.stop()
  lost = await startGateway({ env: { SUBMISSION_RATE_PERSON: '77' } })
  await addOrganization(lost, {
    name: 'Harbour',
    domain,
    backends: [`smtp://127.0.0.1:${sink.port}?tls=none`],
    people: [{ name: 'ann', locale: 'ca' }, { name: 'ben' }],
  })
  appPassword = (await lost.cli<{ password: string }>(['person', 'app-password', ann, '--name', 'phone']))
    .password
  await lost.cli([
    'org',
    'set',
    'Harbour',
    '--smarthost',
    'smtp://restante:secret-of-theirs@relay.example:587',
  ])
  await untilKnown(lost, ann)
  await lost.cli(['backend', 'override', domain, 'down', '--reason', 'the test'])
})
afterAll(async () => {
  await lost?.remove()
  await again?.remove()
  await sink?.stop()
  rmSync(folder, { recursive: true, force: true })
})

test('a backup is made while mail comes in', async () => {
  onTestFailed(() => report(lost))
  for (const [subject, text] of [
    ['short', undefined],
    ['long', big],
  ] as const) {
    const reply = await sendMail(lost.ports.relay, {
      from: 'zoe@other.example',
      to: ann,
      content: plainMessage({ from: 'zoe@other.example', to: ann, subject, text }).content,
    })
    expect(reply.code).toBe(250)
  }
  const load = startLoad({
    port: lost.ports.relay,
    from: 'zoe@other.example',
    to: [ann, `ben@${domain}`],
    connections: 2,
    pause: 20,
  })
  await until('some of it is there', () => load.accepted.size > 20)
  before = [...load.accepted.keys()]
  const made = await lost.cli<{ rows: number; segments: number }>(['backup', file])
  expect(made.rows).toBeGreaterThan(20)
  expect(made.segments).toBeGreaterThan(0)
  await load.stop()
  expect(load.refused.size).toBe(0)

  writeFileSync(words, 'correct horse battery staple\n')
  await lost.cli(['backup', sealedFile, '--passphrase-file', words])
  writeFileSync(paper, readFileSync(join(lost.data, 'secret')))
  for (const name of [file, sealedFile]) {
    const bytes = readFileSync(name)
    for (const told of ['harbour.example', 'secret-of-theirs', readFileSync(paper, 'utf8').trim()])
      expect(bytes.includes(told), `${told} in ${name}`).toBe(false)
  }
})

test('where something is already, or with a wrong key, nothing is restored', async () => {
  const there = await lost.run(['restore', file])
  expect(there).toMatchObject({ code: 1, stdout: '' })
  expect(there.stderr).toMatch(/is there: restore into an empty folder\n$/)
  await lost.stop()
})

test('on an empty machine everything is there again', async () => {
  onTestFailed(() => again && report(again))
  again = await startGateway({
    async before(gateway) {
      const without = await gateway.run(['restore', file])
      expect(without.stderr).toMatch(/opens with the secret of its installation: give --secret-file\n$/)
      writeFileSync(join(folder, 'other'), 'another secret, of another machine\n')
      const wrong = await gateway.run(['restore', file, '--secret-file', join(folder, 'other')])
      expect(wrong).toMatchObject({ code: 1 })
      expect(wrong.stderr).toMatch(/does not open with this secret\n$/)
      const cut = join(folder, 'cut.backup')
      writeFileSync(cut, readFileSync(file).subarray(0, -1))
      expect((await gateway.run(['restore', cut, '--secret-file', paper])).code).toBe(1)
      expect(readdirSync(gateway.data)).toEqual([])

      const restored = await gateway.cli<{ environment: string }>(['restore', file, '--secret-file', paper])
      expect(readFileSync(restored.environment, 'utf8')).toContain('SUBMISSION_RATE_PERSON="77"')
      expect((await gateway.run(['restore', file])).code).toBe(1)
    },
  })
  const people = await again.cli<{ address: string; locale: string }[]>(['person', 'list'])
  expect(people).toContainEqual(expect.objectContaining({ address: ann, locale: 'ca' }))
  expect(PASSWORD).not.toBe(appPassword)

  const jmap = await JmapClient.open(again.url, ann, appPassword)
  await until('the mail is in her Inbox', async () =>
    (await jmap.emails()).some(one => one.subject === 'long'),
  )
  const health = await again.cli<{ name: string; health: string }[]>(['backend', 'status'])
  expect(JSON.stringify(health)).toContain('down')

  await sink.start()
  await again.cli(['backend', 'override', domain, 'auto'])
  await until(
    'all that had its 250 before the backup has arrived',
    () => {
      const ids = new Set(sink.kept.map(({ content }) => /^Message-ID: (.*?)\r$/im.exec(`${content}`)?.[1]))
      return before.every(id => ids.has(id)) && sink.withSubject('long').length === 1
    },
    { seconds: 120 },
  )
  expect(sink.withSubject('long')[0]?.content.includes(big.slice(0, 100_000))).toBe(true)
  expect(await again.run(['spool', 'verify'])).toMatchObject({ code: 0 })
})

test('one that was sealed with a passphrase brings the secret along', async () => {
  const third = await startGateway({
    async before(gateway) {
      expect((await gateway.run(['restore', sealedFile])).stderr).toMatch(/give --passphrase-file\n$/)
      await gateway.cli(['restore', sealedFile, '--passphrase-file', words])
      expect(readFileSync(join(gateway.data, 'secret'))).toEqual(readFileSync(paper))
    },
  })
  await third.remove()
  expect(existsSync(third.data)).toBe(false)
})
