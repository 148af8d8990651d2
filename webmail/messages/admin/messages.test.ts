/** The admin pages' words: every language has them all, with the same names to fill in. */
import { expect, test } from 'vitest'
import ca from './ca.json' with { type: 'json' }
import en from './en.json' with { type: 'json' }
import es from './es.json' with { type: 'json' }
import it from './it.json' with { type: 'json' }

type Tree = { [key: string]: string | Tree }

function flat(tree: Tree, path = ''): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]): [string, string][] =>
    typeof value === 'string' ? [[`${path}${key}`, value]] : flat(value, `${path}${key}.`),
  )
}

/** The names to fill in: `{name}` and `{count, plural, …}`, but not the branches of a plural. */
const names = (text: string) =>
  [...new Set([...text.matchAll(/(?<!(?:one|other|=\d) )\{(\w+)(?=[,}])/g)].map(match => match[1]!))].sort()

test.each([
  ['ca', ca],
  ['es', es],
  ['it', it],
])('%s says all that English says, and fills in the same', (_, catalogue) => {
  const english = new Map(flat(en))
  const own = new Map(flat(catalogue))
  expect([...own.keys()].sort()).toEqual([...english.keys()].sort())
  for (const [key, text] of own) expect([key, names(text)]).toEqual([key, names(english.get(key)!)])
})

test.each([en, ca, es, it])('nothing is shouted', catalogue => {
  for (const [, text] of flat(catalogue)) expect(text).not.toMatch(/!|Oops/)
})
