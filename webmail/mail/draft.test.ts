import { expect, test } from 'vitest'
import type { Email } from '../jmap/types.ts'
import { answer, emptyDraft, forward, isEmpty, obstacle, quote, toEmail, type Words } from './draft.ts'

const words: Words = {
  attribution: 'On Sunday, Marta wrote:',
  forwardedTitle: 'Forwarded message',
  from: 'From',
  date: 'Date',
  subject: 'Subject',
  to: 'To',
  at: 'Sunday 22 November 2026, 10:02 CET',
}
const marta = { name: 'Marta', email: 'marta@example.org' }
const joan = { name: 'Joan', email: 'joan@example.net' }
const me = { name: 'Me', email: 'Me@example.com' }
const own = new Set(['me@example.com'])
const email = {
  id: 'e1',
  keywords: {},
  from: [marta],
  to: [me, joan],
  cc: [{ name: null, email: 'marta@EXAMPLE.org' }],
  replyTo: null,
  subject: 'Offer',
  messageId: ['2@x'],
  inReplyTo: ['1@x'],
  references: null,
  textBody: [{ partId: '1', type: 'text/plain' }],
  bodyValues: { 1: { value: 'Hello\n> older\n\nBye\n' } },
  attachments: [{ partId: '2', blobId: 'B', name: 'a.pdf', type: 'application/pdf', size: 5 }],
} as unknown as Email

test('an answer goes to the author, quotes, and stands in the line of its ancestors', () => {
  const draft = answer(email, 'a', own, false, words)
  expect(draft).toMatchObject({
    to: [marta],
    cc: [],
    subject: 'Re: Offer',
    inReplyTo: ['2@x'],
    references: ['1@x', '2@x'],
  })
  expect(draft.text).toBe('\n\nOn Sunday, Marta wrote:\n> Hello\n>> older\n>\n> Bye')
  expect(draft.attachments).toEqual([])
})

test('an answer to all leaves out oneself and nobody else, and names nobody twice', () => {
  expect(answer(email, 'a', own, true, words)).toMatchObject({ to: [marta], cc: [joan] })
})

test('Reply-To is asked before From', () => {
  expect(answer({ ...email, replyTo: [joan] }, 'a', own, false, words).to).toEqual([joan])
})

test('answering one’s own message goes on with its recipients', () => {
  const sent = { ...email, from: [me], to: [marta], cc: [joan] }
  expect(answer(sent, 'a', own, true, words)).toMatchObject({ to: [marta], cc: [joan] })
})

test.each(['Re: Offer', 'RE: Offer', 'Rif: Offer', 'RV: Offer'])('%s gets no second prefix', subject => {
  expect(answer({ ...email, subject }, 'a', own, false, words).subject).toBe(subject)
})

test('a forwarded message carries its head and its attachments', () => {
  const draft = forward(email, 'a', words)
  expect(draft.subject).toBe('Fwd: Offer')
  expect(draft.text).toContain('From: Marta <marta@example.org>')
  expect(draft.attachments).toMatchObject([{ name: 'a.pdf', blobId: 'B' }])
  expect(draft.to).toEqual([])
})

test('an empty line of a quotation stays a line', () => {
  expect(quote('a\n\nb')).toBe('> a\n>\n> b')
})

test('what goes to the server leaves out what is empty and what has not arrived', () => {
  const draft = {
    ...emptyDraft('a'),
    to: [marta],
    text: 'Hello',
    attachments: [{ key: '1', name: 'x', type: 't/x', size: 1, blobId: null, progress: 0.5, failed: false }],
  }
  const sent = toEmail(draft, me, 'drafts')
  expect(sent).toMatchObject({ mailboxIds: { drafts: true }, to: [marta], from: [me] })
  expect(sent).not.toHaveProperty('cc')
  expect(sent).not.toHaveProperty('attachments')
})

test('what keeps a message from being sent is said one thing at a time', () => {
  const draft = emptyDraft('a')
  expect(isEmpty(draft)).toBe(true)
  expect(obstacle(draft, '')).toBe('no-recipient')
  expect(obstacle({ ...draft, to: [marta] }, 'joan@')).toBe('bad-recipient')
  const file = { key: '1', name: 'x', type: 't', size: 1, blobId: null, progress: 0, failed: false }
  expect(obstacle({ ...draft, to: [marta], attachments: [file] }, '')).toBe('uploading')
  expect(obstacle({ ...draft, to: [marta], attachments: [{ ...file, failed: true }] }, '')).toBe(
    'upload-failed',
  )
  expect(obstacle({ ...draft, to: [marta] }, '')).toBe(null)
})
