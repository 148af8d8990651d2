import { describe, expect, test } from 'vitest'
import { pairs, short, table } from './table.ts'
import { bytes, duration, parseDuration, when } from './time.ts'

describe('a duration as people type it', () => {
  test.each([
    ['2h', 7_200_000],
    ['30m', 1_800_000],
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['1d', 86_400_000],
    ['1w2d', 777_600_000],
    [' 5M ', 300_000],
    ['0m', null],
    ['2', null],
    ['h', null],
    ['2 h', null],
    ['-2h', null],
    ['1.5h', null],
    ['30m1h', null],
    ['1h1h', null],
    ['2x', null],
    ['9999999h', null],
    ['', null],
  ])('%j is %j ms', (text, expected) => {
    expect(parseDuration(text)).toBe(expected)
  })
})

test.each([
  [0, '0 s'],
  [999, '0 s'],
  [-5, '0 s'],
  [61_000, '1 min 1 s'],
  [3_600_000, '1 h'],
  [3_605_000, '1 h'],
  [90_061_000, '1 d 1 h'],
])('%i ms reads %j', (milliseconds, text) => {
  expect(duration(milliseconds)).toBe(text)
})

test('a time is relative and absolute, before and after', () => {
  const now = new Date('2026-03-02T10:00:00Z')
  expect(when(new Date('2026-03-02T09:56:00Z'), now)).toBe('4 min ago (2026-03-02 09:56:00 UTC)')
  expect(when(new Date('2026-03-02T10:00:30Z'), now)).toBe('in 30 s (2026-03-02 10:00:30 UTC)')
  expect(when(now, now)).toBe('now (2026-03-02 10:00:00 UTC)')
  expect(when(null, now)).toBeNull()
})

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1536, '1.5 KiB'],
  [52_428_800, '50.0 MiB'],
])('%i bytes read %j', (count, text) => {
  expect(bytes(count)).toBe(text)
})

describe('a table', () => {
  test('aligns numbers to the right and counts wide characters twice', () => {
    const rows = [
      { name: 'a', n: 5 },
      { name: '日本', n: 120 },
      { name: '', n: null },
    ]
    expect(
      table(rows, [
        { title: 'NAME', value: row => row.name },
        { title: 'N', value: row => row.n, right: true },
      ]),
    ).toBe('NAME    N\na       5\n日本  120\n-       -')
  })

  test("a stranger's control characters do not reach the terminal", () => {
    expect(table([{ s: 'a\u001b[31mb\nc\u202e' }], [{ title: 'S', value: row => row.s }])).toBe(
      'S\na\uFFFD[31mb\uFFFDc\uFFFD',
    )
  })

  test('pairs stand under each other, long text is cut by characters', () => {
    expect(
      pairs([
        ['a', 1],
        ['long', null],
      ]),
    ).toBe('a     1\nlong  -')
    expect(short('🙂🙂🙂', 2)).toBe('🙂…')
  })
})
