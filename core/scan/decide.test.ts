import { describe, expect, test } from 'vitest'
import { type ScanPolicyInput, scanPolicySchema } from '../directory/scan-policy.ts'
import { decide } from './decide.ts'
import type { StepResult } from './pipeline.ts'
import type { Finding, StepName } from './types.ts'

const KIND: Partial<Record<StepName, StepResult['kind']>> = {
  rspamd: 'spam',
  spamd: 'spam',
  blocklists: 'spam',
  clamd: 'virus',
  attachments: 'virus',
}
const found = (step: StepName, ...findings: Finding[]): StepResult => ({
  step,
  kind: KIND[step] ?? 'facts',
  outcome: { findings },
  ms: 1,
})
const policies = (of: Record<string, ScanPolicyInput>) => (address: string) =>
  scanPolicySchema.parse(of[address] ?? {})

const spam: Finding = { type: 'spam', reason: 'spam', sure: false, score: 7 }
const sureSpam: Finding = { type: 'spam', reason: 'spam', sure: true, score: 20 }
const virus: Finding = { type: 'virus', reason: 'virus', detail: 'Eicar' }
const program: Finding = { type: 'attachment', reason: 'dangerous-ending', detail: 'a.exe' }
const locked: Finding = { type: 'encrypted', reason: 'archive-encrypted', detail: 'a.zip' }
const down: Finding = { type: 'unscanned', reason: 'engine-down' }
const trust: Finding = { type: 'clean', reason: 'clean', trusted: true }
const later: Finding = { type: 'later', reason: 'greylisted' }
const blocked: Finding = { type: 'blocked', reason: 'blocked', detail: 'x' }
const dmarc = (wish: 'none' | 'quarantine' | 'reject'): Finding => ({
  type: 'dmarc',
  reason: 'dmarc-failed',
  wish,
  detail: 'a.example',
})
const clean: Finding = { type: 'clean', reason: 'clean' }

type Row = [
  what: string,
  policy: ScanPolicyInput,
  results: StepResult[],
  answer: string,
  disposition?: string,
]
const rows: Row[] = [
  ['clean mail', {}, [found('rspamd', clean), found('clamd', clean)], 'accept'],
  ['no step at all', {}, [], 'accept'],
  ['sure spam', {}, [found('rspamd', sureSpam)], 'reject'],
  ['likely spam', {}, [found('rspamd', spam)], 'accept', 'junk'],
  ['sure spam where it is to go to Junk', { spam: 'junk' }, [found('rspamd', sureSpam)], 'accept', 'junk'],
  ['sure spam where it is only marked', { spam: 'mark' }, [found('rspamd', sureSpam)], 'accept'],
  ['sure spam where nobody minds', { spam: 'off' }, [found('rspamd', sureSpam)], 'accept'],
  ['spam of a trusted sender', {}, [found('lists', trust), found('rspamd', sureSpam)], 'accept'],
  ['a virus', {}, [found('clamd', virus)], 'reject'],
  ['a virus of a trusted sender', {}, [found('lists', trust), found('clamd', virus)], 'reject'],
  ['a virus to be kept', { virus: 'quarantine' }, [found('clamd', virus)], 'accept', 'quarantine'],
  ['a program', {}, [found('attachments', program)], 'accept', 'quarantine'],
  [
    'a program of a trusted sender',
    {},
    [found('lists', trust), found('attachments', program)],
    'accept',
    'quarantine',
  ],
  ['a program to be refused', { attachments: 'reject' }, [found('attachments', program)], 'reject'],
  ['a locked archive', {}, [found('attachments', locked)], 'accept'],
  [
    'a locked archive to be kept',
    { encrypted: 'quarantine' },
    [found('attachments', locked)],
    'accept',
    'quarantine',
  ],
  ['DMARC none', {}, [found('authentication', dmarc('none'))], 'accept'],
  ['DMARC quarantine', {}, [found('authentication', dmarc('quarantine'))], 'accept', 'junk'],
  ['DMARC reject', {}, [found('authentication', dmarc('reject'))], 'reject'],
  ['DMARC reject, only marked', { dmarc: 'mark' }, [found('authentication', dmarc('reject'))], 'accept'],
  ['DMARC reject, trusted', {}, [found('lists', trust), found('authentication', dmarc('reject'))], 'accept'],
  ['a blocked sender', {}, [found('lists', blocked)], 'reject'],
  [
    'a blocked network of a trusted sender',
    {},
    [found('lists', trust), found('blocklists', blocked)],
    'accept',
  ],
  ['greylisting', {}, [found('connection', later)], 'defer'],
  ['greylisting of a trusted sender', {}, [found('lists', trust), found('connection', later)], 'accept'],
  ['refused, and to come later', {}, [found('connection', later), found('clamd', virus)], 'reject'],
  ['no spam engine', {}, [found('rspamd', down)], 'accept'],
  ['no spam engine: hold', { spamEngineDown: 'hold' }, [found('rspamd', down)], 'accept', 'unscanned'],
  ['no spam engine: defer', { spamEngineDown: 'defer' }, [found('rspamd', down)], 'defer'],
  [
    'one spam engine of two',
    { spamEngineDown: 'defer' },
    [found('rspamd', down), found('spamd', clean)],
    'accept',
  ],
  [
    'neither spam engine',
    { spamEngineDown: 'defer' },
    [found('rspamd', down), found('spamd', down)],
    'defer',
  ],
  [
    'no spam engine where nobody minds spam',
    { spam: 'off', spamEngineDown: 'defer' },
    [found('rspamd', down)],
    'accept',
  ],
  ['no virus scanner', {}, [found('clamd', down)], 'accept', 'unscanned'],
  ['no virus scanner: mark', { virusScannerDown: 'mark' }, [found('clamd', down)], 'accept'],
  ['no virus scanner: defer', { virusScannerDown: 'defer' }, [found('clamd', down)], 'defer'],
  ['no virus scanner, and trusted', {}, [found('lists', trust), found('clamd', down)], 'accept', 'unscanned'],
  [
    'no virus scanner, and likely spam',
    {},
    [found('clamd', down), found('rspamd', spam)],
    'accept',
    'unscanned',
  ],
  [
    'no virus scanner, and a program',
    {},
    [found('clamd', down), found('attachments', program)],
    'accept',
    'quarantine',
  ],
  [
    'too large for the scanner',
    {},
    [found('clamd', { type: 'unscanned', reason: 'too-large-to-scan' })],
    'accept',
  ],
  [
    'a fact that could not be found out',
    { virusScannerDown: 'defer' },
    [found('connection', down)],
    'accept',
  ],
]

