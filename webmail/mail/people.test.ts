import { expect, test } from 'vitest'
import { displayName, initials, parseAddresses, shortNames, unique } from './people.ts'

test('what people paste becomes addresses', () => {
  expect(
    parseAddresses('marta@example.org; "Puig, Joan" <joan@example.org>,\nInfo<info@sub.example.cat>'),
  ).toEqual({
    people: [
      { name: null, email: 'marta@example.org' },
      { name: 'Puig, Joan', email: 'joan@example.org' },
      { name: 'Info', email: 'info@sub.example.cat' },
    ],
    rest: '',
  })
})

test.each(['marta', 'a@b', 'a@@b.org', 'a b@c.org', '.a@b.org', 'a..b@c.org', 'a.@b.org'])(
  '%s is no address and stays as typed',
  text => {
    expect(parseAddresses(text)).toEqual({ people: [], rest: text })
  },
)

test('an address outside ASCII is one', () => {
  expect(parseAddresses('josé@español.example').people).toHaveLength(1)
})

test('several people are shown by first names', () => {
  const named = (name: string) => ({ name, email: `${name}@example.org` })
  expect(shortNames([named('Marta Vidal')])).toBe('Marta Vidal')
  expect(shortNames(['Marta Vidal', 'Joan Puig', 'Ada', 'Pau', 'Lia'].map(named))).toBe(
    'Marta, Joan, Ada, +2',
  )
  expect(shortNames([])).toBe('')
})

test.each([
  [{ name: 'Marta Vidal i Puig', email: 'm@x.org' }, 'MP'],
  [{ name: null, email: 'joan.serra@x.org' }, 'JS'],
  [{ name: '李明', email: 'li@x.org' }, '李'],
  [{ name: '', email: '@' }, '?'],
])('initials of %j are %s', (person, expected) => {
  expect(initials(person)).toBe(expected)
})

test('nobody is mentioned twice', () => {
  const people = [
    { name: 'A', email: 'a@x.org' },
    { name: null, email: 'A@X.org' },
  ]
  expect(unique(people).map(displayName)).toEqual(['A'])
})
