/** English. */
import type { Words } from './types.ts'

export const en: Words = {
  cause: {
    refused: 'It refuses connections.',
    unreachable: 'It cannot be reached.',
    'timed-out': 'It does not answer in time.',
    dns: 'Its name cannot be looked up.',
    tls: 'A protected connection cannot be made.',
    certificate: 'Its certificate is not valid, or has run out.',
    authentication: 'It refuses our sign-in.',
    'out-of-space': 'It has no room left.',
    'rejects-us': 'It refuses mail from this gateway.',
    'temporary-error': 'It answers with an error for now.',
    'breaks-off': 'It breaks off connections.',
    protocol: 'It does not speak as a mail server does.',
    'unknown-users': 'It refuses people it used to know.',
    failing: 'It answers, but too many messages fail.',
    override: 'An administrator said so.',
  },
  begin: {
    'backend-down': ({ name }) => ({
      title: `The mail server of ${name} takes no mail`,
      text: 'Mail goes on arriving here and is kept. People can read and answer it in the webmail.',
    }),
    'access-down': ({ name }) => ({
      title: `People cannot get at their mailboxes at ${name}`,
      text: 'The server takes mail, and it goes on being delivered. People can read and answer it in the webmail.',
    }),
    guard: ({ name }) => ({
      title: `The return of ${name} was set aside: please look`,
      text: 'The server answers, but refuses people it used to know, or too many messages fail. Nothing is bounced; the mail is kept until somebody has looked.',
    }),
    maintenance: ({ name }) => ({
      title: `Maintenance has begun: ${name}`,
      text: 'It was planned. The webmail is open meanwhile.',
    }),
    drill: ({ name }) => ({
      title: `A drill has begun: ${name}`,
      text: 'The webmail opens as if the server were away. Mail is delivered all the while.',
    }),
    override: ({ name }) => ({
      title: `An exception has begun: ${name}`,
      text: 'The webmail is open for these people.',
    }),
    'unusual-sending': ({ name }) => ({
      title: `${name} sends far more than people do`,
      text: 'What is too much is put off. Has somebody got hold of the password?',
    }),
    'scanner-down': ({ count = 0, passed }) => ({
      title: 'The scan of mail does not get on',
      text: passed
        ? `${count} messages were let in unscanned in the last quarter of an hour. Look at rspamd and ClamAV.`
        : `${count} messages wait for it. Look at rspamd and ClamAV.`,
    }),
    'disk-low': ({ name, percent = 0 }) => ({
      title: `The disk of ${name} is nearly full`,
      text: `${percent} % are free. Below the limit new mail is put off.`,
    }),
    destination: ({ name }) => ({
      title: `Mail to ${name} does not get through`,
      text: 'It is tried again and again; those who wrote it are told in time.',
    }),
    'queue-age': ({ count = 0, minutes = 0 }) => ({
      title: 'Mail waits for longer than it should',
      text: `${count} messages wait for servers that are up; the oldest for ${minutes} minutes.`,
    }),
  },
  returning: ({ name }) => `${name} answers again; what waited is on its way.`,
  end: {
    'backend-down': ({ name }) => `It is over: ${name} has all its mail`,
    'access-down': ({ name }) => `It is over: people get at their mailboxes at ${name}`,
    guard: ({ name }) => `It is over: ${name} has all its mail`,
    maintenance: ({ name }) => `Maintenance is over: ${name}`,
    drill: ({ name }) => `The drill is over: ${name}`,
    override: ({ name }) => `The exception is over: ${name}`,
    'unusual-sending': ({ name }) => `Somebody has looked at what ${name} sent`,
    'scanner-down': () => 'The scan of mail gets on again',
    'disk-low': ({ name }) => `The disk of ${name} has room again`,
    destination: ({ name }) => `Mail to ${name} gets through again`,
    'queue-age': () => 'No mail waits too long any more',
  },
  still: title => `Still: ${title}`,
  worse: title => `Worse: ${title}`,
  since: at => `Since ${at}.`,
  fromTo: (from, to) => `From ${from} to ${to}.`,
  until: at => `Until ${at}.`,
  reason: text => `Reason: ${text}`,
  person: {
    server: {
      title: 'Your mail server does not answer. Your mail is here',
      text: 'New mail arrives in the webmail; you can read and answer it there. When the server is back, everything you do will be there too.',
    },
    maintenance: {
      title: 'Your mail server is being looked after. Your mail is here',
      text: 'It was planned. Meanwhile you can read and answer your mail in the webmail.',
    },
    drill: {
      title: 'A drill: please use the webmail now',
      text: 'Your mail server works. For a while we do as if it did not, so that everybody knows the way.',
    },
  },
  personEnd: {
    title: 'It is over: you can use your mail as ever',
    text: 'Your mail server is back, and what came meanwhile has been brought there.',
  },
  joined: count => `${count} pieces of news`,
  test: {
    title: 'A trial message from Restante',
    text: 'This way works: you would hear of an outage like this.',
  },
  confirm: {
    title: 'Confirm your second contact',
    text: 'Somebody, you we hope, wants to be told at this address when their mail server does not answer. Enter this code in the webmail:',
    code: 'Code:',
    ignore: 'If it was not you, do nothing: nothing more will come.',
  },
  signIn: {
    title: 'Your code to sign in',
    text: 'Somebody, we hope you, wants to sign in to your mail. This code counts once, for fifteen minutes:',
    ignore: 'If it was not you, do nothing, and give the code to nobody: nobody of ours will ask for it.',
  },
  security: {
    password: 'Your password here was changed',
    'passkey-added': 'A passkey was added to your account',
    'factor-off': 'The second step of your sign-in was turned off',
    'codes-printed': 'One-time codes were made for you',
    'code-used': 'Somebody signed in with a one-time code of yours',
    'app-password': 'An app password was made for your account',
  },
  securityText:
    'If that was you or whoever looks after your mail, all is well. If not, end your sessions and tell them.',
  waysTitle: 'How you will get in when your mail server is away',
  waysText:
    'When your company’s mail server does not answer, you read and answer your mail here. You can sign in with:',
  waysNone:
    'When your company’s mail server does not answer, you read and answer your mail here. But you have no way to sign in yet: ask whoever looks after your mail.',
  ways: {
    password: 'your address and the password you have here',
    mailbox: 'your address and the password of your mailbox',
    passkey: 'your passkey',
    contact: 'a code that is sent to this address',
    printed: 'a one-time code on paper, from whoever looks after your mail',
    organization: 'your company’s own sign-in, while that works',
  },
  look: 'Look at it:',
  statement: 'What became of the mail:',
  mail: 'Your mail:',
  closing: 'You get this because this address is a channel of your organization in Restante.',
  personClosing: 'You get this because this address is your second contact.',
}
