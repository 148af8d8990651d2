import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Found, flagChange, plan, type Step, type Wanted } from './plan.ts'

const ids = { emailId: 'e1', messageId: 'm1', headerId: 'one@example.org' }
const there = (more: Partial<Found> = {}): Found => ({
  path: 'INBOX',
  uid: 1,
  flags: [],
  messageId: ids.headerId,
  ids: ['m1'],
  own: null,
  ...more,
})
const delivered = (more: object = {}): Wanted => ({
  ...ids,
  type: 'delivered',
  target: null,
  add: [],
  remove: [],
  ...more,
})
const sent = (more: object = {}): Wanted => ({
  ...ids,
  type: 'ours',
  target: 'Sent',
  flags: ['\\Seen'],
  appended: false,
  once: false,
  ...more,
})
const steps = (wanted: Wanted, ...found: Found[]) => plan([wanted], found).flatMap(one => one.steps)

test.each<[string, Wanted, Found[], Step[]]>([
  [
    'what was read is seen',
    delivered({ add: ['\\Seen'] }),
    [there()],
    [{ type: 'flags', path: 'INBOX', uid: 1, add: ['\\Seen'], remove: [] }],
  ],
  ['what is seen already stays so', delivered({ add: ['\\Seen'] }), [there({ flags: ['\\seen'] })], []],
  [
    'a star taken away here goes there too',
    delivered({ remove: ['\\Flagged'] }),
    [there({ flags: ['\\Flagged', '$Label1'] })],
    [{ type: 'flags', path: 'INBOX', uid: 1, add: [], remove: ['\\Flagged'] }],
  ],
  [
    'flags are set before it is moved',
    delivered({ add: ['\\Seen'], target: 'Projects' }),
    [there()],
    [
      { type: 'flags', path: 'INBOX', uid: 1, add: ['\\Seen'], remove: [] },
      { type: 'move', path: 'INBOX', uid: 1, to: 'Projects' },
    ],
  ],
  [
    'one that a rule of the server filed is found there, and stays there',
    delivered({ add: ['\\Seen'] }),
    [there({ path: 'Lists' })],
    [{ type: 'flags', path: 'Lists', uid: 1, add: ['\\Seen'], remove: [] }],
  ],
  [
    'both copies of a message that arrived twice are treated alike',
    delivered({ target: 'Projects' }),
    [there(), there({ uid: 2 })],
    [
      { type: 'move', path: 'INBOX', uid: 1, to: 'Projects' },
      { type: 'move', path: 'INBOX', uid: 2, to: 'Projects' },
    ],
  ],
  [
    'another with the same Message-ID, relayed by itself, is left alone',
    delivered({ target: 'Projects' }),
    [there({ ids: ['m2'] })],
    [],
  ],
  [
    'one that names no id of ours is known by its Message-ID',
    delivered({ target: 'Projects' }),
    [there({ ids: [] })],
    [{ type: 'move', path: 'INBOX', uid: 1, to: 'Projects' }],
  ],
  [
    "the sender's own copy of a message to themselves is not the one that was received",
    delivered({ target: 'Projects' }),
    [there({ path: 'Sent', ids: [], own: 'e2' })],
    [],
  ],
  [
    'deleted mail goes to Trash',
    { ...ids, type: 'deleted', trash: 'Trash', spare: 'Trash' },
    [there()],
    [{ type: 'move', path: 'INBOX', uid: 1, to: 'Trash' }],
  ],
  [
    'or goes for good when it is ours to take',
    { ...ids, type: 'deleted', trash: null, spare: 'Trash' },
    [there()],
    [{ type: 'expunge', path: 'INBOX', uid: 1 }],
  ],
  [
    'and to Trash when that is not certain',
    { ...ids, type: 'deleted', trash: null, spare: 'Trash' },
    [there({ ids: [] })],
    [{ type: 'move', path: 'INBOX', uid: 1, to: 'Trash' }],
  ],
  ['sent mail is appended', sent(), [], [{ type: 'append', to: 'Sent', flags: ['\\Seen'] }]],
  [
    'sent mail to oneself is appended although it is in the Inbox',
    sent(),
    [there({ ids: [] })],
    [{ type: 'append', to: 'Sent', flags: ['\\Seen'] }],
  ],
  [
    'what is in Sent already is not appended again',
    sent(),
    [there({ path: 'Sent', ids: [], flags: ['\\Seen'] })],
    [],
  ],
  [
    'a draft that was sent since moves to Sent and is no draft any more',
    sent({ appended: true }),
    [there({ path: 'Drafts', own: 'e1', flags: ['\\Draft', '\\Seen'] })],
    [
      { type: 'flags', path: 'Drafts', uid: 1, add: [], remove: ['\\Draft'] },
      { type: 'move', path: 'Drafts', uid: 1, to: 'Sent' },
    ],
  ],
  ['a draft that was deleted there does not come back', sent({ appended: true, once: true }), [], []],
  [
    'a draft that was discarded here is taken away there, if we had put it there',
    { ...ids, type: 'withdrawn' },
    [there({ path: 'Drafts', own: 'e1' }), there({ path: 'Drafts', uid: 2 })],
    [{ type: 'expunge', path: 'Drafts', uid: 1 }],
  ],
])('%s', (_name, wanted, found, expected) => {
  expect(steps(wanted, ...found)).toEqual(expected)
})

