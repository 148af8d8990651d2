import { expect, test } from 'vitest'
import { link, paragraphs } from './plain-text.ts'

test.each([
  ['see https://example.org/a_(b).', [{ href: 'https://example.org/a_(b)' }]],
  ['(https://example.org/x)', [{ href: 'https://example.org/x' }]],
  ['write to Marta@example.org, please', [{ href: 'mailto:Marta@example.org' }]],
  ['javascript:alert(1) data:text/html,x', []],
  ['“https://example.org/q?a=1&b=2”', [{ href: 'https://example.org/q?a=1&b=2' }]],
])('links of %s', (text, expected) => {
  const pieces = link(text)
  expect(pieces.filter(piece => typeof piece !== 'string')).toMatchObject(expected)
  expect(pieces.map(piece => (typeof piece === 'string' ? piece : piece.text)).join('')).toBe(text)
})

test('quoted lines are set apart, and empty lines around them go', () => {
  const blocks = paragraphs('Hello\r\n\r\n> one\r\n> two\r\n>> three\r\n\r\nBye\r\n')
  expect(blocks).toEqual([
    { quoted: false, short: true, pieces: ['Hello'] },
    { quoted: true, short: true, pieces: ['one\ntwo\n> three'] },
    { quoted: false, short: true, pieces: ['Bye'] },
  ])
})
