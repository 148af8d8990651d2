/** The step with its real threads, and threads that misbehave. */
import { Readable } from 'node:stream'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { defaultScanPolicy, type ScanPolicy } from '../../directory/scan-policy.ts'
import { isReason } from '../reasons.ts'
import type { Finding, StepContext, Subject } from '../types.ts'
import { findingsFor, type Observation } from './observations.ts'
import { holdsOnlyText } from './quick.ts'
import { attachmentsStep } from './step.ts'
import { attachment, inChunks, message, PROGRAM, text, withFile, zip } from './testing.ts'
import { InspectionThreads } from './threads.ts'

function subject(raw: Buffer, recipients: string[], short = true): Subject {
  return {
    envelope: {
      id: 'm1',
      kind: 'inbound',
      sender: 'rosa@example.org',
      recipients: recipients.map(address => ({ address })),
      receivedAt: '2026-11-22T10:00:00Z',
    } as Subject['envelope'],
    size: raw.length,
    content: () => Readable.from(inChunks(raw, 64 * 1024)),
    ...(short && { bytes: raw }),
  }
}

function context(
  policies: Record<string, Partial<ScanPolicy>> = {},
  signal = new AbortController().signal,
): StepContext {
  return {
    signal,
    outcomeOf: () => undefined,
    policyOf: address => ({ ...defaultScanPolicy, ...policies[address] }),
  }
}

const reasons = (findings: readonly Finding[] | undefined) => findings?.map(finding => finding.reason)

describe('the attachment step', () => {
  const step = attachmentsStep()
  afterAll(() => step.close())

  it.each([true, false])('says what a message holds (short: %s)', async short => {
    const outcome = await step.run(subject(withFile('setup.exe', 'x'), ['a@one.example'], short), context())
    expect(outcome.findings).toEqual([
      { type: 'attachment', reason: 'dangerous-ending', detail: 'setup.exe' },
    ])
  })

  it('says that there is nothing to say', async () => {
    const outcome = await step.run(subject(withFile('a.pdf', '%PDF-1.7'), ['a@one.example']), context())
    expect(reasons(outcome.findings)).toEqual(['attachments-clean'])
    const plain = await step.run(subject(message([text]), ['a@one.example']), context())
    expect(reasons(plain.findings)).toEqual(['no-attachments'])
  })

  it('keeps each domain to its own endings', async () => {
    const raw = message([
      text,
      attachment('setup.exe', PROGRAM),
      attachment('plan.dwg', 'x'),
      attachment('a.pdf.js', 'x'),
    ])
    const outcome = await step.run(
      subject(raw, ['a@one.example', 'b@two.example', 'c@three.example']),
      context({
        'b@two.example': { allowedEndings: ['exe'] },
        'c@three.example': { blockedEndings: ['dwg'] },
      }),
    )
    expect(reasons(outcome.findings)).toEqual(['double-ending'])
    expect(
      Object.fromEntries([...outcome.byRecipient!].map(([to, findings]) => [to, reasons(findings)])),
    ).toEqual({
      'a@one.example': ['dangerous-ending'],
      'c@three.example': ['dangerous-ending', 'blocked-ending'],
    })
  })

  it('an allowed ending does not allow a program under another name', async () => {
    const outcome = await step.run(
      subject(withFile('a.js', PROGRAM), ['a@one.example']),
      context({ 'a@one.example': { allowedEndings: ['js'] } }),
    )
    expect(reasons(outcome.findings)).toEqual(['dangerous-content'])
  })

  it('looks at many messages at once', async () => {
    const raw = withFile('a.zip', zip([{ name: 'x.scr' }]))
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        step.run(subject(raw, ['a@one.example'], at % 2 === 0), context()),
      ),
    )
    for (const { findings } of outcomes) expect(reasons(findings)).toEqual(['dangerous-ending'])
  })
})

