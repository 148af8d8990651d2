import { describe, expect, test } from 'vitest'
import { type Header, wantsDelay, wantsFailure, whyNoNotice } from './automatic.ts'

const field = (line: string): Header => {
  const colon = line.indexOf(':')
  return { name: line.slice(0, colon), value: line.slice(colon + 1) }
}
const why = (sender: string, ...lines: string[]) => whyNoNotice(sender, lines.map(field))

describe('a notice goes to', () => {
  test.each([
    ['who wrote a letter', 'anna@example.test', []],
    ['who says that no program wrote it', 'anna@example.test', ['Auto-Submitted: no']],
    ['… with a comment', 'anna@example.test', ['Auto-Submitted: no (written by hand)']],
    ['who has a name like a machine', 'norey@example.test', ['Precedence: first-class']],
    ['who owns something', 'owner@example.test', ['Content-Type: multipart/mixed; boundary=x']],
    ['who has it sent on', 'SRS0=abcd=xy=there.test=anna@example.test', []],
    ['who wants no reports of reading', 'anna@example.test', ['X-Auto-Response-Suppress: RN, NRN, OOF']],
  ])('%s', (_, sender, lines) => {
    expect(why(sender, ...lines)).toBeNull()
  })
})

describe('a notice does not go to', () => {
  test.each([
    '',
    'MAILER-DAEMON@example.test',
    'postmaster@example.test',
    'no-reply@example.test',
    'no_reply@example.test',
    'NoReply@example.test',
    'do.not.reply@example.test',
    'owner-choir@example.test',
    'choir-owner@example.test',
    'choir-request@example.test',
    'choir-bounces@example.test',
    'bounces+anna=there.test@example.test',
    'listserv@example.test',
  ])('%j', sender => {
    expect(why(sender)).not.toBeNull()
  })

  test.each([
    'Auto-Submitted: auto-generated',
    'auto-submitted: Auto-Replied; owner-email="a@example.test"',
    'Auto-Submitted: auto-notified',
    'Auto-Submitted: nothing-we-know',
    'Precedence: bulk',
    'Precedence: LIST',
    'Precedence: junk',
    'Precedence: auto_reply',
    'X-Auto-Response-Suppress: All',
    'X-Auto-Response-Suppress: DR, OOF, AutoReply',
    'X-Auto-Response-Suppress: NDR',
    'List-Id: <choir.example.test>',
    'List-Unsubscribe: <https://example.test/>',
    'Mailing-List: contact choir-help@example.test',
    'X-Loop: choir@example.test',
    'X-Autoreply: yes',
    'X-Autorespond: yes',
    'X-Failed-Recipients: x@there.test',
    'Feedback-ID: 1:campaign:sender',
    'Content-Type: multipart/report; report-type=delivery-status; boundary=x',
  ])('whoever wrote with %s', line => {
    expect(why('anna@example.test', 'Subject: x', line)).not.toBeNull()
  })

  test('a list that says so only in its second field', () => {
    expect(why('a@example.test', 'Auto-Submitted: no', 'Auto-Submitted: auto-replied')).not.toBeNull()
  })
})

test.each([
  [null, true, true],
  ['NEVER', false, false],
  ['FAILURE', true, false],
  ['DELAY,SUCCESS', false, true],
  ['failure,delay', true, true],
])('NOTIFY=%s (RFC 3461 §4.1)', (notify, failure, delay) => {
  expect([wantsFailure(notify), wantsDelay(notify)]).toEqual([failure, delay])
})
