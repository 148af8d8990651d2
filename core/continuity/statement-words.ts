/** The closing statement as a mail: what people read, in their language. Plain text; the page has the messages. */
import type { Locale } from '../db/schema/directory.ts'
import type { Numbers } from './statement.ts'

export type StatementText = { subject: string; text: string }

type About = {
  openedAt: Date
  closedAt: Date
  numbers: Numbers
  /** Of the page with the messages. */
  url: string
  /** For admins: the server, and each mailbox for which something is not as it should be. */
  admin?: { server: string; mailboxes: number; trouble: readonly { address: string; numbers: Numbers }[] }
}

type Words = {
  subject: string
  adminSubject(server: string): string
  intro(from: string, to: string): string
  adminIntro(server: string, from: string, to: string, mailboxes: number): string
  received: string
  delivered: string
  deleted: string
  failed: string
  waiting: string
  sent: string
  sentAccepted: string
  sentFailed: string
  sentWaiting: string
  toFile: string
  filed: string
  notFiled: string
  filing: string
  trouble: string
  more(url: string): string
  nothing: string
}

const en: Words = {
  subject: 'Your mail while your mail server was away',
  adminSubject: server => `${server} is back: what became of the mail`,
  intro: (from, to) =>
    `Your company’s mail server was away from ${from} to ${to}. This is what became of your mail meanwhile.`,
  adminIntro: (server, from, to, mailboxes) =>
    `${server} was away from ${from} to ${to}. These are the figures of all mailboxes together (${mailboxes}); a message to three of them counts three times.`,
  received: 'Received',
  delivered: 'now on your mail server',
  deleted: 'deleted here meanwhile',
  failed: 'refused by your mail server',
  waiting: 'still on the way to it',
  sent: 'Sent from here',
  sentAccepted: 'accepted by the next server',
  sentFailed: 'could not be handed on',
  sentWaiting: 'still on the way',
  toFile: 'To be put in place on your mail server (read, answered, starred, moved, sent, drafts)',
  filed: 'done',
  notFiled: 'not done',
  filing: 'still under way',
  trouble: 'Mailboxes in which something is not as it should be:',
  more: url => `The messages behind each figure: ${url}`,
  nothing: 'Nothing has to be done by you.',
}

const ca: Words = {
  subject: 'El vostre correu mentre el servidor no hi era',
  adminSubject: server => `${server} torna a respondre: què se n’ha fet, del correu`,
  intro: (from, to) =>
    `El servidor de correu de la vostra empresa no ha respost des de ${from} fins a ${to}. Això és el que se n’ha fet, del vostre correu, entretant.`,
  adminIntro: (server, from, to, mailboxes) =>
    `${server} no ha respost des de ${from} fins a ${to}. Aquestes són les xifres de totes les bústies juntes (${mailboxes}); un missatge adreçat a tres bústies hi compta tres vegades.`,
  received: 'Rebuts',
  delivered: 'ja són al vostre servidor',
  deleted: 'suprimits aquí entretant',
  failed: 'refusats pel vostre servidor',
  waiting: 'encara de camí cap al servidor',
  sent: 'Enviats des d’aquí',
  sentAccepted: 'acceptats pel servidor següent',
  sentFailed: 'no s’han pogut lliurar',
  sentWaiting: 'encara de camí',
  toFile: 'Per posar a lloc al vostre servidor (llegits, respostos, destacats, moguts, enviats, esborranys)',
  filed: 'fet',
  notFiled: 'no s’ha pogut fer',
  filing: 'encara s’està fent',
  trouble: 'Bústies en què alguna cosa no és com hauria de ser:',
  more: url => `Els missatges que hi ha darrere de cada xifra: ${url}`,
  nothing: 'No cal que feu res.',
}

const es: Words = {
  subject: 'Su correo mientras el servidor no estaba',
  adminSubject: server => `${server} vuelve a responder: qué ha sido del correo`,
  intro: (from, to) =>
    `El servidor de correo de su empresa no respondió desde ${from} hasta ${to}. Esto es lo que ha sido de su correo entretanto.`,
  adminIntro: (server, from, to, mailboxes) =>
    `${server} no respondió desde ${from} hasta ${to}. Estas son las cifras de todos los buzones juntos (${mailboxes}); un mensaje dirigido a tres buzones cuenta tres veces.`,
  received: 'Recibidos',
  delivered: 'ya están en su servidor',
  deleted: 'eliminados aquí entretanto',
  failed: 'rechazados por su servidor',
  waiting: 'todavía de camino al servidor',
  sent: 'Enviados desde aquí',
  sentAccepted: 'aceptados por el servidor siguiente',
  sentFailed: 'no se pudieron entregar',
  sentWaiting: 'todavía de camino',
  toFile:
    'Por poner en su sitio en su servidor (leídos, contestados, destacados, movidos, enviados, borradores)',
  filed: 'hecho',
  notFiled: 'no se pudo hacer',
  filing: 'todavía en curso',
  trouble: 'Buzones en los que algo no está como debería:',
  more: url => `Los mensajes que hay detrás de cada cifra: ${url}`,
  nothing: 'No tiene que hacer nada.',
}

