import type { Language } from './language.ts'

const server = (host: string | null) => host ?? 'el servidor de correo del destinatario'
const Server = (host: string | null) => host ?? 'El servidor de correo del destinatario'
const of = (host: string | null) => (host ? `de ${host}` : 'del servidor de correo del destinatario')

export const es: Language = {
  what: {
    accepted: f => (f.at ? `Aceptado por ${server(f.host)} el ${f.at}.` : `Aceptado por ${server(f.host)}.`),
    'bad-address': f => `No existe ningún buzón ${f.recipient}.`,
    'bad-domain': f => `${f.domain} no existe o no recibe correo.`,
    'mailbox-full': f => `El buzón de ${f.recipient} está lleno.`,
    'mailbox-disabled': f => `El buzón de ${f.recipient} está desactivado.`,
    'too-large': f => `El mensaje es más grande de lo que admite ${server(f.host)}.`,
    'content-refused': f => `${Server(f.host)} ha rechazado el mensaje por su contenido.`,
    'address-blocked': f => `${Server(f.host)} no acepta de momento correo de nuestro servidor.`,
    'sender-not-authenticated': f =>
      `${Server(f.host)} no ha podido comprobar que el mensaje sea realmente suyo.`,
    greylisted: f =>
      `${Server(f.host)} pide a los remitentes que aún no conoce que vuelvan un poco más tarde.`,
    'too-many': f => `${Server(f.host)} está recibiendo más correo a la vez del que quiere aceptar.`,
    'destination-down': f => `${Server(f.host)} responde, pero ahora mismo no puede aceptar correo.`,
    unreachable: f => `No se puede conectar con ${server(f.host)}.`,
    'timed-out': f => `${Server(f.host)} no ha respondido a tiempo.`,
    'dns-fault': f =>
      `No hemos podido averiguar adónde va el correo para ${f.domain}: su entrada de directorio (DNS) no responde.`,
    'tls-fault': f => `No se ha podido establecer una conexión segura con ${server(f.host)}.`,
    authentication: f => `${Server(f.host)} no ha aceptado nuestras credenciales.`,
    loop: f => `El mensaje para ${f.recipient} daba vueltas de un servidor a otro.`,
    expired: f =>
      `El mensaje para ${f.recipient} no se ha podido entregar en todo el tiempo que lo hemos intentado.`,
    cancelled: f => `Se ha cancelado el envío a ${f.recipient}.`,
    unknown: f => `${Server(f.host)} no ha aceptado el mensaje y su respuesta no deja claro por qué.`,
  },
  advice: {
    accepted: () => 'No hay que hacer nada.',
    'bad-address': () => 'Compruebe que la dirección esté bien escrita y vuelva a enviar el mensaje.',
    'bad-domain': () => 'Compruebe lo que hay después de la @ o pida la dirección correcta por otra vía.',
    'mailbox-full': () => 'Avise a la persona por otra vía para que haga sitio, o use otra dirección suya.',
    'mailbox-disabled': () =>
      'Puede que la persona ya no esté allí o haya cambiado de dirección. Pídale la actual.',
    'too-large': () => 'Envíelo en partes más pequeñas o comparta los archivos con un enlace.',
    'content-refused': () =>
      'Suele deberse a los adjuntos o a los enlaces. Envíelo sin ellos o pida al destinatario que deje pasar su correo.',
    'address-blocked': () => 'Tiene que ocuparse su administrador. Si es urgente, llame por teléfono.',
    'sender-not-authenticated': () =>
      'Su administrador tiene que revisar las entradas SPF, DKIM y DMARC de su dominio.',
    greylisted: () => 'No hay que hacer nada: el segundo intento suele aceptarse.',
    'too-many': () => 'No hay que hacer nada. Si es urgente, llame por teléfono.',
    'destination-down': () => 'Si es urgente, llame por teléfono: no es culpa suya.',
    unreachable: () => 'Si es urgente, llame por teléfono: no es culpa suya.',
    'timed-out': () => 'Si es urgente, llame por teléfono: no es culpa suya.',
    'dns-fault': () =>
      'Compruebe lo que hay después de la @. Si es correcto y es urgente, llame por teléfono.',
    'tls-fault': () =>
      'Si es urgente, llame y diga que hay que revisar el certificado de su servidor de correo.',
    authentication: () => 'Su administrador tiene que revisar el nombre y la contraseña que usamos.',
    loop: () =>
      'El administrador del destinatario tiene que corregir un reenvío. Mientras tanto, use otra dirección.',
    expired: () => 'Llame por teléfono o use otra dirección. Puede volver a enviar el mensaje.',
    cancelled: () => 'Si al final quiere que salga, puede volver a enviar el mensaje.',
    unknown: () =>
      'Su administrador puede ver la respuesta completa del servidor. Si es urgente, llame por teléfono.',
  },
  international: {
    what: f => `${Server(f.host)} no acepta direcciones con letras como las de ${f.recipient} o de la suya.`,
    advice: () =>
      'Pida una dirección sin acentos ni letras especiales antes de la @, o escriba desde una así.',
  },
  side: {
    recipient: 'La causa está en el buzón del destinatario.',
    destination: 'La causa está en el servidor de correo del destinatario.',
    sender: 'La causa está en la dirección o en el mensaje.',
    us: 'La causa está en nuestro lado.',
    network: 'La causa está en el camino entre los dos servidores.',
    unknown: 'No podemos saber con certeza dónde está la causa.',
  },
  next: {
    waiting: f => `Volveremos a intentarlo el ${f.nextAt} y seguiremos hasta el ${f.until}.`,
    waitingOpen: f => (f.until ? `Seguiremos intentándolo hasta el ${f.until}.` : 'Seguiremos intentándolo.'),
    over: () => 'No volveremos a intentarlo.',
    done: f => `Ya está en manos ${of(f.host)}.`,
  },
  notice: {
    subject: (recipients, more) =>
      more > 0
        ? `Su mensaje no ha llegado a ${recipients} ni a ${more} más`
        : `Su mensaje no ha llegado a ${recipients}`,
    greeting: 'Buenos días:',
    intro: (subject, recipients) =>
      `No se ha podido entregar ${subject ? `su mensaje «${subject}»` : 'un mensaje suyo'} a ${
        recipients === 1 ? 'la siguiente dirección' : `las ${recipients} direcciones siguientes`
      }.`,
    delayedSubject: (recipients, more) =>
      more > 0
        ? `Su mensaje a ${recipients} y a ${more} más sigue en espera`
        : `Su mensaje a ${recipients} sigue en espera`,
    delayedIntro: (subject, recipients) =>
      `${subject ? `Su mensaje «${subject}»` : 'Un mensaje suyo'} todavía no ha sido aceptado para ${
        recipients === 1 ? 'la siguiente dirección' : `las ${recipients} direcciones siguientes`
      }. No hace falta que lo envíe de nuevo.`,
    reply: 'Lo que respondió el servidor:',
    original: 'Se adjunta el principio de su mensaje.',
    closing: hostname =>
      `Este aviso lo ha escrito el sistema de correo de ${hostname}. Nadie lee las respuestas.`,
    from: 'Entrega de correo',
  },
}
