import { JSDOM } from 'jsdom'
import { beforeAll, expect, test } from 'vitest'
import { htmlOf, textOfHtml, withSignature } from './rich-text.ts'

beforeAll(() => {
  globalThis.DOMParser = new JSDOM('').window.DOMParser
})

test('a quotation becomes one, and the empty lines before it are there to write in', () => {
  expect(htmlOf('\n\nMarta wrote:\n> How much?\n>\n> Two <b>')).toBe(
    '<p></p><p></p><p>Marta wrote:</p><blockquote><p>How much?</p><p>Two &lt;b&gt;</p></blockquote>',
  )
})

test('what was formatted reads well without its formatting', () => {
  const html =
    '<p><strong>Order</strong> for <a href="https://bakery.example/friday">Friday</a>:</p><ul><li><p>flour</p></li><li><p>salt</p></li></ul><ol><li><p>bake</p></li></ol><p>Bye<br>Ann</p><blockquote><p>How much?</p><p>Two</p></blockquote>'
  expect(textOfHtml(html)).toBe(
    'Order for Friday <https://bakery.example/friday>:\n\n- flour\n- salt\n\n1. bake\n\nBye\nAnn\n\n> How much?\n>\n> Two',
  )
})

test('a link that is spelt out already is not said twice', () => {
  expect(textOfHtml('<p><a href="https://bakery.example/">bakery.example</a></p>')).toBe('bakery.example')
})

test('text goes through the editor and comes out the same', () => {
  const text = 'Good morning\n\nTwo sacks,\nplease.\n\n> How much?\n>\n>> earlier'
  expect(textOfHtml(htmlOf(text))).toBe(text)
})

test('a signature stands below an empty line; its mark is there only where nothing follows', () => {
  const alone = withSignature(htmlOf(''), '<p>Ann<br>Bakery</p>')
  expect(alone).toBe('<p></p><div data-signature=""><p>Ann<br>Bakery</p></div>')
  // The editor has an empty line at its end.
  expect(textOfHtml(`${alone.replace('<p></p>', '<p>Hello</p>')}<p></p>`)).toBe('Hello\n\n-- \nAnn\nBakery')
  const answer = withSignature(htmlOf('\n\nMarta wrote:\n> How much?'), '<p>Ann</p>')
  expect(answer).toBe(
    '<p></p><div data-signature=""><p>Ann</p></div><p>Marta wrote:</p><blockquote><p>How much?</p></blockquote>',
  )
  expect(textOfHtml(answer)).not.toContain('-- ')
  expect(withSignature('<p>as it was</p>', '')).toBe('<p>as it was</p>')
})
