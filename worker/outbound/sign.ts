/**
 * DKIM signatures (RFC 6376) on what leaves: by the active keys of the domain in From, which is what DMARC looks at.
 *
 * Signed at each attempt and not when it was accepted, so that a signature is fresh and its key one that DNS has. A
 * message that can't be signed goes out unsigned, and says so in the log: that it arrives is worth more.
 */
import { createPrivateKey } from 'node:crypto'
import { domainOf } from '@restante/core/directory/addresses.ts'
import { signingKeys } from '@restante/core/directory/dkim.ts'
import { asAddresses } from '@restante/core/mail/headers.ts'
import { counter } from '@restante/core/observe/metrics.ts'
import type { Services } from '../services.ts'
import type { Mail } from '../smtp/transaction.ts'
import { headerOf, withFields } from './content.ts'
import { type OpenKey, signaturesOf } from './signatures.ts'

export type Signer = { sign: (mail: Mail) => Promise<Mail> }

/** How long the keys are remembered, in ms. */
const KEYS_AGE = 10_000

const signed = counter('dkim_total', 'Messages to the outside, by whether they were signed.', ['result'])

export function createSigner({ db, sealKey, log }: Pick<Services, 'db' | 'sealKey' | 'log'>): Signer {
  let keys: Promise<Map<string, OpenKey[]>> | undefined
  /** By PEM, those of the last reading. */
  let opened = new Map<string, OpenKey>()
  let readAt = 0

  async function readKeys(): Promise<Map<string, OpenKey[]>> {
    const read = (await signingKeys(db, sealKey)).map(({ domain, selector, privateKey }) => {
      const known = opened.get(privateKey)
      const key = known?.key ?? createPrivateKey(privateKey)
      return [privateKey, { domain, selector, key }] as const
    })
    opened = new Map(read)
    return Map.groupBy(
      read.map(([, key]) => key),
      key => key.domain,
    )
  }

  function currentKeys() {
    if (!keys || Date.now() - readAt > KEYS_AGE) {
      readAt = Date.now()
      keys = readKeys()
    }
    return keys
  }

  return {
    async sign(mail) {
      try {
        const all = await currentKeys()
        const domain = all.size > 0 ? await authorOf(mail) : null
        const chosen = domain === null ? undefined : all.get(domain)
        if (!chosen) {
          signed.inc({ result: 'no-key' })
          return mail
        }
        const fields = await signatures(mail, chosen)
        signed.inc({ result: 'signed' })
        return withFields(mail, fields)
      } catch (error) {
        keys = undefined
        signed.inc({ result: 'failed' })
        log.error({ event: 'outbound.not-signed', error })
        return mail
      }
    },
  }
}

/** @returns the header fields, whole lines with CRLF */
async function signatures(mail: Mail, keys: readonly OpenKey[]): Promise<Buffer> {
  const content = mail.bytes ?? (await mail.content()).content
  try {
    return await signaturesOf(content, keys, new Date())
  } finally {
    if (!Buffer.isBuffer(content)) content.destroy()
  }
}

/** The domain of the first author; null when there is none. */
async function authorOf(mail: Mail): Promise<string | null> {
  const header = (await headerOf(mail)).replace(/\r\n[ \t]+/g, ' ')
  const from = /^from:(.*)$/im.exec(header)?.[1]
  const address = from && asAddresses(from)[0]?.email
  return (address && domainOf(address)) || null
}
