import type { Language } from './language.ts'

const server = (host: string | null) => host ?? "the recipient's mail server"
const Server = (host: string | null) => host ?? "The recipient's mail server"

export const en: Language = {
  what: {
    accepted: f => (f.at ? `Accepted by ${server(f.host)} on ${f.at}.` : `Accepted by ${server(f.host)}.`),
    'bad-address': f => `There is no mailbox ${f.recipient}.`,
    'bad-domain': f => `${f.domain} does not exist, or takes no mail.`,
    'mailbox-full': f => `The mailbox of ${f.recipient} is full.`,
    'mailbox-disabled': f => `The mailbox of ${f.recipient} is switched off.`,
    'too-large': f => `The message is larger than ${server(f.host)} allows.`,
    'content-refused': f => `${Server(f.host)} refused the message because of what is in it.`,
    'address-blocked': f => `${Server(f.host)} takes no mail from our server at the moment.`,
    'sender-not-authenticated': f =>
      `${Server(f.host)} could not make sure that the message really comes from you.`,
    greylisted: f => `${Server(f.host)} asks senders that it does not know yet to come back a little later.`,
    'too-many': f => `${Server(f.host)} is getting more mail at once than it wants to take.`,
    'destination-down': f => `${Server(f.host)} answers, but can't take mail at the moment.`,
    unreachable: f => `${Server(f.host)} can't be reached.`,
    'timed-out': f => `${Server(f.host)} did not answer in time.`,
    'dns-fault': f =>
      `We could not find out where mail for ${f.domain} has to go: its directory entry (DNS) did not answer.`,
    'tls-fault': f => `A secure connection to ${server(f.host)} could not be made.`,
    authentication: f => `${Server(f.host)} did not accept our sign-in.`,
    loop: f => `The message was sent in circles on its way to ${f.recipient}.`,
    expired: f => `The message for ${f.recipient} could not be delivered in all the time that we tried.`,
    cancelled: f => `Delivery to ${f.recipient} was cancelled.`,
    unknown: f => `${Server(f.host)} did not take the message, and its answer does not say clearly why.`,
  },
  advice: {
    accepted: () => 'There is nothing to do.',
    'bad-address': () => 'Check the address for a typing mistake and send the message again.',
    'bad-domain': () =>
      'Check the part after the @ for a typing mistake, or ask for the right address another way.',
    'mailbox-full': () =>
      'Tell them another way, so that they can make room, or use another of their addresses.',
    'mailbox-disabled': () => 'The person may have left, or changed address. Ask for their present one.',
    'too-large': () => 'Send it in smaller parts, or share the files by a link.',
    'content-refused': () =>
      'Attachments and links are the usual reason. Send it without them, or ask the recipient to let your mail through.',
    'address-blocked': () => 'Your administrator has to look into this. If it is urgent, call.',
    'sender-not-authenticated': () =>
      'Your administrator has to look at the SPF, DKIM and DMARC entries of your domain.',
    greylisted: () => 'There is nothing to do: the second try is usually accepted.',
    'too-many': () => 'There is nothing to do. If it is urgent, call.',
    'destination-down': () => 'If it is urgent, call: the fault is not yours.',
    unreachable: () => 'If it is urgent, call: the fault is not yours.',
    'timed-out': () => 'If it is urgent, call: the fault is not yours.',
    'dns-fault': () => 'Check the part after the @. If it is right and the matter is urgent, call.',
    'tls-fault': () =>
      'If it is urgent, call, and tell them that the certificate of their mail server has to be looked at.',
    authentication: () => 'Your administrator has to check the name and password that we sign in with.',
    loop: () =>
      "The recipient's administrator has to correct a forwarding rule. Use another address meanwhile.",
    expired: () => 'Call, or use another address. You can send the message again.',
    cancelled: () => 'You can send the message again if you want it to go out after all.',
    unknown: () => 'Your administrator can see the full answer of the server. If it is urgent, call.',
  },
  international: {
    what: f =>
      `${Server(f.host)} does not take addresses with letters like those in ${f.recipient} or in yours.`,
    advice: () => 'Ask for an address without accents and special letters before the @, or write from one.',
  },
  side: {
    recipient: "The cause lies with the recipient's mailbox.",
    destination: "The cause lies with the recipient's mail server.",
    sender: 'The cause lies in the address or in the message.',
    us: 'The cause lies on our side.',
    network: 'The cause lies on the way between the two servers.',
    unknown: "We can't tell for certain where the cause lies.",
  },
  next: {
    waiting: f => `We try again on ${f.nextAt}, and go on trying until ${f.until}.`,
    waitingOpen: f => (f.until ? `We go on trying until ${f.until}.` : 'We go on trying.'),
    over: () => 'We will not try again.',
    done: () => 'It is with them now.',
  },
  notice: {
    subject: (recipients, more) =>
      more > 0
        ? `Your message did not reach ${recipients} and ${more} more`
        : `Your message did not reach ${recipients}`,
    greeting: 'Hello,',
    intro: (subject, recipients) =>
      `${subject ? `your message “${subject}”` : 'a message of yours'} could not be delivered to ${
        recipients === 1 ? 'the following address' : `the following ${recipients} addresses`
      }.`,
    delayedSubject: (recipients, more) =>
      more > 0
        ? `Your message to ${recipients} and ${more} more is still waiting`
        : `Your message to ${recipients} is still waiting`,
    delayedIntro: (subject, recipients) =>
      `${subject ? `your message “${subject}”` : 'a message of yours'} has not been accepted yet for ${
        recipients === 1 ? 'the following address' : `the following ${recipients} addresses`
      }. You need not send it again.`,
    reply: 'What the server said:',
    original: 'The beginning of your message is attached.',
    closing: hostname =>
      `This notice was written by the mail system at ${hostname}. Nobody reads answers to it.`,
    from: 'Mail delivery',
  },
}
