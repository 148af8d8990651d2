import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addNumbers, type Fact, lineOf, noNumbers, numbersOf } from './statement.ts'
import { statementText } from './statement-words.ts'

const fact = (more: Partial<Fact> = {}): Fact => ({
  emailId: 'e',
  messageId: 'm',
  subject: 's',
  person: 'p',
  at: new Date(0),
  copy: false,
  submitted: false,
  inWindow: true,
  folder: { role: 'inbox', name: 'Inbox' },
  waiting: 0,
  delivered: 1,
  failed: 0,
  action: null,
  error: null,
  open: false,
  ...more,
})
const trash = { role: 'trash', name: 'Trash' } as const

test.each<[string, Partial<Fact>, string, string | null, string | null]>([
  ['delivered as it came', {}, 'received', 'delivered', null],
  ['read here', { action: 'changed' }, 'received', 'delivered', 'filed'],
  ['deleted here, never delivered', { folder: trash, delivered: 0, failed: 1 }, 'received', 'deleted', null],
  ['deleted here, brought to Trash', { folder: trash, action: 'trashed' }, 'received', 'deleted', 'filed'],
  ['destroyed here', { folder: null, action: 'deleted', delivered: 0 }, 'received', 'deleted', null],
  ['refused by the server', { delivered: 0, failed: 1 }, 'received', 'failed', null],
  ['still deferred', { delivered: 0, waiting: 1 }, 'received', 'waiting', null],
  ['read here, still deferred', { delivered: 0, waiting: 1, open: true }, 'received', 'waiting', 'open'],
  [
    'taken for junk here, brought to Junk there',
    { delivered: 0, waiting: 1, action: 'appended', folder: { role: 'junk', name: 'Junk' } },
    'received',
    'delivered',
    'filed',
  ],
  ['not to be found there', { action: 'missing' }, 'received', 'delivered', 'not-filed'],
  ['sent', { copy: true, submitted: true, action: 'appended' }, 'sent', 'delivered', 'filed'],
  [
    'sent, refused',
    { copy: true, submitted: true, failed: 1, action: 'appended' },
    'sent',
    'failed',
    'filed',
  ],
  ['a draft', { copy: true, action: 'appended' }, 'other', null, 'filed'],
  ['older mail that was starred', { inWindow: false, action: 'changed' }, 'other', null, 'filed'],
])('%s', (_name, more, kind, outcome, filing) => {
  expect(lineOf(fact(more), false)).toMatchObject({ kind, outcome, filing })
})

test('older mail that nobody touched is not in it', () => {
  expect(lineOf(fact({ inWindow: false }), false)).toBeNull()
})

test('what is still open when it is given up is not filed', () => {
  expect(lineOf(fact({ open: true }), true)?.filing).toBe('not-filed')
})

const facts = fc.array(
  fc.record({
    copy: fc.boolean(),
    submitted: fc.boolean(),
    inWindow: fc.boolean(),
    folder: fc.constantFrom(null, trash, { role: 'inbox' as const, name: 'Inbox' }),
    waiting: fc.nat(2),
    delivered: fc.nat(2),
    failed: fc.nat(2),
    action: fc.constantFrom(null, 'changed', 'appended', 'missing', 'failed', 'deleted', 'expunged'),
    open: fc.boolean(),
  }),
)

test('the numbers add up, whatever happened, also of several mailboxes together', () => {
  fc.assert(
    fc.property(fc.array(facts), fc.boolean(), (mailboxes, givenUp) => {
      const all = mailboxes.map(list =>
        numbersOf(list.flatMap(one => lineOf(fact(one as Partial<Fact>), givenUp) ?? [])),
      )
      for (const one of [...all, addNumbers(all)]) {
        expect(one.delivered + one.deleted + one.failed + one.waiting).toBe(one.received)
        expect(one.sentAccepted + one.sentFailed + one.sentWaiting).toBe(one.sent)
        expect(one.filed + one.notFiled + one.filing).toBe(one.toFile)
      }
    }),
  )
})

test.each(['ca', 'en', 'es', 'it'] as const)('the mail in %s says every figure that is not zero', locale => {
  const numbers = { ...noNumbers, received: 17, delivered: 12, deleted: 3, failed: 2, toFile: 5, filed: 5 }
  const about = {
    openedAt: new Date('2026-03-01T09:02:00Z'),
    closedAt: new Date('2026-03-01T11:40:00Z'),
    numbers,
    url: 'https://mail.example/statements/1',
  }
  const { subject, text } = statementText(about, locale, 'UTC')
  expect(subject.length).toBeGreaterThan(10)
  expect(text).toContain('09:02')
  expect(text).toContain(about.url)
  for (const figure of [17, 12, 3, 2, 5]) expect(text).toMatch(new RegExp(`: ${figure}$`, 'm'))
  expect(text).not.toMatch(/: 0$/m)
  const admin = {
    server: 'bakery.example',
    mailboxes: 3,
    trouble: [{ address: 'ann@bakery.example', numbers }],
  }
  expect(statementText({ ...about, admin }, locale, 'UTC').text).toContain('ann@bakery.example: ')
})
