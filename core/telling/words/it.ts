/** Italiano. */
import type { Words } from './types.ts'

export const it: Words = {
  cause: {
    refused: 'Rifiuta le connessioni.',
    unreachable: 'Non si riesce a raggiungerlo.',
    'timed-out': 'Non risponde in tempo.',
    dns: 'Il suo nome non si trova.',
    tls: 'Non si riesce a stabilire una connessione protetta.',
    certificate: 'Il suo certificato non è valido o è scaduto.',
    authentication: 'Rifiuta le nostre credenziali.',
    'out-of-space': 'Non ha più spazio.',
    'rejects-us': 'Rifiuta la posta di questo gateway.',
    'temporary-error': 'Per ora risponde con un errore.',
    'breaks-off': 'Interrompe le connessioni.',
    protocol: 'Non parla come un server di posta.',
    'unknown-users': 'Rifiuta persone che prima conosceva.',
    failing: 'Risponde, ma troppi messaggi falliscono.',
    override: 'L’ha deciso un amministratore.',
  },
  begin: {
    'backend-down': ({ name }) => ({
      title: `Il server di posta di ${name} non accetta posta`,
      text: 'La posta continua ad arrivare qui e viene conservata. Le persone possono leggerla e rispondere dalla webmail.',
    }),
    'access-down': ({ name }) => ({
      title: `Le persone non riescono ad aprire le loro caselle su ${name}`,
      text: 'Il server accetta la posta, che continua a essergli consegnata. Le persone possono leggerla e rispondere dalla webmail.',
    }),
    guard: ({ name }) => ({
      title: `Il ritorno di ${name} è stato fermato: qualcuno deve guardare`,
      text: 'Il server risponde, ma rifiuta persone che prima conosceva, o falliscono troppi messaggi. Nulla viene rimandato ai mittenti: la posta è conservata finché qualcuno non ha guardato.',
    }),
    maintenance: ({ name }) => ({
      title: `È iniziata una manutenzione: ${name}`,
      text: 'Era prevista. Nel frattempo la webmail è aperta.',
    }),
    drill: ({ name }) => ({
      title: `È iniziata un’esercitazione: ${name}`,
      text: 'La webmail si apre come se il server non ci fosse. La posta viene sempre consegnata.',
    }),
    override: ({ name }) => ({
      title: `È iniziata un’eccezione: ${name}`,
      text: 'La webmail è aperta per queste persone.',
    }),
    'unusual-sending': ({ name }) => ({
      title: `${name} invia molto più del solito`,
      text: 'Ciò che è troppo viene rinviato. Qualcuno potrebbe avere la sua password?',
    }),
    'scanner-down': ({ count = 0, passed }) => ({
      title: 'L’analisi della posta non procede',
      text: passed
        ? `Nell’ultimo quarto d’ora sono entrati ${count} messaggi senza analisi. Controllate rspamd e ClamAV.`
        : `${count} messaggi la attendono. Controllate rspamd e ClamAV.`,
    }),
    'disk-low': ({ name, percent = 0 }) => ({
      title: `Il disco di ${name} è quasi pieno`,
      text: `È libero il ${percent} %. Sotto il limite la nuova posta viene rinviata.`,
    }),
    destination: ({ name }) => ({
      title: `La posta verso ${name} non passa`,
      text: 'Si riprova più volte; chi l’ha scritta viene avvisato in tempo.',
    }),
    'queue-age': ({ count = 0, minutes = 0 }) => ({
      title: 'C’è posta che aspetta troppo',
      text: `${count} messaggi aspettano server che funzionano; il più vecchio da ${minutes} minuti.`,
    }),
  },
  returning: ({ name }) => `${name} risponde di nuovo; ciò che aspettava è in viaggio.`,
  end: {
    'backend-down': ({ name }) => `È finita: ${name} ha tutta la sua posta`,
    'access-down': ({ name }) => `È finita: le persone aprono di nuovo le caselle su ${name}`,
    guard: ({ name }) => `È finita: ${name} ha tutta la sua posta`,
    maintenance: ({ name }) => `La manutenzione è finita: ${name}`,
    drill: ({ name }) => `L’esercitazione è finita: ${name}`,
    override: ({ name }) => `L’eccezione è finita: ${name}`,
    'unusual-sending': ({ name }) => `Qualcuno ha guardato ciò che ha inviato ${name}`,
    'scanner-down': () => 'L’analisi della posta procede di nuovo',
    'disk-low': ({ name }) => `Il disco di ${name} ha di nuovo spazio`,
    destination: ({ name }) => `La posta verso ${name} passa di nuovo`,
    'queue-age': () => 'Non c’è più posta che aspetta troppo',
  },
  still: title => `Continua: ${title}`,
  worse: title => `È peggiorato: ${title}`,
  since: at => `Dal ${at}.`,
  fromTo: (from, to) => `Dal ${from} al ${to}.`,
  until: at => `Fino al ${at}.`,
  reason: text => `Motivo: ${text}`,
  person: {
    server: {
      title: 'Il vostro server di posta non risponde. La vostra posta è qui',
      text: 'La nuova posta arriva nella webmail; lì potete leggerla e rispondere. Quando il server torna, vi troverete anche tutto ciò che avete fatto.',
    },
    maintenance: {
      title: 'Il vostro server di posta è in manutenzione. La vostra posta è qui',
      text: 'Era prevista. Nel frattempo potete leggere la posta e rispondere dalla webmail.',
    },
    drill: {
      title: 'Un’esercitazione: usate ora la webmail',
      text: 'Il vostro server funziona. Per un po’ facciamo come se non funzionasse, perché tutti conoscano la strada.',
    },
  },
  personEnd: {
    title: 'È finita: potete usare la posta come sempre',
    text: 'Il vostro server di posta è tornato e vi è stato portato ciò che è arrivato nel frattempo.',
  },
  joined: count => `${count} novità`,
  test: {
    title: 'Un messaggio di prova di Restante',
    text: 'Questo canale funziona: di un guasto sapreste così.',
  },
  confirm: {
    title: 'Confermate il vostro secondo contatto',
    text: 'Qualcuno, speriamo voi, vuole essere avvisato a questo indirizzo quando il suo server di posta non risponde. Scrivete questo codice nella webmail:',
    code: 'Codice:',
    ignore: 'Se non siete stati voi, non fate nulla: non arriverà altro.',
  },
  signIn: {
    title: 'Il vostro codice per accedere',
    text: 'Qualcuno, speriamo voi, vuole accedere alla vostra posta. Questo codice vale una volta sola, per quindici minuti:',
    ignore:
      'Se non siete stati voi, non fate nulla e non date il codice a nessuno: nessuno di noi ve lo chiederà.',
  },
  security: {
    password: 'La vostra password qui è stata cambiata',
    'passkey-added': 'Una passkey è stata aggiunta al vostro account',
    'factor-off': 'Il secondo passaggio del vostro accesso è stato disattivato',
    'codes-printed': 'Sono stati preparati codici monouso per voi',
    'code-used': 'Qualcuno ha fatto l’accesso con un vostro codice monouso',
    'app-password': 'È stata creata una password per app nel vostro account',
  },
  securityText:
    'Se siete stati voi o chi si occupa della vostra posta, va tutto bene. Altrimenti chiudete le vostre sessioni e avvisateli.',
  waysTitle: 'Come accederete quando il vostro server di posta non risponde',
  waysText:
    'Quando il server di posta della vostra azienda non risponde, leggete e rispondete qui alla posta. Potete accedere con:',
  waysNone:
    'Quando il server di posta della vostra azienda non risponde, leggete e rispondete qui alla posta. Ma non avete ancora un modo per accedere: chiedetelo a chi si occupa della vostra posta.',
  ways: {
    password: 'il vostro indirizzo e la password che avete qui',
    mailbox: 'il vostro indirizzo e la password della vostra casella',
    passkey: 'la vostra passkey',
    contact: 'un codice inviato a questo indirizzo',
    printed: 'un codice monouso su carta, da chi si occupa della vostra posta',
    organization: 'l’accesso proprio della vostra azienda, finché funziona',
  },
  look: 'Guardate:',
  statement: 'Che ne è stato della posta:',
  mail: 'La vostra posta:',
  closing: 'Lo ricevete perché questo indirizzo è un canale della vostra organizzazione in Restante.',
  personClosing: 'Lo ricevete perché questo indirizzo è il vostro secondo contatto.',
}
