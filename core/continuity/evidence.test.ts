import { expect, test } from 'vitest'
import { classify } from '../outcome/classify.ts'
import type { Phase } from '../outcome/types.ts'
import { evidenceOf, feedbackOf } from './evidence.ts'

const error = (code: string) =>
  Object.assign(new Error(`it broke ${code}`), { code: 'ESOCKET', originalCode: code })

test.each<[string, string | Error, Phase, object | null]>([
  ['an accepted recipient', '250 ok', 'final', { type: 'success' }],
  ['greylisting', '451 4.7.1 Greylisted', 'rcpt', null],
  ['greylisting that does not say so', '451 4.7.1 Service unavailable - try again later', 'rcpt', null],
  ['a full mailbox', '452 4.2.2 Mailbox full', 'rcpt', null],
  ['a refused message', '550 5.7.1 spam', 'final', null],
  ['a refused recipient', '550 5.1.1 unknown', 'rcpt', { type: 'refusal', address: 'anna@example.test' }],
  ['a recipient refused for now', '450 4.1.1 unknown', 'rcpt', null],
  ['a refused connection', error('ECONNREFUSED'), 'connect', { type: 'failure', cause: 'refused' }],
  ['an unreachable host', error('EHOSTUNREACH'), 'connect', { type: 'failure', cause: 'unreachable' }],
  ['a time-out', error('ETIMEDOUT'), 'connect', { type: 'failure', cause: 'timed-out' }],
  ['a name that is gone', error('ENOTFOUND'), 'dns', { type: 'failure', cause: 'dns' }],
  ['a bad certificate', error('CERT_HAS_EXPIRED'), 'tls', { type: 'failure', cause: 'certificate' }],
  ['a refused password', '535 5.7.8 no', 'auth', { type: 'failure', cause: 'authentication' }],
  [
    'a full disk',
    '452 4.3.1 Insufficient system storage',
    'mail',
    { type: 'failure', cause: 'out-of-space' },
  ],
  [
    'a server that is busy',
    '451 4.3.2 System not accepting',
    'mail',
    { type: 'failure', cause: 'temporary-error' },
  ],
  [
    'a server that does not know the domain',
    '550 5.7.1 Relaying denied',
    'rcpt',
    { type: 'failure', cause: 'rejects-us' },
  ],
  ['nonsense', 'hello', 'greeting', { type: 'failure', cause: 'protocol' }],
])('%s', (_, what, phase, expected) => {
  const evidence = evidenceOf(classify(what, { phase }), 'delivery', 'anna@example.test')
  if (expected === null) expect(evidence).toBeNull()
  else expect(evidence).toMatchObject(expected)
})

test.each<[string, Phase, string | null]>([
  ['250 ok', 'final', 'success'],
  ['421 4.3.2 closing', 'mail', 'overload'],
  ['450 4.7.0 too many connections', 'rcpt', 'overload'],
  ['451 4.3.0 later', 'mail', 'failure'],
  ['550 5.1.1 unknown', 'rcpt', null],
])('%s at %s moves the window: %s', (reply, phase, expected) => {
  expect(feedbackOf(classify(reply, { phase }))).toBe(expected)
})
