import type { Words } from '../reasons.ts'

const of = (detail: string | undefined) => (detail ? `: ${detail}` : '')
const file = (detail: string | undefined) => (detail ? `«${detail}»` : 'Un file')

export const it: Words = {
  otherwise: 'È stato trovato qualcosa per cui questa versione non ha parole.',
  clean: () => 'Non è stato trovato nulla.',
  'no-attachments': () => 'Non ha allegati.',
  'attachments-clean': () => 'I suoi allegati sono a posto.',
  spam: detail => `Il filtro lo considera posta indesiderata${of(detail)}.`,
  'looks-like-spam': detail => `Somiglia un po’ alla posta indesiderata${of(detail)}.`,
  virus: detail => `Contiene software dannoso${of(detail)}.`,
  'engine-later': () => 'Il filtro antispam vuole rivederlo più tardi.',
  greylisted: () =>
    'Il mittente non è ancora conosciuto e gli è stato chiesto di tornare tra qualche minuto.',
  'engine-down': () => 'Non è stato analizzato: l’analizzatore non era raggiungibile.',
  'engine-garbage': () => 'Non è stato analizzato: la risposta dell’analizzatore non aveva senso.',
  'time-over': () => 'Non è stato analizzato: l’analizzatore ci ha messo troppo.',
  'too-large-to-scan': () => 'Non è stato analizzato: è più grande di quanto l’analizzatore accetti.',
  'step-failed': () => 'Non è stato analizzato: qualcosa qui è andato storto.',
  'client-gone': () => 'Non è stato analizzato: il mittente ha riagganciato.',
  'dangerous-ending': d => `${file(d)} è un programma o può eseguirne uno.`,
  'dangerous-content': d => `${file(d)} è un programma, qualunque sia il suo nome.`,
  'double-ending': d => `${file(d)} nasconde ciò che è dietro una seconda estensione.`,
  'hidden-ending': d => `${file(d)} nasconde la sua estensione.`,
  'blocked-ending': d => `${file(d)} è di un tipo che la vostra organizzazione non accetta.`,
  'archive-bomb': d => `${file(d)} una volta estratto occupa molto più del dovuto.`,
  'archive-depth': d => `${file(d)} ha archivi dentro archivi, troppo in profondità per analizzarli.`,
  'message-partial': () => 'È solo una parte di un messaggio, così nessuno può vederlo per intero.',
  'mime-limits': () => 'Ha troppe parti, o sono troppo in profondità.',
  'archive-encrypted': d => `${file(d)} ha una password: nessuno ha potuto guardarci dentro.`,
  'document-encrypted': d => `${file(d)} ha una password: nessuno ha potuto guardarci dentro.`,
  'archive-unreadable': d => `${file(d)} è un archivio che non si è potuto leggere.`,
  'archive-large': d => `${file(d)} è un archivio troppo grande per essere analizzato.`,
  macro: d => `${file(d)} contiene macro.`,
  'type-mismatch': d => `${file(d)} non è ciò che dice il suo nome.`,
  'conflicting-names': d => `${file(d)} ha due nomi diversi.`,
  'archive-inconsistent': d => `${file(d)} è un archivio che si contraddice.`,
  'html-smuggling': d => `${file(d)} è una pagina che porta un file al suo interno.`,
  'mime-ambiguous': () => 'Si può leggere in due modi diversi.',
  'sender-proven': d => `Viene da ${d ?? 'chi dice'}, come dichiara.`,
  'sender-unproven': d => `Nulla dimostra che venga da ${d ?? 'chi dice'}; nulla però lo smentisce.`,
  'arc-trusted': d =>
    `È stato inoltrato da ${d ?? 'un server'}, di cui ci fidiamo per la verifica del mittente.`,
  'dmarc-none': d =>
    `Non viene da ${d ?? 'il dominio che indica'}, che non dice che cosa fare di questi messaggi (DMARC).`,
  'dmarc-quarantine': d =>
    `Non viene da ${d ?? 'il dominio che indica'}, che chiede di mettere da parte questi messaggi (DMARC).`,
  'dmarc-reject': d =>
    `Non viene da ${d ?? 'il dominio che indica'}, che chiede di rifiutare questi messaggi (DMARC).`,
  'dns-failed': d =>
    `Non è stato possibile verificare se viene da ${d ?? 'chi dice'}: il DNS non rispondeva.`,
  'spf-failed': d => `È stato inviato da un server dal quale ${d ?? 'il mittente'} non invia posta (SPF).`,
  'no-author': () => 'Non dice da chi viene.',
  'many-authors': () => 'Indica insieme mittenti di molti domini.',
  'list-allowed': d => `Il mittente è nella vostra lista dei consentiti${of(d)}.`,
  'list-blocked': d => `Il mittente è nella vostra lista dei bloccati${of(d)}.`,
  'client-named': d => `È stato consegnato da un server con un nome corretto${of(d)}.`,
  'helo-bad': () => 'Il server che lo ha consegnato non ha dato un nome corretto.',
  'helo-ours': d => `Il server che lo ha consegnato ha usato il nostro stesso nome${of(d)}.`,
  'helo-literal': d => `Il server che lo ha consegnato ha dato un numero invece di un nome${of(d)}.`,
  'helo-no-dot': d => `Il server che lo ha consegnato ha dato un nome incompleto${of(d)}.`,
  'reverse-none': () => 'Il server che lo ha consegnato non ha un nome nel DNS.',
  'reverse-unconfirmed': d =>
    `Il nome che il DNS dà al server che lo ha consegnato non è confermato${of(d)}.`,
  'dnsbl-clean': () => 'Il server che lo ha consegnato non è in nessuna lista di blocco.',
  'dnsbl-listed': d => `Il server che lo ha consegnato è in una lista di blocco${of(d)}.`,
  'dnsbl-silent': d => `Non è stato possibile consultare una lista di blocco${of(d)}.`,
}
