import fc from 'fast-check'
import { expect, test } from 'vitest'
import { composeNotice, type Notice } from './notice.ts'
import { readStructure } from './structure.ts'
import { summarize } from './summary.ts'

const notice: Notice = {
  action: 'failed',
  host: 'mx.example.org',
  to: 'sender@elsewhere.example',
  subject: 'Not delivered: «Reunió»',
  text: ['Your message could not be delivered. '.repeat(5), 'Nobody there has this address.'],
  recipients: [
    {
      address: 'anna@example.org',
      original: 'rfc822;anna@example.org',
      outcome: {
        category: 'bad-address',
        side: 'recipient',
        permanent: true,
        host: 'mail.example.org',
        code: 550,
        enhanced: '5.1.1',
        text: 'no such\r\nuser',
        at: '2026-11-02T10:00:00.000Z',
      },
    },
    { address: 'añna@example.org', outcome: { category: 'expired', side: 'us', permanent: true } },
  ],
  original: {
    headers: Buffer.from('From: a@b.example\r\nSubject: hello\r\n'),
    messageId: 'one@b.example',
    envid: 'QQ314159',
    receivedAt: new Date('2026-11-01T09:00:00Z'),
  },
  now: new Date('2026-11-02T10:00:01Z'),
}

test('a notice has a part for people, one for programs, and the headers it is about', async () => {
  const bytes = composeNotice(notice)
  const { root } = await readStructure(bytes)
  expect(root.type).toBe('multipart/report')
  expect(root.subParts?.map(part => part.type)).toEqual([
    'text/plain',
    'message/delivery-status',
    'text/rfc822-headers',
  ])
  const status = bytes.toString('latin1')
  expect(status).toContain('Final-Recipient: rfc822; anna@example.org\r\nAction: failed\r\nStatus: 5.1.1')
  expect(status).toContain('Diagnostic-Code: smtp; 550 5.1.1 no such user')
  expect(status).toContain(
    'Final-Recipient: utf-8; a\\x{f1}na@example.org\r\nAction: failed\r\nStatus: 5.4.7',
  )
  expect(status).toContain('Original-Envelope-Id: QQ314159')
  expect(root.subParts?.[2]?.text?.toString()).toContain('Subject: hello')
  const summary = await summarize(bytes)
  expect(summary.subject).toBe('Not delivered: «Reunió»')
  expect(summary.preview).toContain('Nobody there has this address.')
  expect(summary.references).toEqual(['one@b.example'])
})

test('nothing that comes from outside adds a field or a part', async () => {
  const nasty = fc
    .array(fc.constantFrom('\r\n', '\n', '--b', 'Bcc: x@y', ' ', 'é', ':', '\0', '--b--'))
    .map(a => a.join(''))
  await fc.assert(
    fc.asyncProperty(nasty, nasty, nasty, async (one, two, three) => {
      const bytes = composeNotice({
        ...notice,
        boundary: 'b',
        to: one,
        subject: two,
        text: [three],
        recipients: [
          {
            address: two,
            original: three,
            outcome: { category: one, side: '', permanent: true, code: 550, text: two, host: one },
          },
        ],
        original: {
          ...notice.original,
          headers: Buffer.from(`A: ${one}\r\n${two}`),
          messageId: three,
          envid: one,
        },
      })
      const { root } = await readStructure(bytes)
      expect(root.subParts).toHaveLength(3)
      expect(root.headers.some(field => field.name === 'Bcc')).toBe(false)
    }),
    { numRuns: 200 },
  )
})
