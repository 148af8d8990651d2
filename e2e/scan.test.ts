/**
 * A company whose gateway has an rspamd and a clamd: a stranger's virus and spam are refused while they are
 * handed over, clean mail arrives, a colleague's infected file does not leave, and in the hour in which clamd is
 * gone mail is taken and waits.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Gateway, startGateway } from './gateway.ts'
import type { JmapClient } from './jmap.ts'
import { addOrganization, jmapFor } from './organization.ts'
import { type Clamd, EICAR, startClamd } from './servers/clamd.ts'
import { type Rspamd, startRspamd } from './servers/rspamd.ts'
import { type Sink, startSink } from './servers/sink.ts'
import { GTUBE } from './servers/spamd.ts'
import { plainMessage, sendMail } from './smtp.ts'
import { until } from './until.ts'

const missing = ['rspamd', 'clamav-daemon'].filter(name =>
  (process.env.TEST_MISSING ?? '').split(' ').includes(name),
)
const from = 'bob@outside.example'
const to = 'anna@acme.example'

let gateway: Gateway
let backend: Sink
let outside: Sink
let clamd: Clamd
let rspamd: Rspamd
let anna: JmapClient

beforeAll(async () => {
  if (missing.length > 0) return
  backend = await startSink()
  outside = await startSink()
  ;[clamd, rspamd] = await Promise.all([startClamd(), startRspamd()])
  gateway = await startGateway({
    env: { RSPAMD_URL: `http://127.0.0.1:${rspamd.port}`, CLAMD_URL: `tcp://127.0.0.1:${clamd.port}` },
  })
  await addOrganization(gateway, {
    name: 'Acme',
    domain: 'acme.example',
    backends: [`smtp://127.0.0.1:${backend.port}`],
    smarthosts: [`smtp://127.0.0.1:${outside.port}`],
    people: [{ name: 'anna' }],
  })
  anna = await jmapFor(gateway, to)
  await until('the relay knows anna', async () => {
    const { content } = plainMessage({ from, to, subject: 'first' })
    return (await sendMail(gateway.ports.relay, { from, to, content })).code === 250
  })
})
afterAll(async () => {
  await gateway?.remove()
  await Promise.all([backend?.stop(), outside?.stop(), clamd?.remove(), rspamd?.remove()])
})

const send = (subject: string, text: string) =>
  sendMail(gateway.ports.relay, { from, to, content: plainMessage({ from, to, subject, text }).content })

test.skipIf(missing.length > 0)('what is bad is refused with its reason, what is clean arrives', async () => {
  expect(await send('an invoice', EICAR)).toMatchObject({
    code: 550,
    text: expect.stringMatching(/^5\.7\.1 Message holds malware, .*\(Eicar-Test-Signature/),
  })
  expect(await send('an offer', GTUBE)).toMatchObject({
    code: 550,
    text: expect.stringMatching(/^5\.7\.1 Message looks like spam/),
  })
  expect((await send('lunch', 'At noon?')).code).toBe(250)
  await until('lunch arrives', () => backend.withSubject('lunch').length === 1)
  expect(backend.withSubject('an invoice')).toEqual([])
  expect((await anna.emails()).map(email => email.subject).sort()).toEqual(['first', 'lunch'])
})

test.skipIf(missing.length > 0)('what our own people send is looked at, too', async () => {
  await anna.send({ to: [from], subject: 'hello', text: 'Hello Bob.' })
  await until('it leaves', () => outside.withSubject('hello').length === 1)
  await expect(anna.send({ to: [from], subject: 'a present', text: EICAR })).rejects.toThrow(
    /forbiddenToSend/,
  )
  expect(outside.withSubject('a present')).toEqual([])
})

test.skipIf(missing.length > 0)(
  'while clamd is gone mail is taken and waits; afterwards it arrives',
  async () => {
    await clamd.kill()
    expect((await send('in the meantime', 'Are you there?')).code).toBe(250)
    const held = async () => {
      const metrics = await fetch(`http://127.0.0.1:${gateway.ports.metrics}/metrics`)
      return /restante_scan_unscanned_total\{step="clamd",reason="engine-down"\} [1-9]/.test(
        await metrics.text(),
      )
    }
    await until('it is counted', held)
    expect((await anna.emails()).map(email => email.subject)).not.toContain('in the meantime')
    expect(backend.withSubject('in the meantime')).toEqual([])
    await clamd.start()
    await until('it arrives', () => backend.withSubject('in the meantime').length === 1, { seconds: 120 })

    await gateway.cli(['domain', 'scan', 'acme.example', '--set', 'virusScannerDown=defer'])
    await clamd.kill()
    await until('mail is put off', async () => (await send('later', 'x')).code === 451)
  },
)
