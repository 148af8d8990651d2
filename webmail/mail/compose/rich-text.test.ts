import { JSDOM } from 'jsdom'
import { beforeAll, expect, test } from 'vitest'
import { htmlOf, textOfHtml } from './rich-text.ts'

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
