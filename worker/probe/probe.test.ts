import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { initialMachine, step } from '@restante/core/continuity/machine.ts'
import { afterEach, describe, expect, test } from 'vitest'
import { certificate } from '../testing/certificate.ts'
import { type Script, scriptedServer } from '../testing/scripted.ts'
import { probeAccess } from './access.ts'
import { EVERY, EVERY_IN_DOUBT, nextAccessProbe, nextSmtpProbe, SILENCE } from './schedule.ts'
import { evidenceOfProbe, probeSmtp } from './smtp.ts'

const open: { close(): void }[] = []
afterEach(() => {
  for (const server of open.splice(0)) server.close()
})

async function asked(script: Script, recipient: string | null = 'anna@example.test') {
  const server = await scriptedServer(script)
  open.push({ close: () => void server.stop() })
  const host = {
    protocol: script.lmtp ? 'lmtp' : 'smtp',
    host: '127.0.0.1',
    port: server.port,
    tls: 'none',
  } as const
  const { outcome } = await probeSmtp([host], recipient, 'gateway.test')
  return { outcome, server, evidence: evidenceOfProbe(outcome, recipient, false) }
}

describe('the SMTP probe', () => {
  test('asks for a known address, sends nothing and says goodbye', async () => {
    const { evidence, server } = await asked({})
    expect(evidence).toEqual({ type: 'success', source: 'smtp-probe', address: 'anna@example.test' })
    expect(server.commands.slice(1, 4)).toEqual(['MAIL FROM:<>', 'RCPT TO:<anna@example.test>', 'RSET'])
    expect(server.commands).not.toContain('DATA')
    expect(server.received).toEqual([])
  })
  test('speaks LMTP too', async () => {
    const { evidence, server } = await asked({ lmtp: true })
    expect(evidence?.type).toBe('success')
    expect(server.commands[0]).toBe('LHLO gateway.test')
  })
  test('without a known address asks as far as MAIL', async () => {
    expect((await asked({}, null)).evidence?.type).toBe('success')
  })
  test.each<[string, Script, object | null]>([
    [
      'greylisting shows a server that works',
      { command: l => (l.startsWith('RCPT') ? '451 4.7.1 Greylisted' : undefined) },
      { type: 'success' },
    ],
    [
      'so does a full mailbox',
      { command: l => (l.startsWith('RCPT') ? '452 4.2.2 full' : undefined) },
      { type: 'success' },
    ],
    [
      'a refused address is a refusal',
      { command: l => (l.startsWith('RCPT') ? '550 5.1.1 unknown' : undefined) },
      { type: 'refusal' },
    ],
    [
      'a full disk is a failure',
      { command: l => (l.startsWith('MAIL') ? '452 4.3.1 no space' : undefined) },
      { type: 'failure', cause: 'out-of-space' },
    ],
    ['hanging up is a failure', { greeting: () => 'drop' }, { type: 'failure' }],
    ['a 421 at the greeting is a failure', { greeting: () => '421 4.3.2 busy' }, { type: 'failure' }],
    ['a 554 at the greeting is a failure', { greeting: () => '554 5.7.1 no' }, { type: 'failure' }],
  ])('%s', async (_, script, expected) => {
    expect((await asked(script)).evidence).toMatchObject(expected ?? {})
  })
  test('while it is down a refused address is no sign of its being back', async () => {
    const { outcome } = await asked({
      command: l => (l.startsWith('RCPT') ? '550 5.1.1 unknown' : undefined),
    })
    expect(evidenceOfProbe(outcome, 'anna@example.test', true)).toMatchObject({
      type: 'failure',
      cause: 'unknown-users',
    })
  })
})

describe('the access probe', () => {
  async function listen(server: Server): Promise<number> {
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    open.push(server)
    return (server.address() as AddressInfo).port
  }
  const says = (text: string) => listen(createServer(socket => socket.end(text)))
  const at = (port: number, tls: 'none' | 'starttls' | 'implicit' = 'none') =>
    probeAccess({ host: '127.0.0.1', port, tls })

  test('is content with a greeting', async () => {
    expect(await at(await says('* OK ready\r\n'))).toEqual({ type: 'success', source: 'access-probe' })
  })
  test('speaks TLS when it should', async () => {
    const port = await listen(createTlsServer(certificate, socket => socket.end('* OK ready\r\n')))
    expect(await at(port, 'implicit')).toMatchObject({ type: 'success' })
  })
  test.each([
    ['* BYE too busy\r\n', 'protocol'],
    ['hello\r\n', 'protocol'],
    ['', 'protocol'],
  ])('%j is a failure', async (text, cause) => {
    expect(await at(await says(text))).toMatchObject({ type: 'failure', source: 'access-probe', cause })
  })
  test('nobody there is a failure', async () => {
    const port = await says('')
    for (const server of open.splice(0)) server.close()
    expect(await at(port)).toMatchObject({ type: 'failure', cause: 'refused' })
  })
  test('TLS where none is spoken is a failure', async () => {
    expect(await at(await says('* OK ready\r\n'), 'implicit')).toMatchObject({
      type: 'failure',
      cause: 'tls',
    })
  })
})

describe('the schedule', () => {
  const failure = { type: 'failure', source: 'smtp-probe', cause: 'refused', detail: '' } as const
  /** Probes as the schedule says, all failing, from the first at `start`; gives the time it is down. */
  function failing(start: number, delivery: number | null): number {
    let machine = initialMachine(0)
    let lastProbe = 0
    if (delivery !== null) machine = step(machine, { ...failure, source: 'delivery' }, delivery).machine
    for (let now = delivery ?? start; now < start + 120_000; now += 250) {
      if (machine.health === 'down') return lastProbe
      if (now < nextSmtpProbe(machine, 0, lastProbe, null)) continue
      machine = step(machine, failure, now).machine
      lastProbe = now
    }
    throw new Error('never down')
  }
  test('with traffic, down is known within 15 s of the first failure', () => {
    expect(failing(5_000, 5_000) - 5_000).toBeLessThanOrEqual(15_000)
  })
  test('without traffic, down is known within 45 s of the death', () => {
    expect(failing(0, null)).toBeLessThanOrEqual(45_000)
  })
  test('deliveries that go through make a probe needless', () => {
    expect(nextSmtpProbe(initialMachine(0), 50_000, 10_000, null)).toBe(50_000 + EVERY)
  })
  test('a delivery that hangs is reason to ask, no more often than in doubt', () => {
    const due = (probe: number) => nextSmtpProbe(initialMachine(0), 50_000, probe, 60_000)
    expect(due(10_000)).toBe(60_000 + SILENCE)
    expect(due(66_000)).toBe(66_000 + EVERY_IN_DOUBT)
    expect(nextSmtpProbe(initialMachine(0), 50_000, 10_000, 79_000)).toBe(50_000 + EVERY)
  })
  test('access is asked for regardless of deliveries', () => {
    expect(nextAccessProbe(initialMachine(0), 10_000)).toBe(10_000 + EVERY)
  })
})