test('a message that should be there and is not is told apart from one with nothing to do', () => {
  expect(plan([delivered()], []).map(one => one.missing)).toEqual([true])
  expect(plan([delivered()], [there()]).map(one => [one.missing, one.steps])).toEqual([[false, []]])
})

test('keywords become flags', () => {
  expect(flagChange(['$flagged', 'mine'], ['$seen', 'mine'])).toEqual({
    add: ['\\Seen'],
    remove: ['\\Flagged'],
  })
})

/** A server in memory that does as it is told. */
function carryOut(found: readonly Found[], planned: ReturnType<typeof plan>): Found[] {
  let messages = [...found]
  let next = 1 + Math.max(0, ...messages.map(message => message.uid))
  for (const { wanted, steps } of planned) {
    for (const step of steps) {
      if (step.type === 'append') {
        messages.push({
          path: step.to,
          uid: next++,
          flags: step.flags,
          messageId: wanted.headerId,
          ids: [],
          own: wanted.emailId,
        })
        continue
      }
      const at = (message: Found) => message.path === step.path && message.uid === step.uid
      const message = messages.find(at)
      if (!message) throw new Error('a step for a message that is not there')
      if (step.type === 'flags') {
        const flags = [...message.flags.filter(flag => !step.remove.includes(flag)), ...step.add]
        messages = messages.map(one => (at(one) ? { ...one, flags } : one))
        continue
      }
      messages = messages.filter(one => !at(one))
      if (step.type === 'move') messages.push({ ...message, path: step.to, uid: next++ })
    }
  }
  return messages
}

const FLAGS = ['\\Seen', '\\Answered', '\\Flagged']
const PATHS = ['INBOX', 'Sent', 'Drafts', 'Trash', 'Projects']
const path = fc.constantFrom(...PATHS)
const story = fc.record({
  kind: fc.constantFrom('delivered', 'deleted', 'ours', 'withdrawn'),
  target: fc.option(path, { nil: null }),
  add: fc.subarray(FLAGS),
  relayed: fc.boolean(),
  copies: fc.array(fc.record({ path, flags: fc.subarray([...FLAGS, '$Label1']), own: fc.boolean() }), {
    maxLength: 3,
  }),
})

test('what was planned makes both equal, a second look finds nothing to do, and nobody else is touched', () => {
  fc.assert(
    fc.property(fc.array(story, { maxLength: 8 }), stories => {
      let uid = 0
      const found: Found[] = []
      const wanted = stories.map(({ kind, target, add, relayed, copies }, n): Wanted => {
        const base = { emailId: `e${n}`, messageId: `m${n}`, headerId: `h${n}` }
        for (const copy of copies) {
          found.push({
            path: copy.path,
            uid: ++uid,
            flags: copy.flags,
            messageId: base.headerId,
            ids: relayed && !copy.own ? [base.messageId] : [],
            own: copy.own ? base.emailId : null,
          })
        }
        if (kind === 'withdrawn') return { ...base, type: 'withdrawn' }
        if (kind === 'deleted') return { ...base, type: 'deleted', trash: target && 'Trash', spare: 'Trash' }
        if (kind === 'ours') {
          return {
            ...base,
            type: 'ours',
            target: target ?? 'Sent',
            flags: add,
            appended: false,
            once: false,
          }
        }
        const remove = FLAGS.filter(flag => !add.includes(flag))
        return { ...base, type: 'delivered', target, add, remove }
      })
      const stranger = there({ uid: ++uid, messageId: 'stranger', ids: ['other'] })
      found.push(stranger)
      const after = carryOut(found, plan(wanted, found))
      const again = plan(wanted, after)
      expect(again.flatMap(one => one.steps)).toEqual([])
      expect(after).toContainEqual(stranger)
      for (const one of wanted) {
        if (one.type !== 'ours') continue
        const copy = after.filter(
          message => message.messageId === one.headerId && message.path === one.target,
        )
        expect(copy.length).toBeGreaterThan(0)
        for (const flag of one.flags) expect(copy.some(message => message.flags.includes(flag))).toBe(true)
      }
    }),
    { numRuns: 300 },
  )
})
