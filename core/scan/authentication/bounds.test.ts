/** What is left out of a long header changes no signature; what is too much proves nothing. */
import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { dkimSign } from 'mailauth'
import { describe, expect, test } from 'vitest'
import { subjectOf } from '../testing/subject.ts'
import { boundedHeader } from './bounds.ts'
import { fieldsOf, headerEnd, readHeader } from './header.ts'
import { PublicKeys } from './public-keys.ts'
import { verifySignatures } from './signatures.ts'
import { Verifier } from './verifier.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const record = `v=DKIM1; k=rsa; p=${rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`
const ask = async () => [[record]]

const FIELDS = ['From: a@signer.test\r\n', 'To: anna@here.test\r\n', 'Subject: one\r\n two\r\n']
const BODY = '\r\nHello.\r\n'

async function signature(names = 'from:to:subject', fields = FIELDS): Promise<string> {
  const { signatures } = await dkimSign(fields.join('') + BODY, {
    canonicalization: 'relaxed/relaxed',
    headerList: names,
    signTime: new Date('2026-11-22T09:00:00Z'),
    signatureData: [
      {
        signingDomain: 'signer.test',
        selector: 's1',
        privateKey: rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }),
      },
    ],
  } as never)
  return signatures
}

const filler = 'X-Filler: x\r\n'.repeat(500)

async function verified(message: string) {
  const subject = subjectOf(Buffer.from(message, 'latin1'))
  const header = await readHeader(subject)
  const fields = await fieldsOf(header)
  return verifySignatures(
    subject,
    header,
    fields,
    ask,
    new PublicKeys(),
    () => {},
    () => new AbortController().signal,
  )
}

/** mailauth's word on all of the header. */
async function ofWhole(message: string): Promise<string[]> {
  const bytes = Buffer.from(message, 'latin1')
  const verifier = new Verifier(ask, new PublicKeys())
  const end = headerEnd(bytes)
  await verifier.takeHeader(bytes.subarray(0, end))
  await verifier.take(bytes.subarray(end))
  await verifier.finish()
  return verifier.results.map(one => one.status.result)
}

test('a signature over a few of 20,000 fields is as good as ever, and breaks as ever', async () => {
  const message =
    (await signature()) + FIELDS.join('') + 'Received: from x\r\n by y;\r\n'.repeat(10_000) + BODY
  expect((await verified(message)).dkim).toMatchObject([{ result: 'pass', domain: 'signer.test' }])
  for (const [before, after] of [
    ['To: anna', 'To: bruno'],
    [' two\r\n', ' two\r\nadded to it\r\n'],
    ['From: a@signer.test\r\n', 'From: a@signer.test\r\nFrom: boss@bank.test\r\n'],
  ] as const)
    expect((await verified(message.replace(before, after))).dkim).toMatchObject([{ result: 'fail' }])
})

test('property: leaving fields out changes no result', async () => {
  const signed = await signature()
  const more = fc.constantFrom(
    'X-Other: x\r\n',
    'To: bruno@here.test\r\n',
    'From\r\n : boss@bank.test\r\n',
    'From : boss@bank.test\r\n',
    'Sub ject: x\r\n',
    'Subject\t: x\r\n',
    'no field at all\r\n',
    'no field\r\n with a fold\r\n',
    'X-Folded: x\r\n : y\r\n',
    ': x\r\n',
    'X-Bare: x\n',
  )
  const field = fc.oneof(fc.constantFrom(signed, ...FIELDS), more)
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray([signed, ...FIELDS], { minLength: 4 }),
      fc.array(fc.tuple(field, fc.nat(12)), { maxLength: 6 }),
      async (fields, added) => {
        const all = [...fields]
        for (const [text, at] of added) all.splice(at % (all.length + 1), 0, text)
        for (let at = 0; at <= all.length; at += 3) {
          const message = all.toSpliced(at, 0, filler).join('') + BODY
          const header = Buffer.from(message.slice(0, message.indexOf(BODY) + 2), 'latin1')
          expect(boundedHeader(header, await fieldsOf(header)).header?.length).toBeLessThan(header.length)
          expect((await verified(message)).dkim.map(one => one.result)).toEqual(
            (await ofWhole(message)).filter(one => one !== 'none'),
          )
        }
      },
    ),
    { numRuns: 60 },
  )
})

const naming = (signed: string, names: string) => signed.replace(/ h=[^;]+/, ` h=${names}`)
const tagged = (signed: string, tags: string) => signed.replace('v=1;', `v=1; ${tags}`)

describe('too much to be verified', () => {
  test.each<[string, (signed: string) => string]>([
    [
      'names times lines',
      signed => naming(signed, `from${':x'.repeat(3_000)}`) + FIELDS.join('') + 'X: y\r\n'.repeat(390),
    ],
    [
      'lines that are signed',
      signed => naming(signed, 'from:x') + FIELDS.join('') + 'X: y\r\n'.repeat(4_001),
    ],
    ['octets in From', signed => `${signed}From: ${'x'.repeat(17_000)} <a@signer.test>\r\n`],
    ['fields', signed => signed + FIELDS.join('') + 'X: y\r\n'.repeat(25_001)],
    [
      'octets under several signatures',
      signed => `${naming(signed, 'from:x').repeat(5) + FIELDS.join('')}X: ${'y'.repeat(250_000)}\r\n`,
    ],
  ])('%s: its signature proves nothing', async (_, header) => {
    const { dkim, arc } = await verified(header(await signature()) + BODY)
    expect(dkim[0]).toMatchObject({
      result: 'policy',
      domain: 'signer.test',
      comment: 'more than is verified',
    })
    expect(arc.result).toBe('none')
  })

  test.each<[string, (signature: string) => string, number]>([
    ['an eleventh signature', one => one.repeat(11), 10],
    ['one of more than 8 KiB', one => tagged(one, `z=${'x'.repeat(8_000)};`) + one, 1],
    ['one of a hundred tags', one => tagged(one, 'x=y;'.repeat(100)) + one, 1],
    [
      'a fifth form of the body',
      one => Array.from({ length: 6 }, (_, n) => tagged(one, `l=${n};`)).join(''),
      4,
    ],
  ])('%s is not looked at', async (_, signatures, looked) => {
    const { dkim } = await verified(signatures(await signature()) + FIELDS.join('') + BODY)
    expect(dkim).toHaveLength(looked)
  })

  test('a chain of fifty sets is not', async () => {
    const long = 'x'.repeat(1_500)
    const sets = Array.from(
      { length: 50 },
      (_, n) =>
        `ARC-Seal: i=${n + 1}; b=${long}\r\nARC-Message-Signature: i=${n + 1}; h=from; b=${long}\r\n` +
        `ARC-Authentication-Results: i=${n + 1}; x\r\n`,
    )
    const header = Buffer.from(`${sets.join('') + FIELDS.join('')}\r\n`)
    const bounded = boundedHeader(header, await fieldsOf(header))
    expect(bounded.brokenChain).toBe(false)
    expect(bounded.signatures).toHaveLength(150)
    expect(bounded.header?.toString()).toBe(`${sets.join('') + FIELDS[0]}\r\n`)
  })

  test('a field of ARC beyond the limits breaks the chain', async () => {
    const set =
      'ARC-Seal: i=1; cv=none\r\nARC-Message-Signature: i=1\r\nARC-Authentication-Results: i=1; x\r\n'
    for (const field of [set.repeat(51), set.replace('cv=none', `cv=none;${' x=y;'.repeat(100)}`)])
      expect((await verified(field + FIELDS.join('') + BODY)).arc.result).toBe('fail')
  })
})
