/** Learnt recipients in the dialog: who is taken, refused, put off, or taken and marked. */
import { Directory } from '@restante/core/directory/snapshot.ts'
import { afterEach, expect, test } from 'vitest'
import type { Answer } from '../stages.ts'
import { RawClient } from '../testing/client.ts'
import { data, type TestRelay, testRelay } from '../testing/relay.ts'

let relay: TestRelay
const clients: RawClient[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await relay?.close()
})

async function send(answer: Answer, unverified: 'later' | 'hold', to: string) {
  const [acme, ...others] = data.domains
  const directory = new Directory({
    ...data,
    domains: [{ ...acme!, ask: { hosts: [], unverified } }, ...others],
  })
  const asked: string[] = []
  relay = await testRelay({
    relay: {
      directory: () => ({ current: directory, ready: true }),
      ask: async address => {
        asked.push(address)
        return answer
      },
    },
  })
  const client = await RawClient.hello(relay.port)
  clients.push(client)
  const reply = await client.send('z@other.example', [to], 'Subject: x\r\n\r\n')
  return { reply, asked, kept: await relay.kept() }
}

test.each([
  ['known', 'later', 'carl@acme.example', /^250 2\.0\.0 /, undefined],
  ['unknown', 'later', 'carl@acme.example', /^550 5\.1\.1 /, undefined],
  ['unknown', 'hold', 'carl@acme.example', /^550 5\.1\.1 /, undefined],
  ['no-answer', 'later', 'carl@acme.example', /^450 4\.1\.1 Recipient can not be checked/, undefined],
  ['no-answer', 'hold', 'carl@acme.example', /^250 2\.0\.0 /, true],
] as const)('%s, unverified: %s', async (answer, unverified, to, expected, mark) => {
  const { reply, asked, kept } = await send(answer, unverified, to)
  expect(reply).toMatch(expected)
  expect(asked).toEqual([to])
  expect(kept[0]?.envelope.recipients).toEqual(
    reply.startsWith('250') ? [{ address: to, ...(mark && { unverified: true }) }] : undefined,
  )
})

test.each([
  ['anna@acme.example', /^250 /],
  ['postmaster@acme.example', /^250 /],
  ['x@xn--espaol-zwa.example', /^550 5\.1\.1 /],
  ['"a b"@acme.example', /^5\d\d /],
  ['a(b@acme.example', /^550 5\.1\.1 /],
])('nobody is asked about %s', async (to, expected) => {
  const { reply, asked } = await send('known', 'later', to)
  expect(reply).toMatch(expected)
  expect(asked).toEqual([])
})
