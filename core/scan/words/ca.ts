import type { Words } from '../reasons.ts'

const of = (detail: string | undefined) => (detail ? `: ${detail}` : '')
const file = (detail: string | undefined) => (detail ? `«${detail}»` : 'Un fitxer')

export const ca: Words = {
  otherwise: 'S’ha trobat una cosa per a la qual aquesta versió no té paraules.',
  clean: () => 'No s’hi ha trobat res.',
  'no-attachments': () => 'No té fitxers adjunts.',
  'attachments-clean': () => 'Els seus fitxers adjunts estan bé.',
  spam: detail => `El filtre el considera correu brossa${of(detail)}.`,
  'looks-like-spam': detail => `S’assembla una mica al correu brossa${of(detail)}.`,
  virus: detail => `Conté programari maliciós${of(detail)}.`,
  'engine-later': () => 'El filtre de correu brossa el vol tornar a veure més tard.',
  greylisted: () => 'El remitent encara no és conegut i se li ha demanat que torni d’aquí a uns minuts.',
  'engine-down': () => 'No s’ha analitzat: no s’ha pogut contactar amb l’analitzador.',
  'engine-garbage': () => 'No s’ha analitzat: la resposta de l’analitzador no tenia sentit.',
  'time-over': () => 'No s’ha analitzat: l’analitzador ha trigat massa.',
  'too-large-to-scan': () => 'No s’ha analitzat: és més gran del que admet l’analitzador.',
  'step-failed': () => 'No s’ha analitzat: alguna cosa ha fallat aquí.',
  'client-gone': () => 'No s’ha analitzat: el remitent ha penjat.',
  'dangerous-ending': d => `${file(d)} és un programa o en pot executar un.`,
  'dangerous-content': d => `${file(d)} és un programa, digui el que digui el seu nom.`,
  'double-ending': d => `${file(d)} amaga el que és darrere d’una segona extensió.`,
  'hidden-ending': d => `${file(d)} amaga la seva extensió.`,
  'blocked-ending': d => `${file(d)} és d’un tipus que la vostra organització no accepta.`,
  'archive-bomb': d => `${file(d)} ocupa molt més del compte quan es descomprimeix.`,
  'archive-depth': d =>
    `${file(d)} té fitxers comprimits uns dins d’altres, massa profunds per analitzar-los.`,
  'message-partial': () => 'És només una part d’un missatge, de manera que ningú no en pot veure el tot.',
  'mime-limits': () => 'Té massa parts o són massa profundes.',
  'archive-encrypted': d => `${file(d)} té contrasenya: ningú no n’ha pogut veure el contingut.`,
  'document-encrypted': d => `${file(d)} té contrasenya: ningú no n’ha pogut veure el contingut.`,
  'archive-unreadable': d => `${file(d)} és un fitxer comprimit que no s’ha pogut llegir.`,
  'archive-large': d => `${file(d)} és un fitxer comprimit massa gran per analitzar-lo.`,
  macro: d => `${file(d)} té macros.`,
  'type-mismatch': d => `${file(d)} no és el que diu el seu nom.`,
  'conflicting-names': d => `${file(d)} té dos noms diferents.`,
  'archive-inconsistent': d => `${file(d)} és un fitxer comprimit que es contradiu.`,
  'html-smuggling': d => `${file(d)} és una pàgina que porta un fitxer a dins.`,
  'mime-ambiguous': () => 'Es pot llegir de dues maneres diferents.',
  'sender-proven': d => `Ve de ${d ?? 'qui diu'}, tal com indica.`,
  'sender-unproven': d => `Res no demostra que vingui de ${d ?? 'qui diu'}; tampoc hi ha res en contra.`,
  'arc-trusted': d =>
    `L’ha reenviat ${d ?? 'un servidor'}, en qui confiem quan diu que ha comprovat el remitent.`,
  'dmarc-none': d =>
    `No ve de ${d ?? 'el domini que anomena'}, que no diu què cal fer amb aquests missatges (DMARC).`,
  'dmarc-quarantine': d =>
    `No ve de ${d ?? 'el domini que anomena'}, que demana apartar aquests missatges (DMARC).`,
  'dmarc-reject': d =>
    `No ve de ${d ?? 'el domini que anomena'}, que demana rebutjar aquests missatges (DMARC).`,
  'dns-failed': d => `No s’ha pogut comprovar si ve de ${d ?? 'qui diu'}: el DNS no responia.`,
  'spf-failed': d =>
    `S’ha enviat des d’un servidor des del qual ${d ?? 'el remitent'} no envia correu (SPF).`,
  'no-author': () => 'No diu de qui és.',
  'many-authors': () => 'Anomena alhora remitents de molts dominis.',
  'list-allowed': d => `El remitent és a la vostra llista de permesos${of(d)}.`,
  'list-blocked': d => `El remitent és a la vostra llista de bloquejats${of(d)}.`,
  'client-named': d => `L’ha lliurat un servidor amb un nom correcte${of(d)}.`,
  'helo-bad': () => 'El servidor que l’ha lliurat no ha donat un nom correcte.',
  'helo-ours': d => `El servidor que l’ha lliurat ha fet servir el nostre propi nom${of(d)}.`,
  'helo-literal': d => `El servidor que l’ha lliurat ha donat un número en lloc d’un nom${of(d)}.`,
  'helo-no-dot': d => `El servidor que l’ha lliurat ha donat un nom incomplet${of(d)}.`,
  'reverse-none': () => 'El servidor que l’ha lliurat no té nom al DNS.',
  'reverse-unconfirmed': d =>
    `El nom que el DNS dona al servidor que l’ha lliurat no està confirmat${of(d)}.`,
  'dnsbl-clean': () => 'El servidor que l’ha lliurat no és a cap llista de bloqueig.',
  'dnsbl-listed': d => `El servidor que l’ha lliurat és en una llista de bloqueig${of(d)}.`,
  'dnsbl-silent': d => `No s’ha pogut consultar una llista de bloqueig${of(d)}.`,
}