const it: Words = {
  subject: 'La sua posta mentre il server non c’era',
  adminSubject: server => `${server} risponde di nuovo: che ne è stato della posta`,
  intro: (from, to) =>
    `Il server di posta della sua azienda non ha risposto da ${from} a ${to}. Ecco che cosa è successo nel frattempo alla sua posta.`,
  adminIntro: (server, from, to, mailboxes) =>
    `${server} non ha risposto da ${from} a ${to}. Queste sono le cifre di tutte le caselle insieme (${mailboxes}); un messaggio diretto a tre caselle conta tre volte.`,
  received: 'Ricevuti',
  delivered: 'ora sul suo server',
  deleted: 'eliminati qui nel frattempo',
  failed: 'rifiutati dal suo server',
  waiting: 'ancora in viaggio verso il server',
  sent: 'Inviati da qui',
  sentAccepted: 'accettati dal server successivo',
  sentFailed: 'non consegnati',
  sentWaiting: 'ancora in viaggio',
  toFile: 'Da mettere a posto sul suo server (letti, con risposta, speciali, spostati, inviati, bozze)',
  filed: 'fatto',
  notFiled: 'non fatto',
  filing: 'ancora in corso',
  trouble: 'Caselle in cui qualcosa non è come dovrebbe:',
  more: url => `I messaggi dietro ogni cifra: ${url}`,
  nothing: 'Non deve fare nulla.',
}

const WORDS: Record<Locale, Words> = { ca, en, es, it }

/** @param timeZone of the times; the machine's when absent */
export function statementText(about: About, locale: Locale, timeZone?: string): StatementText {
  const words = WORDS[locale]
  const { numbers, admin } = about
  const time = new Intl.DateTimeFormat(locale === 'en' ? 'en-GB' : locale, {
    day: 'numeric',
    month: 'long',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
    timeZone,
  })
  const [from, to] = [time.format(about.openedAt), time.format(about.closedAt)]
  const all = [...figures(numbers, words)]
  const calm = numbers.failed + numbers.sentFailed + numbers.notFiled === 0
  const text = [
    admin ? words.adminIntro(admin.server, from, to, admin.mailboxes) : words.intro(from, to),
    all.join('\n'),
    ...(admin?.trouble.length
      ? [
          [
            words.trouble,
            ...admin.trouble.map(
              ({ address, numbers: own }) =>
                `  ${address}: ${[
                  own.failed > 0 && `${words.failed} ${own.failed}`,
                  own.sentFailed > 0 && `${words.sentFailed} ${own.sentFailed}`,
                  own.notFiled > 0 && `${words.notFiled} ${own.notFiled}`,
                ]
                  .filter(Boolean)
                  .join('; ')}`,
            ),
          ].join('\n'),
        ]
      : []),
    words.more(about.url),
    ...(calm && !admin ? [words.nothing] : []),
  ].join('\n\n')
  return { subject: admin ? words.adminSubject(admin.server) : words.subject, text: `${text}\n` }
}

/** What is zero and not expected is left out. */
function* figures(numbers: Numbers, words: Words): Generator<string> {
  const sub = (name: keyof Numbers & keyof Words, always = false) =>
    always || numbers[name] > 0 ? [`  ${words[name] as string}: ${numbers[name]}`] : []
  yield `${words.received}: ${numbers.received}`
  if (numbers.received > 0) {
    yield* [...sub('delivered', true), ...sub('deleted'), ...sub('failed'), ...sub('waiting')]
  }
  if (numbers.sent > 0) {
    yield `${words.sent}: ${numbers.sent}`
    yield* [...sub('sentAccepted', true), ...sub('sentFailed'), ...sub('sentWaiting')]
  }
  if (numbers.toFile > 0) {
    yield `${words.toFile}: ${numbers.toFile}`
    yield* [...sub('filed', true), ...sub('notFiled'), ...sub('filing')]
  }
}
