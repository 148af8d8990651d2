/** Español. */
import type { Words } from './types.ts'

export const es: Words = {
  cause: {
    refused: 'Rechaza las conexiones.',
    unreachable: 'No se puede llegar a él.',
    'timed-out': 'No responde a tiempo.',
    dns: 'No se encuentra su nombre.',
    tls: 'No se puede establecer una conexión protegida.',
    certificate: 'Su certificado no es válido o ha caducado.',
    authentication: 'Rechaza nuestras credenciales.',
    'out-of-space': 'No le queda espacio.',
    'rejects-us': 'Rechaza el correo de esta pasarela.',
    'temporary-error': 'Por ahora responde con un error.',
    'breaks-off': 'Corta las conexiones.',
    protocol: 'No habla como un servidor de correo.',
    'unknown-users': 'Rechaza a personas que antes conocía.',
    failing: 'Responde, pero fallan demasiados mensajes.',
    override: 'Lo ha decidido un administrador.',
  },
  begin: {
    'backend-down': ({ name }) => ({
      title: `El servidor de correo de ${name} no admite correo`,
      text: 'El correo sigue llegando aquí y se guarda. La gente puede leerlo y contestarlo en el correo web.',
    }),
    'access-down': ({ name }) => ({
      title: `La gente no puede entrar en sus buzones de ${name}`,
      text: 'El servidor admite correo y se le sigue entregando. La gente puede leerlo y contestarlo en el correo web.',
    }),
    guard: ({ name }) => ({
      title: `Se ha detenido la vuelta de ${name}: alguien debe mirarlo`,
      text: 'El servidor responde, pero rechaza a personas que antes conocía, o fallan demasiados mensajes. No se devuelve nada a los remitentes: el correo se guarda hasta que alguien lo haya mirado.',
    }),
    maintenance: ({ name }) => ({
      title: `Ha empezado un mantenimiento: ${name}`,
      text: 'Estaba previsto. Mientras tanto, el correo web está abierto.',
    }),
    drill: ({ name }) => ({
      title: `Ha empezado un simulacro: ${name}`,
      text: 'El correo web se abre como si el servidor no estuviera. El correo se entrega en todo momento.',
    }),
    override: ({ name }) => ({
      title: `Ha empezado una excepción: ${name}`,
      text: 'El correo web está abierto para estas personas.',
    }),
    'unusual-sending': ({ name }) => ({
      title: `${name} envía mucho más de lo habitual`,
      text: 'Lo que es demasiado se aplaza. ¿Puede que alguien tenga su contraseña?',
    }),
    'scanner-down': ({ count = 0, passed }) => ({
      title: 'El análisis del correo no avanza',
      text: passed
        ? `En el último cuarto de hora han entrado ${count} mensajes sin analizar. Mire rspamd y ClamAV.`
        : `${count} mensajes lo esperan. Mire rspamd y ClamAV.`,
    }),
    'disk-low': ({ name, percent = 0 }) => ({
      title: `El disco de ${name} está casi lleno`,
      text: `Queda libre un ${percent} %. Por debajo del límite, el correo nuevo se aplaza.`,
    }),
    destination: ({ name }) => ({
      title: `El correo a ${name} no pasa`,
      text: 'Se intenta una y otra vez; a quienes lo escribieron se les avisa a tiempo.',
    }),
    'queue-age': ({ count = 0, minutes = 0 }) => ({
      title: 'Hay correo que espera demasiado',
      text: `${count} mensajes esperan a servidores que funcionan; el más antiguo, desde hace ${minutes} minutos.`,
    }),
  },
  returning: ({ name }) => `${name} vuelve a responder; lo que esperaba va de camino.`,
  end: {
    'backend-down': ({ name }) => `Se acabó: ${name} ya tiene todo su correo`,
    'access-down': ({ name }) => `Se acabó: la gente vuelve a entrar en los buzones de ${name}`,
    guard: ({ name }) => `Se acabó: ${name} ya tiene todo su correo`,
    maintenance: ({ name }) => `Ha terminado el mantenimiento: ${name}`,
    drill: ({ name }) => `Ha terminado el simulacro: ${name}`,
    override: ({ name }) => `Ha terminado la excepción: ${name}`,
    'unusual-sending': ({ name }) => `Alguien ha mirado lo que envió ${name}`,
    'scanner-down': () => 'El análisis del correo vuelve a avanzar',
    'disk-low': ({ name }) => `El disco de ${name} vuelve a tener espacio`,
    destination: ({ name }) => `El correo a ${name} vuelve a pasar`,
    'queue-age': () => 'Ya no hay correo que espere demasiado',
  },
  still: title => `Continúa: ${title}`,
  worse: title => `Ha empeorado: ${title}`,
  since: at => `Desde el ${at}.`,
  fromTo: (from, to) => `Del ${from} al ${to}.`,
  until: at => `Hasta el ${at}.`,
  reason: text => `Motivo: ${text}`,
  person: {
    server: {
      title: 'Su servidor de correo no responde. Su correo está aquí',
      text: 'El correo nuevo llega al correo web; allí puede leerlo y contestarlo. Cuando el servidor vuelva, encontrará allí también todo lo que haya hecho.',
    },
    maintenance: {
      title: 'Su servidor de correo está en mantenimiento. Su correo está aquí',
      text: 'Estaba previsto. Mientras tanto puede leer y contestar su correo en el correo web.',
    },
    drill: {
      title: 'Un simulacro: use ahora el correo web',
      text: 'Su servidor funciona. Durante un rato hacemos como si no, para que todo el mundo sepa el camino.',
    },
  },
  personEnd: {
    title: 'Se acabó: puede usar su correo como siempre',
    text: 'Su servidor de correo ha vuelto y se le ha llevado lo que llegó mientras tanto.',
  },
  joined: count => `${count} novedades`,
  test: {
    title: 'Un mensaje de prueba de Restante',
    text: 'Este canal funciona: de una avería se enteraría así.',
  },
  confirm: {
    title: 'Confirme su segundo contacto',
    text: 'Alguien, esperamos que usted, quiere que le avisemos en esta dirección cuando su servidor de correo no responda. Escriba este código en el correo web:',
    code: 'Código:',
    ignore: 'Si no ha sido usted, no haga nada: no recibirá nada más.',
  },
  signIn: {
    title: 'Su código para entrar',
    text: 'Alguien, esperamos que usted, quiere entrar en su correo. Este código vale una sola vez, durante quince minutos:',
    ignore: 'Si no ha sido usted, no haga nada y no dé el código a nadie: ninguno de nosotros se lo pedirá.',
  },
  security: {
    password: 'Se ha cambiado su contraseña de aquí',
    'passkey-added': 'Se ha añadido una llave de acceso a su cuenta',
    'factor-off': 'Se ha desactivado el segundo paso de su entrada',
    'codes-printed': 'Se han hecho códigos de un solo uso para usted',
    'code-used': 'Alguien ha entrado con un código suyo de un solo uso',
    'app-password': 'Se ha hecho una contraseña de aplicación para su cuenta',
  },
  securityText:
    'Si ha sido usted o quien se ocupa de su correo, todo está bien. Si no, cierre sus sesiones y avíseles.',
  waysTitle: 'Cómo entrará cuando su servidor de correo no responda',
  waysText:
    'Cuando el servidor de correo de su empresa no responde, usted lee y contesta su correo aquí. Puede entrar con:',
  waysNone:
    'Cuando el servidor de correo de su empresa no responde, usted lee y contesta su correo aquí. Pero todavía no tiene manera de entrar: pídala a quien se ocupa de su correo.',
  ways: {
    password: 'su dirección y la contraseña que tiene aquí',
    mailbox: 'su dirección y la contraseña de su buzón',
    passkey: 'su llave de acceso',
    contact: 'un código que se envía a esta dirección',
    printed: 'un código de un solo uso en papel, de quien se ocupa de su correo',
    organization: 'el acceso propio de su empresa, mientras funcione',
  },
  look: 'Mírelo:',
  statement: 'Qué se ha hecho del correo:',
  mail: 'Su correo:',
  closing: 'Lo recibe porque esta dirección es un canal de su organización en Restante.',
  personClosing: 'Lo recibe porque esta dirección es su segundo contacto.',
}
