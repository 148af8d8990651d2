import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { overlay } from './catalogue.ts'
import { locales } from './locale.ts'

type Tree = { [key: string]: string | Tree }

function read(locale: string, folder = ''): Tree {
  return JSON.parse(readFileSync(new URL(`../messages/${folder}${locale}.json`, import.meta.url), 'utf8'))
}
function entries(tree: Tree, path = ''): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]): [string, string][] =>
    typeof value === 'string' ? [[path + key, value]] : entries(value, `${path}${key}.`),
  )
}
/** The names in braces that a sentence fills in; not the branches of a plural. */
function placeholders(text: string): string {
  return [...new Set([...text.matchAll(/(?<!(?:one|other|=\d+) )\{(\w+)[,}]/g)].map(match => match[1]))]
    .sort()
    .join()
}

for (const folder of ['', 'admin/']) {
  const english = new Map(entries(read('en', folder)))
  for (const locale of locales.filter(one => one !== 'en')) {
    test(`${folder}${locale} has every sentence of English and no other`, () => {
      const own = new Map(entries(read(locale, folder)))
      expect([...own.keys()].sort()).toEqual([...english.keys()].sort())
    })
    test(`${folder}${locale} fills in what English fills in`, () => {
      for (const [key, text] of entries(read(locale, folder))) {
        expect([key, placeholders(text)]).toEqual([key, placeholders(english.get(key) ?? '')])
      }
    })
  }
}

test('a sentence that a language lacks is shown in English', () => {
  expect(overlay({ a: { x: 'one', y: 'two' } }, { a: { x: 'un' } })).toEqual({ a: { x: 'un', y: 'two' } })
})
