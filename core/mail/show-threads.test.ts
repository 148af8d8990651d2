import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import type { ShowOptions, TextPart } from './show-text.ts'
import { showText } from './show-text.ts'
import { createShowThreads } from './show-threads.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const options: ShowOptions = {
  remote: false,
  quoted: 'Quoted',
  pictures: new Map([['a', 'data:image/png;base64,AA==']]),
}
const part = (type: string, text: string): TextPart => ({
  type,
  text: Buffer.from(text),
  charset: 'utf-8',
  flowed: false,
  delSp: false,
  truncated: false,
})

function threads(more: Parameters<typeof createShowThreads>[0] = {}) {
  const made = createShowThreads(more)
  closing.push(made.close)
  return made
}

function program(text: string): URL {
  const folder = mkdtempSync(join(tmpdir(), 'show-'))
  closing.push(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'program.mjs'), text)
  return pathToFileURL(join(folder, 'program.mjs'))
}

test.each([
  ['text/html', '<p onclick="x">Hello <img src="cid:a"><script>x</script></p>'],
  ['text/plain', 'Hello <you>\n'],
])(
  'a long %s is what it would be without a thread',
  async (type, piece) => {
    const long = part(type, piece.repeat(Math.ceil(30_000 / piece.length)))
    const { show } = threads({ timeLimit: 60_000 })
    const [one, two] = await Promise.all([show(long, options), show(long, options)])
    const alone = showText(long, options)
    // Long texts are no help in a message of failure.
    expect([one.html === alone.html, one.blocked, two.html === alone.html]).toEqual([
      true,
      alone.blocked,
      true,
    ])
    expect(await show(part(type, piece), options)).toEqual(showText(part(type, piece), options))
  },
  120_000,
)

test.each([
  ['crashes', 'throw new Error("x")', 60_000],
  ['never answers', 'setInterval(() => {}, 1000)', 100],
])(
  'when the thread %s, the beginning is shown as it stands, and the next text has a new one',
  async (_, text, timeLimit) => {
    const { show } = threads({ program: program(text), timeLimit })
    for (let n = 0; n < 2; n++) {
      const { html } = await show(part('text/html', `<b>Hello</b>${' '.repeat(50_000)}`), options)
      expect(html).toContain('&lt;b&gt;Hello&lt;/b&gt;')
      expect(html).toContain('[…]')
    }
  },
)
