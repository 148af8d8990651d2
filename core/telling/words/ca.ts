/** Català. */
import type { Words } from './types.ts'

export const ca: Words = {
  cause: {
    refused: 'Rebutja les connexions.',
    unreachable: 'No s’hi pot arribar.',
    'timed-out': 'No respon a temps.',
    dns: 'No es troba el seu nom.',
    tls: 'No s’hi pot establir una connexió protegida.',
    certificate: 'El seu certificat no és vàlid o ha caducat.',
    authentication: 'Rebutja les nostres credencials.',
    'out-of-space': 'No li queda espai.',
    'rejects-us': 'Rebutja el correu d’aquesta passarel·la.',
    'temporary-error': 'Ara mateix respon amb un error.',
    'breaks-off': 'Talla les connexions.',
    protocol: 'No parla com un servidor de correu.',
    'unknown-users': 'Rebutja persones que abans coneixia.',
    failing: 'Respon, però massa missatges fallen.',
    override: 'Ho ha decidit un administrador.',
  },
  begin: {
    'backend-down': ({ name }) => ({
      title: `El servidor de correu de ${name} no admet correu`,
      text: 'El correu continua arribant aquí i s’hi guarda. La gent el pot llegir i contestar al correu web.',
    }),
    'access-down': ({ name }) => ({
      title: `La gent no pot entrar a les seves bústies de ${name}`,
      text: 'El servidor admet correu i se li continua lliurant. La gent el pot llegir i contestar al correu web.',
    }),
    guard: ({ name }) => ({
      title: `S’ha aturat el retorn de ${name}: cal que algú s’ho miri`,
      text: 'El servidor respon, però rebutja persones que abans coneixia, o bé fallen massa missatges. No es retorna res als remitents: el correu es guarda fins que algú s’ho hagi mirat.',
    }),
    maintenance: ({ name }) => ({
      title: `Ha començat un manteniment: ${name}`,
      text: 'Estava previst. Mentrestant, el correu web és obert.',
    }),
    drill: ({ name }) => ({
      title: `Ha començat un simulacre: ${name}`,
      text: 'El correu web s’obre com si el servidor no hi fos. El correu es lliura en tot moment.',
    }),
    override: ({ name }) => ({
      title: `Ha començat una excepció: ${name}`,
      text: 'El correu web és obert per a aquestes persones.',
    }),
    'unusual-sending': ({ name }) => ({
      title: `${name} envia molt més del que és habitual`,
      text: 'El que és massa s’ajorna. Pot ser que algú li hagi pres la contrasenya?',
    }),
    'scanner-down': ({ count = 0, passed }) => ({
      title: 'L’anàlisi del correu no avança',
      text: passed
        ? `En l’últim quart d’hora han entrat ${count} missatges sense analitzar. Mireu rspamd i ClamAV.`
        : `${count} missatges hi esperen. Mireu rspamd i ClamAV.`,
    }),
    'disk-low': ({ name, percent = 0 }) => ({
      title: `El disc de ${name} és gairebé ple`,
      text: `En queda lliure un ${percent} %. Per sota del límit, el correu nou s’ajorna.`,
    }),
    destination: ({ name }) => ({
      title: `El correu cap a ${name} no passa`,
      text: 'Es torna a provar un cop i un altre; s’avisarà a temps qui l’ha escrit.',
    }),
    'queue-age': ({ count = 0, minutes = 0 }) => ({
      title: 'Hi ha correu que espera massa',
      text: `${count} missatges esperen servidors que funcionen; el més antic, des de fa ${minutes} minuts.`,
    }),
  },
  returning: ({ name }) => `${name} torna a respondre; el que esperava ja hi va.`,
  end: {
    'backend-down': ({ name }) => `S’ha acabat: ${name} ja té tot el seu correu`,
    'access-down': ({ name }) => `S’ha acabat: la gent torna a entrar a les bústies de ${name}`,
    guard: ({ name }) => `S’ha acabat: ${name} ja té tot el seu correu`,
    maintenance: ({ name }) => `S’ha acabat el manteniment: ${name}`,
    drill: ({ name }) => `S’ha acabat el simulacre: ${name}`,
    override: ({ name }) => `S’ha acabat l’excepció: ${name}`,
    'unusual-sending': ({ name }) => `Algú s’ha mirat el que ha enviat ${name}`,
    'scanner-down': () => 'L’anàlisi del correu torna a avançar',
    'disk-low': ({ name }) => `El disc de ${name} torna a tenir espai`,
    destination: ({ name }) => `El correu cap a ${name} torna a passar`,
    'queue-age': () => 'Ja no hi ha correu que esperi massa',
  },
  still: title => `Continua: ${title}`,
  worse: title => `Ha empitjorat: ${title}`,
  since: at => `Des del ${at}.`,
  fromTo: (from, to) => `Del ${from} al ${to}.`,
  until: at => `Fins al ${at}.`,
  reason: text => `Motiu: ${text}`,
  person: {
    server: {
      title: 'El vostre servidor de correu no respon. El vostre correu és aquí',
      text: 'El correu nou arriba al correu web; allà el podeu llegir i contestar. Quan el servidor torni, hi trobareu també tot el que hàgiu fet.',
    },
    maintenance: {
      title: 'El vostre servidor de correu està en manteniment. El vostre correu és aquí',
      text: 'Estava previst. Mentrestant podeu llegir i contestar el correu al correu web.',
    },
    drill: {
      title: 'Un simulacre: feu servir ara el correu web',
      text: 'El vostre servidor funciona. Durant una estona fem com si no, perquè tothom sàpiga el camí.',
    },
  },
  personEnd: {
    title: 'S’ha acabat: podeu fer servir el correu com sempre',
    text: 'El vostre servidor de correu ha tornat i s’hi ha portat el que ha arribat mentrestant.',
  },
  joined: count => `${count} novetats`,
  test: {
    title: 'Un missatge de prova de Restante',
    text: 'Aquest canal funciona: d’una avaria us n’assabentaríeu així.',
  },
  confirm: {
    title: 'Confirmeu el vostre segon contacte',
    text: 'Algú, esperem que vós, vol que l’avisem en aquesta adreça quan el seu servidor de correu no respongui. Escriviu aquest codi al correu web:',
    code: 'Codi:',
    ignore: 'Si no heu estat vós, no feu res: no rebreu res més.',
  },
  signIn: {
    title: 'El vostre codi per entrar',
    text: 'Algú, esperem que vós, vol entrar al vostre correu. Aquest codi val una sola vegada, durant quinze minuts:',
    ignore: 'Si no heu estat vós, no feu res i no doneu el codi a ningú: cap de nosaltres us el demanarà.',
  },
  security: {
    password: 'S’ha canviat la vostra contrasenya d’aquí',
    'passkey-added': 'S’ha afegit una clau d’accés al vostre compte',
    'factor-off': 'S’ha desactivat el segon pas de la vostra entrada',
    'codes-printed': 'S’han fet codis d’un sol ús per a vós',
    'code-used': 'Algú ha entrat amb un codi vostre d’un sol ús',
    'app-password': 'S’ha fet una contrasenya d’aplicació per al vostre compte',
  },
  securityText:
    'Si heu estat vós o qui s’ocupa del vostre correu, tot va bé. Si no, tanqueu les vostres sessions i aviseu-los.',
  waysTitle: 'Com entrareu quan el vostre servidor de correu no respongui',
  waysText:
    'Quan el servidor de correu de la vostra empresa no respon, llegiu i contesteu el correu aquí. Podeu entrar amb:',
  waysNone:
    'Quan el servidor de correu de la vostra empresa no respon, llegiu i contesteu el correu aquí. Però encara no teniu cap manera d’entrar: demaneu-la a qui s’ocupa del vostre correu.',
  ways: {
    password: 'la vostra adreça i la contrasenya que teniu aquí',
    mailbox: 'la vostra adreça i la contrasenya de la vostra bústia',
    passkey: 'la vostra clau d’accés',
    contact: 'un codi que s’envia a aquesta adreça',
    printed: 'un codi d’un sol ús en paper, de qui s’ocupa del vostre correu',
    organization: 'l’entrada pròpia de la vostra empresa, mentre funcioni',
  },
  look: 'Mireu-ho:',
  statement: 'Què s’ha fet del correu:',
  mail: 'El vostre correu:',
  closing: 'Ho rebeu perquè aquesta adreça és un canal de la vostra organització a Restante.',
  personClosing: 'Ho rebeu perquè aquesta adreça és el vostre segon contacte.',
}