describe('a thread', () => {
  const pools: InspectionThreads[] = []
  afterEach(async () => {
    for (const pool of pools.splice(0)) await pool.close()
  })
  const poolOf = (program: string | undefined) => {
    const url =
      program === undefined ? undefined : new URL(`data:text/javascript,${encodeURIComponent(program)}`)
    const pool = new InspectionThreads({ threads: 1, program: url })
    pools.push(pool)
    return pool
  }
  const look = (pool: InspectionThreads, signal: AbortSignal) =>
    pool.inspect(subject(withFile('a.zip', zip([])), []), { blockedEndings: [], signal })

  it.each([
    ['throws', `throw new Error('no')`],
    ['ends', `process.exit(0)`],
    [
      'runs out of memory',
      `import { parentPort } from 'node:worker_threads'; const all = []; parentPort.on('message', () => { for (;;) all.push({ more: [1, 2, 3] }) })`,
    ],
    ['has no program', `import 'node:nothing'`],
  ])('that %s leaves its message unscanned', async (_, program) => {
    const pool = poolOf(program)
    for (let run = 0; run < 2; run++) {
      expect(await look(pool, new AbortController().signal)).toMatchObject({
        ok: false,
        reason: 'step-failed',
      })
    }
  })

  it('that hangs is ended with its message, and the one that waited goes on', async () => {
    const hanging = new AbortController()
    const waiting = new AbortController()
    const pool = poolOf(
      `import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => { for (;;); })`,
    )
    const first = look(pool, hanging.signal)
    const second = look(pool, waiting.signal)
    await expect.poll(() => pool.waiting).toBe(1)
    hanging.abort()
    expect(await first).toEqual({ ok: false, reason: 'time-over' })
    await expect.poll(() => pool.waiting).toBe(0)
    waiting.abort()
    expect(await second).toEqual({ ok: false, reason: 'time-over' })
  })

  it('whose message can not be read any further is replaced', async () => {
    const pool = poolOf(undefined)
    const broken = {
      content: () =>
        Readable.from(
          (function* () {
            yield Buffer.from('From: a@example.org\r\n')
            throw new Error('the disk is gone')
          })(),
        ),
    }
    const signal = new AbortController().signal
    expect(await pool.inspect(broken, { blockedEndings: [], signal })).toMatchObject({
      ok: false,
      reason: 'step-failed',
      detail: 'the disk is gone',
    })
    expect(await look(pool, signal)).toEqual({ ok: true, observations: [] })
  })

  it('is not started once closed', async () => {
    const pool = poolOf(undefined)
    await pool.close()
    expect(await look(pool, new AbortController().signal)).toMatchObject({ ok: false })
  })
})

describe('the quick look', () => {
  it.each([
    [true, 'a plain text', 'From: a@example.org\r\n\r\nHello'],
    [
      true,
      'a page and its text',
      'Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nHi\r\n--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>Hi\r\n--b--\r\n',
    ],
    [
      true,
      'an encoded text',
      `Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from('Hello').toString('base64')}\r\n`,
    ],
    [false, 'an attached text', 'Content-Disposition: attachment\r\n\r\nHello'],
    [false, 'a text with a name', 'Content-Type: text/plain; name=a.txt\r\n\r\nHello'],
    [false, 'something else', 'Content-Type: application/pdf\r\n\r\nHello'],
    [false, 'two types', 'Content-Type: text/plain\r\nContent-Type: application/pdf\r\n\r\nHello'],
    [false, 'a file in the text', 'From: a@example.org\r\n\r\nbegin 644 a.exe\r\n'],
    [
      false,
      'a file in an encoded text',
      `Content-Transfer-Encoding: base64\r\n\r\n${Buffer.from('x\nbegin 644 a.exe\n').toString('base64')}`,
    ],
    [
      false,
      'a file whose beginning is encoded',
      'Content-Transfer-Encoding: quoted-printable\r\n\r\n=62egin 644 a.exe\r\n',
    ],
    [true, 'a text in a message', 'Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nHello'],
    [
      false,
      'a message with a name',
      'Content-Type: message/rfc822; name=a.eml\r\n\r\nSubject: x\r\n\r\nHello',
    ],
    [false, 'parts that start strangely', 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--bx\r\n\r\nHi'],
  ])('%s for %s', (expected, _, raw) => {
    expect(holdsOnlyText(Buffer.from(raw))).toBe(expected)
  })
})

it('every reason has its words', () => {
  const all: Record<Observation['reason'], true> = {
    'dangerous-ending': true,
    'dangerous-content': true,
    'double-ending': true,
    'hidden-ending': true,
    'blocked-ending': true,
    'archive-bomb': true,
    'archive-depth': true,
    'message-partial': true,
    'mime-limits': true,
    'archive-encrypted': true,
    'document-encrypted': true,
    'archive-unreadable': true,
    'archive-large': true,
    macro: true,
    'type-mismatch': true,
    'conflicting-names': true,
    'archive-inconsistent': true,
    'html-smuggling': true,
    'mime-ambiguous': true,
  }
  for (const reason of Object.keys(all)) expect(isReason(reason), reason).toBe(true)
})

it('findings come worst first', () => {
  const observations: Observation[] = [
    { reason: 'macro', detail: 'a' },
    { reason: 'archive-encrypted', detail: 'b' },
    { reason: 'dangerous-ending', detail: 'c', endings: ['exe'] },
  ]
  expect(findingsFor(observations, defaultScanPolicy).map(one => one.type)).toEqual([
    'attachment',
    'encrypted',
    'suspicious',
  ])
})
