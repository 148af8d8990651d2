/** The example mail server and what is sent to it. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import { afterAll, expect, test } from 'vitest'
import { freePort } from '../services/port.ts'
import { knownAddresses } from './cast.ts'
import { serveControl } from './control.ts'
import { firstLetters, nextLetter } from './letters.ts'
import { MailServer, subjectOf } from './mail-server.ts'
import { envelopeOf } from './post.ts'

const folder = mkdtempSync(join(tmpdir(), 'restante-demo-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function server(name: string): Promise<MailServer> {
  const result = new MailServer({
    name: 'mail.example',
    port: await freePort(),
    folder: join(folder, name),
    accepts: address => knownAddresses.has(address),
    onReceived: () => {},
  })
  await result.start()
  return result
}
const transportTo = (port: number) => createTransport({ host: '127.0.0.1', port, ignoreTLS: true })

test('all letters of the story reach people it knows, with their subjects', async () => {
  const backend = await server('all')
  const transport = transportTo(backend.port)
  const letters = firstLetters(new Date('2026-11-22T10:00:00Z'))
  for (const letter of letters) {
    await transport.sendMail({ ...letter, envelope: envelopeOf(letter) })
  }
  expect(backend.received.map(entry => entry.subject)).toEqual(letters.map(letter => letter.subject))
  expect(readdirSync(join(folder, 'all'))).toHaveLength(letters.length)
  transport.close()
  await backend.stop()
})

test('switched off it refuses connections, switched on it takes mail again', async () => {
  const backend = await server('switch')
  const switched: boolean[] = []
  const control = await serveControl(backend, running => switched.push(running))
  const press = (what: string) => fetch(`${control.url}/${what}`, { method: 'POST' }).then(r => r.json())
  expect(await press('stop')).toEqual({ running: false, received: [] })
  const transport = transportTo(backend.port)
  const letter = nextLetter(0, new Date())
  await expect(transport.sendMail(letter)).rejects.toThrow(/ECONNREFUSED/)
  expect(await press('start')).toMatchObject({ running: true })
  await transport.sendMail(letter)
  const state = (await (await fetch(control.url)).json()) as { received: unknown[] }
  expect(state.received).toMatchObject([{ from: 'kitchen@harbourcafe.example', subject: letter.subject }])
  expect(switched).toEqual([false, true])
  transport.close()
  control.server.close()
  await backend.stop()
})

test('a web page may not press the switch', async () => {
  const backend = await server('origin')
  const control = await serveControl(backend, () => {})
  const response = await fetch(`${control.url}/stop`, {
    method: 'POST',
    headers: { origin: 'https://evil.example' },
  })
  expect(response.status).toBe(403)
  expect(backend.running).toBe(true)
  control.server.close()
  await backend.stop()
})

test('it has no mailbox for strangers', async () => {
  const backend = await server('stranger')
  const transport = transportTo(backend.port)
  const letter = { ...nextLetter(0, new Date()), to: 'nobody@bakery.example' }
  await expect(transport.sendMail(letter)).rejects.toThrow(/no such mailbox/)
  transport.close()
  await backend.stop()
})

test('pictures and documents are what they say', () => {
  const attachments = firstLetters(new Date()).flatMap(letter => letter.attachments ?? [])
  const contents = attachments.map(({ filename, content }) => [String(filename), content] as const)
  for (const [name, content] of contents) {
    if (!Buffer.isBuffer(content)) continue
    const start = name.endsWith('.png') ? '\x89PNG\r\n\x1a\n' : '%PDF-1.4'
    expect(content.toString('latin1')).toMatch(new RegExp(`^${start}`))
    if (name.endsWith('.pdf')) {
      const text = content.toString('latin1')
      const offset = Number(/startxref\n(\d+)/.exec(text)?.[1])
      expect(text.slice(offset, offset + 4)).toBe('xref')
    }
  }
  expect(contents.filter(([name]) => name.endsWith('.png')).length).toBeGreaterThanOrEqual(3)
})

test('a subject is read as a person reads it', () => {
  const message = (subject: string) =>
    Buffer.from(`From: a@b\r\nSubject: ${subject}\r\nTo: c@d\r\n\r\nSubject: no`)
  expect(subjectOf(message('plain'))).toBe('plain')
  expect(subjectOf(message('folded\r\n over lines'))).toBe('folded over lines')
  expect(subjectOf(message('=?UTF-8?Q?Caf=C3=A9?=\r\n =?utf-8?B?4oKs?='))).toBe('Café€')
})
