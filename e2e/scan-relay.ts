/**
 * What the tests of the engines share: a relay whose scan has the steps of the test, and the mail that goes through it.
 * What a test opens is closed after it.
 */
import {
  type ScanPolicy,
  type ScanPolicyInput,
  scanPolicySchema,
} from '@restante/core/directory/scan-policy.ts'
import { silentLog as log } from '@restante/core/observe/log.ts'
import { scannerOf } from '@restante/core/scan/scanner.ts'
import type { Step } from '@restante/core/scan/types.ts'
import { RawClient } from '@restante/relay/testing/client.ts'
import { type TestRelay, testRelay } from '@restante/relay/testing/relay.ts'
import { afterEach } from 'vitest'
import { EICAR } from './servers/clamd.ts'
import { hangingServer, type Small, sayingServer } from './servers/way.ts'

export const missing = new Set((process.env.TEST_MISSING ?? '').split(' '))

export const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** A port where nobody says anything. */
export async function hanging(): Promise<Small> {
  return closed(await hangingServer())
}

/** A port where always the same is said. */
export async function saying(text: string): Promise<number> {
  return closed(await sayingServer(text)).port
}

function closed(server: Small): Small {
  closing.push(server.close)
  return server
}

/** A relay whose scan has these steps and this policy for everybody, or one for each recipient. */
export async function relayWith(
  steps: Step[],
  policy: ScanPolicyInput | ((address: string) => ScanPolicy) = {},
  timeLimit?: number,
): Promise<TestRelay> {
  const parsed = typeof policy === 'function' ? policy : () => scanPolicySchema.parse(policy)
  const scanner = scannerOf({ steps, policyOf: parsed, log, timeLimit })
  const relay = await testRelay({ relay: { scanner }, messageSize: 60_000_000 })
  closing.push(() => relay.close())
  return relay
}

export async function send(
  relay: TestRelay,
  message: string | Buffer,
  to = ['anna@acme.example'],
): Promise<string> {
  const client = await RawClient.hello(relay.port)
  try {
    return await client.send('bob@other.example', to, message)
  } finally {
    client.destroy()
  }
}

export const mail = (body: string, more: string[] = []) =>
  [
    'From: Bob <bob@other.example>',
    'To: Anna <anna@acme.example>',
    'Subject: Lunch',
    'Message-ID: <1@other.example>',
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    'MIME-Version: 1.0',
    ...more,
    '',
    body,
  ].join('\r\n')

export const withFile = (name: string, content: Buffer) =>
  mail(
    [
      '--b',
      'Content-Type: text/plain',
      '',
      'See the file.',
      '--b',
      `Content-Type: application/octet-stream; name="${name}"`,
      'Content-Transfer-Encoding: base64',
      `Content-Disposition: attachment; filename="${name}"`,
      '',
      content.toString('base64').replace(/.{76}/g, '$&\r\n'),
      '--b--',
    ].join('\r\n'),
    ['Content-Type: multipart/mixed; boundary=b'],
  )

export const nested = mail(
  ['--n', 'Content-Type: message/rfc822', '', withFile('eicar.com', Buffer.from(EICAR)), '--n--'].join(
    '\r\n',
  ),
  ['Content-Type: multipart/mixed; boundary=n'],
)

export const clean = mail('Shall we meet at noon?')
