import type { Language } from './language.ts'

const server = (host: string | null) => host ?? 'el servidor de correu del destinatari'
const Server = (host: string | null) => host ?? 'El servidor de correu del destinatari'
const by = (host: string | null) => (host ? `per ${host}` : 'pel servidor de correu del destinatari')
const withServer = (host: string | null) =>
  host ? `amb ${host}` : 'amb el servidor de correu del destinatari'

/** d’ before a vowel sound: addresses and names come as they are, so only the plain cases. */
const of = (name: string) => (/^[aeiouàèéíòóú]/i.test(name) ? `d’${name}` : `de ${name}`)

export const ca: Language = {
  what: {
    accepted: f => (f.at ? `Acceptat ${by(f.host)} el ${f.at}.` : `Acceptat ${by(f.host)}.`),
    'bad-address': f => `No hi ha cap bústia ${f.recipient}.`,
    'bad-domain': f => `${f.domain} no existeix o no rep correu.`,
    'mailbox-full': f => `La bústia ${of(f.recipient)} és plena.`,
    'mailbox-disabled': f => `La bústia ${of(f.recipient)} està desactivada.`,
    'too-large': f => `El missatge és més gran del que admet ${server(f.host)}.`,
    'content-refused': f => `${Server(f.host)} ha rebutjat el missatge pel seu contingut.`,
    'address-blocked': f => `${Server(f.host)} de moment no accepta correu del nostre servidor.`,
    'sender-not-authenticated': f =>
      `${Server(f.host)} no ha pogut comprovar que el missatge sigui realment vostre.`,
    greylisted: f =>
      `${Server(f.host)} demana als remitents que encara no coneix que tornin una mica més tard.`,
    'too-many': f => `${Server(f.host)} està rebent més correu alhora del que vol acceptar.`,
    'destination-down': f => `${Server(f.host)} respon, però ara mateix no pot acceptar correu.`,
    unreachable: f => `No es pot connectar ${withServer(f.host)}.`,
    'timed-out': f => `${Server(f.host)} no ha respost a temps.`,
    'dns-fault': f =>
      `No hem pogut saber on va el correu per a ${f.domain}: la seva entrada de directori (DNS) no respon.`,
    'tls-fault': f => `No s’ha pogut establir una connexió segura ${withServer(f.host)}.`,
    authentication: f => `${Server(f.host)} no ha acceptat les nostres credencials.`,
    loop: f => `El missatge per a ${f.recipient} donava voltes d’un servidor a un altre.`,
    expired: f =>
      `El missatge per a ${f.recipient} no s’ha pogut lliurar en tot el temps que ho hem intentat.`,
    cancelled: f => `S’ha cancel·lat l’enviament a ${f.recipient}.`,
    unknown: f => `${Server(f.host)} no ha acceptat el missatge i la seva resposta no deixa clar per què.`,
  },
  advice: {
    accepted: () => 'No cal fer res.',
    'bad-address': () => 'Comproveu que l’adreça estigui ben escrita i torneu a enviar el missatge.',
    'bad-domain': () =>
      'Comproveu el que hi ha després de l’@ o demaneu l’adreça correcta per una altra via.',
    'mailbox-full': () =>
      'Aviseu la persona per una altra via perquè hi faci lloc, o feu servir una altra adreça seva.',
    'mailbox-disabled': () => 'Potser la persona ja no hi és o ha canviat d’adreça. Demaneu-li l’actual.',
    'too-large': () => 'Envieu-lo en parts més petites o compartiu els fitxers amb un enllaç.',
    'content-refused': () =>
      'Sol ser pels adjunts o pels enllaços. Envieu-lo sense, o demaneu al destinatari que deixi passar el vostre correu.',
    'address-blocked': () => 'Se n’ha d’ocupar el vostre administrador. Si és urgent, truqueu.',
    'sender-not-authenticated': () =>
      'El vostre administrador ha de revisar les entrades SPF, DKIM i DMARC del vostre domini.',
    greylisted: () => 'No cal fer res: el segon intent se sol acceptar.',
    'too-many': () => 'No cal fer res. Si és urgent, truqueu.',
    'destination-down': () => 'Si és urgent, truqueu: no és culpa vostra.',
    unreachable: () => 'Si és urgent, truqueu: no és culpa vostra.',
    'timed-out': () => 'Si és urgent, truqueu: no és culpa vostra.',
    'dns-fault': () => 'Comproveu el que hi ha després de l’@. Si és correcte i és urgent, truqueu.',
    'tls-fault': () =>
      'Si és urgent, truqueu i digueu que cal revisar el certificat del seu servidor de correu.',
    authentication: () => 'El vostre administrador ha de revisar el nom i la contrasenya que fem servir.',
    loop: () =>
      'L’administrador del destinatari ha de corregir un reenviament. Mentrestant, feu servir una altra adreça.',
    expired: () => 'Truqueu o feu servir una altra adreça. Podeu tornar a enviar el missatge.',
    cancelled: () => 'Si al final voleu que surti, podeu tornar a enviar el missatge.',
    unknown: () =>
      'El vostre administrador pot veure la resposta completa del servidor. Si és urgent, truqueu.',
  },
  international: {
    what: f => `${Server(f.host)} no accepta adreces amb lletres com les de ${f.recipient} o de la vostra.`,
    advice: () =>
      'Demaneu una adreça sense accents ni lletres especials abans de l’@, o escriviu des d’una així.',
  },
  side: {
    recipient: 'La causa és a la bústia del destinatari.',
    destination: 'La causa és al servidor de correu del destinatari.',
    sender: 'La causa és a l’adreça o al missatge.',
    us: 'La causa és al nostre costat.',
    network: 'La causa és en el camí entre els dos servidors.',
    unknown: 'No podem saber del cert on és la causa.',
  },
  next: {
    waiting: f => `Ho tornarem a provar el ${f.nextAt}, i continuarem fins al ${f.until}.`,
    waitingOpen: f => (f.until ? `Continuarem provant-ho fins al ${f.until}.` : 'Continuarem provant-ho.'),
    over: () => 'No ho tornarem a provar.',
    done: () => 'Ara ja ho tenen ells.',
  },
  notice: {
    subject: (recipients, more) =>
      more > 0
        ? `El vostre missatge no ha arribat a ${recipients} ni a ${more} més`
        : `El vostre missatge no ha arribat a ${recipients}`,
    greeting: 'Bon dia,',
    intro: (subject, recipients) =>
      `no s’ha pogut lliurar ${subject ? `el vostre missatge «${subject}»` : 'un missatge vostre'} a ${
        recipients === 1 ? 'l’adreça següent' : `les ${recipients} adreces següents`
      }.`,
    delayedSubject: (recipients, more) =>
      more > 0
        ? `El vostre missatge a ${recipients} i a ${more} més encara espera`
        : `El vostre missatge a ${recipients} encara espera`,
    delayedIntro: (subject, recipients) =>
      `${subject ? `el vostre missatge «${subject}»` : 'un missatge vostre'} encara no ha estat acceptat per a ${
        recipients === 1 ? 'l’adreça següent' : `les ${recipients} adreces següents`
      }. No cal que el torneu a enviar.`,
    reply: 'El que ha respost el servidor:',
    original: 'S’adjunta el començament del vostre missatge.',
    closing: hostname =>
      `Aquest avís l’ha escrit el sistema de correu de ${hostname}. Ningú no en llegeix les respostes.`,
    from: 'Lliurament de correu',
  },
}
