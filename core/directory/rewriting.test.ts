import { describe, expect, test } from 'vitest'
import { restoreSender, rewriteSender, rewritingKey } from './rewriting.ts'

const KEY = rewritingKey(Buffer.alloc(32, 7))
const OTHER = rewritingKey(Buffer.alloc(32, 8))
const NOW = new Date('2026-11-22T12:00:00Z')
const later = (days: number) => new Date(NOW.getTime() + days * 86_400_000)
const written = (sender: string) => rewriteSender(sender, 'ours.example', KEY, NOW)

describe('a sender of somebody else', () => {
  test.each([
    'ben@there.example',
    'Ben.Mixed+tag@there.example',
    'with=signs=of=equality@there.example',
    'srs@there.example',
    '"two words"@there.example',
    'jürgen@there.example',
  ])('%s becomes one of ours and comes back as it was', sender => {
    const ours = written(sender)
    expect(ours).toMatch(/^"?SRS0=[a-z2-7]{8}=[a-z2-7]{2}=there\.example=.*@ours\.example$/)
    expect(restoreSender(ours, KEY, NOW)).toEqual({ type: 'sender', address: sender })
  })

  test('the null sender stays one', () => {
    expect(written('')).toBe('')
  })

  test('a server on the way that changes the case of letters does no harm', () => {
    const changed = written('ben@there.example')
      .replace('SRS0', 'srs0')
      .replace(/=([a-z2-7]{8})=/, m => m.toUpperCase())
    expect(restoreSender(changed, KEY, NOW)).toEqual({ type: 'sender', address: 'ben@there.example' })
  })
})

describe('what somebody rewrote before', () => {
  const first = rewriteSender('ben@there.example', 'first.example', OTHER, NOW)

  test('gets one step longer, and a bounce goes to who rewrote it first', () => {
    const ours = written(first)
    expect(ours).toMatch(
      /^SRS1=[a-z2-7]{8}=first\.example==[a-z2-7]{8}=[a-z2-7]{2}=there\.example=ben@ours\.example$/,
    )
    expect(restoreSender(ours, KEY, NOW)).toEqual({ type: 'sender', address: first })
    expect(restoreSender(first, OTHER, NOW)).toEqual({ type: 'sender', address: 'ben@there.example' })
  })

  test('never grows again, however often it is sent on', () => {
    const second = rewriteSender(first, 'second.example', OTHER, NOW)
    const third = rewriteSender(second, 'third.example', KEY, NOW)
    const fourth = rewriteSender(third, 'fourth.example', KEY, NOW)
    expect(third.length).toBe(second.length - 'second'.length + 'third'.length)
    expect(restoreSender(fourth, KEY, NOW)).toEqual({ type: 'sender', address: first })
  })
})

describe('is not carried back', () => {
  const ours = written('ben@there.example')

  test('what another installation wrote', () => {
    expect(restoreSender(ours, OTHER, NOW)).toEqual({ type: 'refused', why: 'forged' })
  })

  test.each([
    ['another local part', (text: string) => text.replace('=ben@', '=eve@')],
    ['another domain', (text: string) => text.replace('there.example', 'elsewhere.example')],
    ['another day', (text: string) => text.replace(/=([a-z2-7]{2})=there/, '=aa=there')],
    ['nothing after the hash', () => 'SRS0=abcdefgh@ours.example'],
    ['an empty SRS1', () => 'SRS1=abcdefgh=first.example=@ours.example'],
  ])('an address changed in %s', (_what, change) => {
    expect(restoreSender(change(ours), KEY, NOW)).toEqual({ type: 'refused', why: 'forged' })
  })

  test('one older than three weeks', () => {
    expect(restoreSender(ours, KEY, later(21)).type).toBe('sender')
    expect(restoreSender(ours, KEY, later(22))).toEqual({ type: 'refused', why: 'expired' })
  })

  test('an ordinary address is something else', () => {
    for (const address of ['anna@ours.example', 'srs@ours.example', 'SRS0@ours.example', 'postmaster']) {
      expect(restoreSender(address, KEY, NOW)).toEqual({ type: 'other' })
    }
  })
})

test('the days go round without an end', () => {
  for (let day = 0; day < 2100; day += 50) {
    const ours = rewriteSender('ben@there.example', 'ours.example', KEY, later(day))
    expect(restoreSender(ours, KEY, later(day + 3)).type).toBe('sender')
    expect(restoreSender(ours, KEY, later(day + 30)).type).toBe('refused')
  }
})
