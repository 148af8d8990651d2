/** The corpus against the sanitizer: nothing stays that is not on the list of what may (faults.ts). */
import { describe, expect, test } from 'vitest'
import { sanitizeHtml } from '../sanitize.ts'
import { type ShowOptions, showText } from '../show-text.ts'
import { readStructure } from '../structure.ts'
import { charsetCases, files, headers, htmlCases, snippetCases, textCases } from './corpus.ts'
import { faults, rewritten } from './faults.ts'

/** As a reader opens a message. */
const READING = { remote: false, reading: { quoted: 'Quoted text' } }
const SHOWN: ShowOptions = { remote: false, quoted: 'Quoted text', pictures: new Map() }

const namesOf = (cases: readonly { family: string }[]) => [...new Set(cases.map(({ family }) => family))]

test('there are at least five hundred cases of HTML alone, each once', () => {
  expect(htmlCases.length).toBeGreaterThan(500)
  const all = [...htmlCases, ...charsetCases, ...textCases, ...snippetCases, ...headers, ...files]
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
  const contents = htmlCases.map(({ id, content }) => content.replaceAll(String(id), ''))
  expect(contents.filter((content, index) => contents.indexOf(content) !== index)).toEqual([])
})

test('what is looked for would be found', () => {
  const unsafe = htmlCases.filter(({ content }) => faults(content).length > 0)
  expect(unsafe.length).toBeGreaterThan(0.9 * htmlCases.length)
})

describe.each(namesOf(htmlCases))('%s', family => {
  const cases = htmlCases.filter(one => one.family === family)
  /** The cases of which something is wrong, and what. */
  const wrong = (look: (content: string) => string[]) =>
    cases.flatMap(({ id, name, content }) => look(content).map(fault => `${id} ${name}: ${fault}`))

  test('nothing stays for a reader', () => {
    expect(wrong(content => faults(sanitizeHtml(content, READING).html))).toEqual([])
  })
  test('read and written again it is the same: it becomes nothing else on its way', () => {
    const becomes = (content: string) => {
      const once = rewritten(sanitizeHtml(content, READING).html)
      return rewritten(once) === once ? faults(once) : [once]
    }
    expect(wrong(becomes)).toEqual([])
  })
  test('with pictures from outside, nothing but their addresses comes in addition', () => {
    const shown = (content: string) => faults(sanitizeHtml(content, { remote: true }).html)
    expect(wrong(content => shown(content).filter(fault => !fault.startsWith('src https://')))).toEqual([])
  })
})

test.each(namesOf(charsetCases))('%s', async family => {
  const wrong: string[] = []
  for (const { id, name, type, encoding, octets } of charsetCases.filter(one => one.family === family)) {
    const head = `MIME-Version: 1.0\r\nContent-Type: ${type}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`
    const { root } = await readStructure(Buffer.concat([Buffer.from(head), octets]), { keepText: 1_500_000 })
    wrong.push(...faults(showText(root, SHOWN).html).map(fault => `${id} ${name}: ${fault}`))
  }
  expect(wrong).toEqual([])
})

test('plain text', () => {
  const part = { type: 'text/plain', charset: 'utf-8', flowed: false, delSp: false, truncated: false }
  const wrong = textCases.flatMap(({ id, name, content }) =>
    faults(showText({ ...part, text: Buffer.from(content) }, SHOWN).html).map(
      fault => `${id} ${name}: ${fault}`,
    ),
  )
  expect(wrong).toEqual([])
})
