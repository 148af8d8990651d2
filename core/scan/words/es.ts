import type { Words } from '../reasons.ts'

const of = (detail: string | undefined) => (detail ? `: ${detail}` : '')
const file = (detail: string | undefined) => (detail ? `«${detail}»` : 'Un archivo')

export const es: Words = {
  otherwise: 'Se ha encontrado algo para lo que esta versión no tiene palabras.',
  clean: () => 'No se ha encontrado nada.',
  'no-attachments': () => 'No tiene archivos adjuntos.',
  'attachments-clean': () => 'Sus archivos adjuntos están bien.',
  spam: detail => `El filtro lo considera correo no deseado${of(detail)}.`,
  'looks-like-spam': detail => `Se parece un poco al correo no deseado${of(detail)}.`,
  virus: detail => `Contiene software malicioso${of(detail)}.`,
  'engine-later': () => 'El filtro de correo no deseado quiere verlo de nuevo más tarde.',
  greylisted: () => 'El remitente aún no es conocido y se le ha pedido que vuelva en unos minutos.',
  'engine-down': () => 'No se ha analizado: no se ha podido contactar con el analizador.',
  'engine-garbage': () => 'No se ha analizado: la respuesta del analizador no tenía sentido.',
  'time-over': () => 'No se ha analizado: el analizador ha tardado demasiado.',
  'too-large-to-scan': () => 'No se ha analizado: es más grande de lo que admite el analizador.',
  'step-failed': () => 'No se ha analizado: algo ha fallado aquí.',
  'client-gone': () => 'No se ha analizado: el remitente ha colgado.',
  'dangerous-ending': d => `${file(d)} es un programa o puede ejecutar uno.`,
  'dangerous-content': d => `${file(d)} es un programa, diga lo que diga su nombre.`,
  'double-ending': d => `${file(d)} esconde lo que es tras una segunda extensión.`,
  'hidden-ending': d => `${file(d)} esconde su extensión.`,
  'blocked-ending': d => `${file(d)} es de un tipo que su organización no acepta.`,
  'archive-bomb': d => `${file(d)} ocupa mucho más de lo debido al descomprimirse.`,
  'archive-depth': d =>
    `${file(d)} tiene archivos comprimidos unos dentro de otros, demasiado profundos para analizarlos.`,
  'message-partial': () => 'Es solo una parte de un mensaje, de modo que nadie puede ver el todo.',
  'mime-limits': () => 'Tiene demasiadas partes o son demasiado profundas.',
  'archive-encrypted': d => `${file(d)} tiene contraseña: nadie ha podido ver su contenido.`,
  'document-encrypted': d => `${file(d)} tiene contraseña: nadie ha podido ver su contenido.`,
  'archive-unreadable': d => `${file(d)} es un archivo comprimido que no se ha podido leer.`,
  'archive-large': d => `${file(d)} es un archivo comprimido demasiado grande para analizarlo.`,
  macro: d => `${file(d)} tiene macros.`,
  'type-mismatch': d => `${file(d)} no es lo que dice su nombre.`,
  'conflicting-names': d => `${file(d)} tiene dos nombres distintos.`,
  'archive-inconsistent': d => `${file(d)} es un archivo comprimido que se contradice.`,
  'html-smuggling': d => `${file(d)} es una página que lleva un archivo dentro.`,
  'mime-ambiguous': () => 'Se puede leer de dos maneras distintas.',
  'sender-proven': d => `Viene de ${d ?? 'su remitente'}, como dice.`,
  'sender-unproven': d => `Nada demuestra que venga de ${d ?? 'su remitente'}; tampoco hay nada en contra.`,
  'arc-trusted': d =>
    `Lo ha reenviado ${d ?? 'un servidor'}, de quien nos fiamos cuando dice que ha comprobado el remitente.`,
  'dmarc-none': d =>
    `No viene de ${d ?? 'el dominio que nombra'}, que no dice qué hacer con estos mensajes (DMARC).`,
  'dmarc-quarantine': d =>
    `No viene de ${d ?? 'el dominio que nombra'}, que pide apartar estos mensajes (DMARC).`,
  'dmarc-reject': d =>
    `No viene de ${d ?? 'el dominio que nombra'}, que pide rechazar estos mensajes (DMARC).`,
  'dns-failed': d => `No se ha podido comprobar si viene de ${d ?? 'su remitente'}: el DNS no respondía.`,
  'spf-failed': d =>
    `Se ha enviado desde un servidor desde el que ${d ?? 'su remitente'} no envía correo (SPF).`,
  'no-author': () => 'No dice de quién es.',
  'many-authors': () => 'Nombra a la vez remitentes de muchos dominios.',
  'list-allowed': d => `El remitente está en vuestra lista de permitidos${of(d)}.`,
  'list-blocked': d => `El remitente está en vuestra lista de bloqueados${of(d)}.`,
  'client-named': d => `Lo ha entregado un servidor con un nombre correcto${of(d)}.`,
  'helo-bad': () => 'El servidor que lo ha entregado no ha dado un nombre correcto.',
  'helo-ours': d => `El servidor que lo ha entregado ha usado nuestro propio nombre${of(d)}.`,
  'helo-literal': d => `El servidor que lo ha entregado ha dado un número en lugar de un nombre${of(d)}.`,
  'helo-no-dot': d => `El servidor que lo ha entregado ha dado un nombre incompleto${of(d)}.`,
  'reverse-none': () => 'El servidor que lo ha entregado no tiene nombre en el DNS.',
  'reverse-unconfirmed': d =>
    `El nombre que el DNS da al servidor que lo ha entregado no está confirmado${of(d)}.`,
  'dnsbl-clean': () => 'El servidor que lo ha entregado no está en ninguna lista de bloqueo.',
  'dnsbl-listed': d => `El servidor que lo ha entregado está en una lista de bloqueo${of(d)}.`,
  'dnsbl-silent': d => `No se ha podido consultar una lista de bloqueo${of(d)}.`,
}
