/** The daily mail about new junk: plain text, in its reader's language. Pure. */
import type { Locale } from '@restante/core/db/schema/directory.ts'

export type DigestLine = { sender: string; subject: string; at: Date }
export type DigestContent = {
  /** In their Junk folders, newest first. */
  junk: readonly DigestLine[]
  /** In the organization's quarantine, for them. */
  quarantined: readonly DigestLine[]
}

type Words = {
  subject: (count: number) => string
  junk: (count: number) => string
  junkLead: string
  quarantined: (count: number) => string
  quarantinedLead: string
  more: (count: number) => string
  nobody: string
  noSubject: string
  link: string
  closing: string
}

const plural = (locale: Locale) => {
  const rules = new Intl.PluralRules(locale)
  return (count: number, one: string, other: string) =>
    `${new Intl.NumberFormat(locale).format(count)} ${rules.select(count) === 'one' ? one : other}`
}
const n = { en: plural('en'), ca: plural('ca'), es: plural('es'), it: plural('it') }

const WORDS: Record<Locale, Words> = {
  en: {
    subject: count => `${n.en(count, 'message was', 'messages were')} kept back since yesterday`,
    junk: count => `${n.en(count, 'message', 'messages')} in your Junk folder`,
    junkLead: 'They are not on your mail server. Say "Not spam" in the webmail, and they are.',
    quarantined: count => `${n.en(count, 'message', 'messages')} in your organization's quarantine`,
    quarantinedLead: 'Whoever looks after your mail can release them.',
    more: count => `and ${n.en(count, 'more', 'more')}`,
    nobody: '(no sender)',
    noSubject: '(no subject)',
    link: 'To your mail:',
    closing: 'You get this once a day, and only when there is something new.',
  },
  ca: {
    subject: count => `${n.ca(count, 'missatge retingut', 'missatges retinguts')} des d’ahir`,
    junk: count => `${n.ca(count, 'missatge', 'missatges')} a la vostra carpeta de correu brossa`,
    junkLead: 'No són al vostre servidor. Digueu «No és correu brossa» al correu web i hi aniran.',
    quarantined: count => `${n.ca(count, 'missatge', 'missatges')} a la quarantena de la vostra organització`,
    quarantinedLead: 'Qui s’ocupa del vostre correu els pot alliberar.',
    more: count => `i ${n.ca(count, 'més', 'més')}`,
    nobody: '(sense remitent)',
    noSubject: '(sense assumpte)',
    link: 'Al vostre correu:',
    closing: 'Ho rebeu un cop al dia, i només quan hi ha alguna cosa nova.',
  },
  es: {
    subject: count => `${n.es(count, 'mensaje retenido', 'mensajes retenidos')} desde ayer`,
    junk: count => `${n.es(count, 'mensaje', 'mensajes')} en su carpeta de correo no deseado`,
    junkLead: 'No están en su servidor. Diga «No es correo no deseado» en el correo web y llegarán.',
    quarantined: count => `${n.es(count, 'mensaje', 'mensajes')} en la cuarentena de su organización`,
    quarantinedLead: 'Quien se ocupa de su correo puede liberarlos.',
    more: count => `y ${n.es(count, 'más', 'más')}`,
    nobody: '(sin remitente)',
    noSubject: '(sin asunto)',
    link: 'A su correo:',
    closing: 'Lo recibe una vez al día, y solo cuando hay algo nuevo.',
  },
  it: {
    subject: count => `${n.it(count, 'messaggio trattenuto', 'messaggi trattenuti')} da ieri`,
    junk: count => `${n.it(count, 'messaggio', 'messaggi')} nella vostra posta indesiderata`,
    junkLead: 'Non sono sul vostro server. Dite «Non è indesiderata» nella webmail e ci arriveranno.',
    quarantined: count =>
      `${n.it(count, 'messaggio', 'messaggi')} nella quarantena della vostra organizzazione`,
    quarantinedLead: 'Chi si occupa della vostra posta può rilasciarli.',
    more: count => `e ${n.it(count, 'altro', 'altri')}`,
    nobody: '(senza mittente)',
    noSubject: '(senza oggetto)',
    link: 'Alla vostra posta:',
    closing: 'Lo ricevete una volta al giorno, e solo quando c’è qualcosa di nuovo.',
  },
}

/** Named at most. */
const NAMED = 30

export function composeDigest(of: {
  to: string
  host: string
  /** Of the webmail; absent: nobody said where it is. */
  url?: string | undefined
  locale: Locale
  content: DigestContent
  id: string
  now: Date
}): Buffer {
  const { content, locale } = of
  const words = WORDS[locale]
  const lines: string[] = []
  const part = (title: string, lead: string, list: readonly DigestLine[]) => {
    if (list.length === 0) return
    lines.push(title, lead, '')
    for (const { sender, subject } of list.slice(0, NAMED)) {
      lines.push(`- ${clean(sender) || words.nobody}: ${clean(subject) || words.noSubject}`)
    }
    if (list.length > NAMED) lines.push(`- ${words.more(list.length - NAMED)}`)
    lines.push('')
  }
  part(words.junk(content.junk.length), words.junkLead, content.junk)
  part(words.quarantined(content.quarantined.length), words.quarantinedLead, content.quarantined)
  if (of.url) lines.push(`${words.link} ${of.url}`, '')
  lines.push(words.closing)
  const body = Buffer.from(lines.join('\r\n'), 'utf8').toString('base64')
  const count = content.junk.length + content.quarantined.length
  return Buffer.from(
    [
      `From: Restante <postmaster@${of.host}>`,
      `To: <${of.to}>`,
      `Subject: ${encodedWords(words.subject(count))}`,
      `Date: ${of.now.toUTCString().replace('GMT', '+0000')}`,
      `Message-ID: <${of.id}@${of.host}>`,
      // RFC 3834 §5: nobody's holiday answers it.
      'Auto-Submitted: auto-generated',
      `Content-Language: ${locale}`,
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: base64',
      '',
      ...(body.match(/.{1,76}/g) ?? []),
      '',
    ].join('\r\n'),
  )
}

/** What strangers wrote, on one line and of a bearable length. */
const clean = (text: string) =>
  text
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, 120)

/** RFC 2047 §2: 75 characters a word. */
function encodedWords(text: string): string {
  if (/^[ -~]*$/.test(text)) return text
  const words: string[] = []
  let word = ''
  for (const character of text) {
    if (Buffer.byteLength(word + character) > 45) {
      words.push(word)
      word = ''
    }
    word += character
  }
  return [...words, word].map(one => `=?utf-8?B?${Buffer.from(one).toString('base64')}?=`).join('\r\n ')
}
