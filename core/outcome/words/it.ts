import type { Language } from './language.ts'

const server = (host: string | null) => host ?? 'il server di posta del destinatario'
const Server = (host: string | null) => host ?? 'Il server di posta del destinatario'
const by = (host: string | null) => (host ? `da ${host}` : 'dal server di posta del destinatario')

export const it: Language = {
  what: {
    accepted: f => (f.at ? `Accettato ${by(f.host)} il ${f.at}.` : `Accettato ${by(f.host)}.`),
    'bad-address': f => `La casella ${f.recipient} non esiste.`,
    'bad-domain': f => `${f.domain} non esiste oppure non riceve posta.`,
    'mailbox-full': f => `La casella di ${f.recipient} è piena.`,
    'mailbox-disabled': f => `La casella di ${f.recipient} è disattivata.`,
    'too-large': f => `Il messaggio è più grande di quanto ammetta ${server(f.host)}.`,
    'content-refused': f => `${Server(f.host)} ha rifiutato il messaggio per il suo contenuto.`,
    'address-blocked': f => `${Server(f.host)} al momento non accetta posta dal nostro server.`,
    'sender-not-authenticated': f =>
      `${Server(f.host)} non ha potuto verificare che il messaggio provenga davvero da Lei.`,
    greylisted: f =>
      `${Server(f.host)} chiede ai mittenti che ancora non conosce di ripresentarsi poco dopo.`,
    'too-many': f => `${Server(f.host)} sta ricevendo in una volta più posta di quanta ne voglia accettare.`,
    'destination-down': f => `${Server(f.host)} risponde, ma al momento non può accettare posta.`,
    unreachable: f => `${Server(f.host)} non è raggiungibile.`,
    'timed-out': f => `${Server(f.host)} non ha risposto in tempo.`,
    'dns-fault': f =>
      `Non siamo riusciti a sapere dove va la posta per ${f.domain}: la sua voce nell’elenco (DNS) non risponde.`,
    'tls-fault': f => `Non è stato possibile stabilire una connessione sicura con ${server(f.host)}.`,
    authentication: f => `${Server(f.host)} non ha accettato le nostre credenziali.`,
    loop: f => `Il messaggio per ${f.recipient} girava in tondo da un server all’altro.`,
    expired: f =>
      `Il messaggio per ${f.recipient} non è stato consegnato in tutto il tempo in cui abbiamo provato.`,
    cancelled: f => `L’invio a ${f.recipient} è stato annullato.`,
    unknown: f =>
      `${Server(f.host)} non ha accettato il messaggio, e la sua risposta non dice chiaramente perché.`,
  },
  advice: {
    accepted: () => 'Non c’è nulla da fare.',
    'bad-address': () => 'Controlli che l’indirizzo sia scritto bene e invii di nuovo il messaggio.',
    'bad-domain': () => 'Controlli la parte dopo la @ oppure chieda l’indirizzo giusto per altra via.',
    'mailbox-full': () =>
      'Avverta la persona per altra via, perché faccia spazio, o usi un altro suo indirizzo.',
    'mailbox-disabled': () =>
      'Forse la persona non è più lì o ha cambiato indirizzo. Le chieda quello attuale.',
    'too-large': () => 'Lo invii in parti più piccole oppure condivida i file con un link.',
    'content-refused': () =>
      'Di solito dipende dagli allegati o dai link. Lo invii senza, oppure chieda al destinatario di lasciar passare la Sua posta.',
    'address-blocked': () => 'Deve occuparsene il Suo amministratore. Se è urgente, telefoni.',
    'sender-not-authenticated': () =>
      'Il Suo amministratore deve controllare le voci SPF, DKIM e DMARC del Suo dominio.',
    greylisted: () => 'Non c’è nulla da fare: di solito il secondo tentativo viene accettato.',
    'too-many': () => 'Non c’è nulla da fare. Se è urgente, telefoni.',
    'destination-down': () => 'Se è urgente, telefoni: non dipende da Lei.',
    unreachable: () => 'Se è urgente, telefoni: non dipende da Lei.',
    'timed-out': () => 'Se è urgente, telefoni: non dipende da Lei.',
    'dns-fault': () => 'Controlli la parte dopo la @. Se è giusta ed è urgente, telefoni.',
    'tls-fault': () =>
      'Se è urgente, telefoni e dica che va controllato il certificato del loro server di posta.',
    authentication: () => 'Il Suo amministratore deve controllare il nome e la password che usiamo.',
    loop: () =>
      'L’amministratore del destinatario deve correggere un inoltro. Nel frattempo usi un altro indirizzo.',
    expired: () => 'Telefoni oppure usi un altro indirizzo. Può inviare di nuovo il messaggio.',
    cancelled: () => 'Se alla fine vuole che parta, può inviare di nuovo il messaggio.',
    unknown: () =>
      'Il Suo amministratore può vedere la risposta completa del server. Se è urgente, telefoni.',
  },
  international: {
    what: f => `${Server(f.host)} non accetta indirizzi con lettere come quelle di ${f.recipient} o del Suo.`,
    advice: () =>
      'Chieda un indirizzo senza accenti e lettere speciali prima della @, oppure scriva da uno così.',
  },
  side: {
    recipient: 'La causa è nella casella del destinatario.',
    destination: 'La causa è nel server di posta del destinatario.',
    sender: 'La causa è nell’indirizzo o nel messaggio.',
    us: 'La causa è dalla nostra parte.',
    network: 'La causa è nel tragitto tra i due server.',
    unknown: 'Non possiamo dire con certezza dove sia la causa.',
  },
  next: {
    waiting: f => `Riproviamo il ${f.nextAt} e continuiamo fino al ${f.until}.`,
    waitingOpen: f => (f.until ? `Continuiamo a provare fino al ${f.until}.` : 'Continuiamo a provare.'),
    over: () => 'Non proveremo più.',
    done: () => 'Ora è da loro.',
  },
  notice: {
    subject: (recipients, more) =>
      more > 0
        ? `Il Suo messaggio non è arrivato a ${recipients} e ad altri ${more}`
        : `Il Suo messaggio non è arrivato a ${recipients}`,
    greeting: 'Buongiorno,',
    intro: (subject, recipients) =>
      `non è stato possibile consegnare ${subject ? `il Suo messaggio «${subject}»` : 'un Suo messaggio'} ${
        recipients === 1 ? 'al seguente indirizzo' : `ai seguenti ${recipients} indirizzi`
      }.`,
    delayedSubject: (recipients, more) =>
      more > 0
        ? `Il Suo messaggio a ${recipients} e ad altri ${more} è ancora in attesa`
        : `Il Suo messaggio a ${recipients} è ancora in attesa`,
    delayedIntro: (subject, recipients) =>
      `${subject ? `il Suo messaggio «${subject}»` : 'un Suo messaggio'} non è ancora stato accettato per ${
        recipients === 1 ? 'il seguente indirizzo' : `i seguenti ${recipients} indirizzi`
      }. Non occorre inviarlo di nuovo.`,
    reply: 'Che cosa ha risposto il server:',
    original: 'In allegato c’è l’inizio del Suo messaggio.',
    closing: hostname =>
      `Questo avviso è stato scritto dal sistema di posta di ${hostname}. Nessuno legge le risposte.`,
    from: 'Consegna della posta',
  },
}