describe('for one recipient', () => {
  test.each(rows)('%s', (_, policy, results, answer, disposition) => {
    const decision = decide(results, ['a@x'], policies({ 'a@x': policy }))
    expect([decision.answer.type, decision.dispositions.get('a@x')]).toEqual([answer, disposition])
  })
})

describe('for several recipients', () => {
  const decideFor = (of: Record<string, ScanPolicyInput>, ...results: StepResult[]) =>
    decide(results, Object.keys(of), policies(of))

  test('it is refused only when all would refuse it; the others of them quarantine it', () => {
    expect(decideFor({ a: {}, b: {} }, found('clamd', virus)).answer.type).toBe('reject')
    const mixed = decideFor({ a: {}, b: { virus: 'off' } }, found('clamd', virus))
    expect(mixed.answer.type).toBe('accept')
    expect([...mixed.dispositions]).toEqual([['a', 'quarantine']])
  })

  test('spam that one of them would refuse goes to Junk for that one', () => {
    const mixed = decideFor({ a: {}, b: { spam: 'mark' } }, found('rspamd', sureSpam))
    expect([...mixed.dispositions]).toEqual([['a', 'junk']])
  })

  test('who wants it scanned gets it held when others take it unscanned', () => {
    const mixed = decideFor(
      { a: { virusScannerDown: 'defer' }, b: { virusScannerDown: 'mark' } },
      found('clamd', down),
    )
    expect(mixed.answer.type).toBe('accept')
    expect([...mixed.dispositions]).toEqual([['a', 'unscanned']])
  })

  test('a list of one of them counts for that one only', () => {
    const lists: StepResult = {
      ...found('lists'),
      outcome: { findings: [], byRecipient: new Map([['b', [trust]]]) },
    }
    const mixed = decideFor({ a: {}, b: {} }, lists, found('rspamd', sureSpam))
    expect(mixed.answer.type).toBe('accept')
    expect([...mixed.dispositions]).toEqual([['a', 'junk']])
  })
})

test('what our people send goes into no Junk folder: an admin looks at it', () => {
  const { dispositions } = decide([found('rspamd', spam)], ['a@x'], policies({}), 'submission')
  expect([...dispositions]).toEqual([['a@x', 'quarantine']])
})

test('the record names each step, its hardest verdict and why', () => {
  const { record } = decide(
    [found('rspamd', spam), found('clamd', clean), found('attachments', locked)],
    ['a@x'],
    policies({}),
  )
  expect(record).toEqual({
    verdict: 'quarantine',
    steps: [
      { step: 'rspamd', verdict: 'quarantine', reason: 'spam', score: 7, symbols: undefined, ms: 1 },
      { step: 'clamd', verdict: 'pass', reason: 'clean', ms: 1 },
      { step: 'attachments', verdict: 'mark', reason: 'archive-encrypted', detail: 'a.zip', ms: 1 },
    ],
  })
})
