/**
 * A mail of telling, as it goes out: plain text, in its reader's language. Mails of one matter are one thread: they
 * answer a message that was never sent, whose id is made from the thread. Pure.
 */
import type { Locale } from '../db/schema/directory.ts'
import type { Said } from './say.ts'

export function composeTelling(of: {
  id: string
  to: string
  host: string
  locale: Locale
  said: Said
  /** null: it stands alone. */
  thread: string | null
  now: Date
}): Buffer {
  const { said, host } = of
  const lines = [...said.text.flatMap(line => [line, ''])]
  if (said.url) lines.push(said.urlLabel, said.url, '')
  if (said.closing) lines.push('-- ', said.closing)
  const body = Buffer.from(lines.join('\r\n'), 'utf8').toString('base64')
  return Buffer.from(
    [
      `From: Restante <postmaster@${host}>`,
      `To: <${of.to}>`,
      `Subject: ${encodedWords(said.title)}`,
      `Date: ${of.now.toUTCString().replace('GMT', '+0000')}`,
      `Message-ID: <${of.id}@${host}>`,
      ...(of.thread
        ? [`In-Reply-To: <thread.${of.thread}@${host}>`, `References: <thread.${of.thread}@${host}>`]
        : []),
      // RFC 3834 §5: nobody's holiday answers it.
      'Auto-Submitted: auto-generated',
      `Content-Language: ${of.locale}`,
      ...(said.severity >= 2 ? ['Importance: high'] : []),
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: base64',
      '',
      ...(body.match(/.{1,76}/g) ?? []),
      '',
    ].join('\r\n'),
  )
}

/** RFC 2047 §2: 75 characters a word. */
function encodedWords(text: string): string {
  const line = text.replace(/\p{C}+/gu, ' ').trim()
  if (/^[ -~]*$/.test(line)) return line
  const words: string[] = []
  let word = ''
  for (const character of line) {
    if (Buffer.byteLength(word + character) > 45) {
      words.push(word)
      word = ''
    }
    word += character
  }
  return [...words, word].map(one => `=?utf-8?B?${Buffer.from(one).toString('base64')}?=`).join('\r\n ')
}
