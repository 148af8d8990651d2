/** A memory that only saves work: what DNS says at the moment is what counts. */
import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { expect, test } from 'vitest'
import { PublicKeys } from './public-keys.ts'

const pair = () => generateKeyPairSync('rsa', { modulusLength: 2_048 })
const recordOf = (key: ReturnType<typeof pair>, more = '') =>
  `v=DKIM1; k=rsa; ${more}p=${key.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`

const [first, second] = [pair(), pair()]
const data = Buffer.from('signed')
const signature = sign('sha256', data, first.privateKey)

function asking(answer: () => string | Error) {
  let asked = 0
  const keys = new PublicKeys()
  return {
    asked: () => asked,
    key: (hashAlgo = 'sha256') =>
      keys
        .cacheFor(async () => {
          asked++
          const text = answer()
          if (typeof text !== 'string') throw text
          return [text.match(/.{1,200}/g)]
        })
        .get('DKIM', 's._domainkey.example.org', undefined, { hashAlgo }),
  }
}

test('a key is made once, and DNS is asked for each message', async () => {
  const dns = asking(() => recordOf(first))
  const key = await dns.key()
  expect(verify('sha256', data, key.publicKey, signature)).toBe(true)
  expect(await dns.key()).toBe(key)
  expect(dns.asked()).toBe(2)
})

test('another record is another key, and one that has gone is none', async () => {
  let answer: string | Error = recordOf(first)
  const dns = asking(() => answer)
  await dns.key()
  answer = recordOf(second)
  expect(verify('sha256', data, (await dns.key()).publicKey, signature)).toBe(false)
  answer = Object.assign(new Error('none'), { code: 'ENOTFOUND' })
  await expect(dns.key()).rejects.toMatchObject({ code: 'ENOTFOUND' })
  answer = 'v=DKIM1; p='
  await expect(dns.key()).rejects.toMatchObject({ code: 'EINVALIDVAL' })
  answer = recordOf(first)
  expect(verify('sha256', data, (await dns.key()).publicKey, signature)).toBe(true)
})

test('what a record allows is asked of it for each hash', async () => {
  const dns = asking(() => recordOf(first, 'h=sha256; '))
  await dns.key('sha256')
  await expect(dns.key('sha1')).rejects.toMatchObject({ code: 'EINVALIDHASH' })
  const other = asking(() => recordOf(first, 's=other; '))
  await expect(other.key()).rejects.toMatchObject({ code: 'EINVALIDSERVICE' })
  await expect(other.key()).rejects.toMatchObject({ code: 'EINVALIDSERVICE' })
})

test('a bad key that was asked for ahead, and is not waited for, ends no process', async () => {
  const unheard: unknown[] = []
  const hear = (error: unknown) => unheard.push(error)
  process.on('unhandledRejection', hear)
  try {
    void asking(() => 'v=DKIM1; k=rsa; p=MFww').key()
    await new Promise(resolve => setTimeout(resolve, 50))
  } finally {
    process.off('unhandledRejection', hear)
  }
  expect(unheard).toEqual([])
})
