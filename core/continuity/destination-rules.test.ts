import { expect, test } from 'vitest'
import { type IncidentStep, LATE, type PlaceSeen, stepOf } from './destination-rules.ts'

const now = new Date('2026-11-20T12:00:00Z')
const ago = (minutes: number) => new Date(now.getTime() - minutes * 60_000)
const seen = (of: Partial<PlaceSeen>): PlaceSeen => ({
  messages: 1,
  people: 1,
  since: ago(1),
  ...of,
})

const table: [
  string,
  PlaceSeen | null,
  { openedAt: Date; lastAccepted: Date | null } | null,
  IncidentStep,
][] = [
  ['nothing waits', null, null, 'none'],
  ['one message has just been put off', seen({}), null, 'none'],
  ['many of one person', seen({ messages: 40 }), null, 'none'],
  ['two of two people', seen({ messages: 2, people: 2 }), null, 'none'],
  ['three of two people', seen({ messages: 3, people: 2 }), null, 'open'],
  ['one for ten minutes', seen({ since: new Date(now.getTime() - LATE) }), null, 'open'],
  ['one for not quite ten minutes', seen({ since: new Date(now.getTime() - LATE + 1) }), null, 'none'],
  ['it goes on', seen({}), { openedAt: ago(9), lastAccepted: null }, 'join'],
  ['it goes on with less', seen({ messages: 1 }), { openedAt: ago(900), lastAccepted: ago(950) }, 'join'],
  [
    'one was accepted, others still wait for their next try',
    seen({ messages: 30 }),
    { openedAt: ago(9), lastAccepted: ago(1) },
    'close-accepted',
  ],
  ['all were accepted', null, { openedAt: ago(9), lastAccepted: ago(1) }, 'close-accepted'],
  ['all were cancelled or given up', null, { openedAt: ago(9), lastAccepted: null }, 'close-nothing-left'],
]

test.each(table)('%s', (_name, what, open, step) => {
  expect(stepOf(what, open, now)).toBe(step)
})
