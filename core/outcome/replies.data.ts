/**
 * Replies as servers and providers give them, with the category that each must get: the classifier's test
 * data, and the place for every reply that was once judged wrong. `at` is the phase; rcpt when absent.
 */
import type { Category, Phase } from './types.ts'

export type Known = { from: string; reply: string; category: Category; at?: Phase }

const list = (from: string, ...rows: [category: Category, reply: string, at?: Phase][]): Known[] =>
  rows.map(([category, reply, at]) => ({ from, reply, category, at }))

export const replies: readonly Known[] = [
  ...list(
    'Postfix',
    [
      'bad-address',
      '550 5.1.1 <nobody@example.com>: Recipient address rejected: User unknown in local recipient table',
    ],
    [
      'bad-address',
      '550 5.1.1 <nobody@example.com>: Recipient address rejected: User unknown in virtual mailbox table',
    ],
    [
      'bad-address',
      '550 5.1.1 <nobody@example.com>: Recipient address rejected: User unknown in relay recipient table',
    ],
    [
      'bad-address',
      '450 4.1.1 <nobody@example.com>: Recipient address rejected: unverified address: Address lookup failed',
    ],
    ['bad-domain', '554 5.7.1 <someone@example.org>: Relay access denied'],
    ['bad-domain', '454 4.7.1 <someone@example.org>: Relay access denied'],
    ['sender-not-authenticated', '450 4.1.8 <a@nowhere.invalid>: Sender address rejected: Domain not found'],
    ['sender-not-authenticated', '550 5.1.8 <a@nowhere.invalid>: Sender address rejected: Domain not found'],
    [
      'address-blocked',
      '554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org',
    ],
    ['address-blocked', '450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]'],
    ['too-large', '552 5.3.4 Message size exceeds fixed limit', 'mail'],
    ['too-large', '552 5.3.4 Error: message file too big', 'final'],
    ['destination-down', '452 4.3.1 Insufficient system storage', 'mail'],
    ['destination-down', '451 4.3.0 Error: queue file write error', 'final'],
    ['destination-down', '451 4.3.0 <anna@example.com>: Temporary lookup failure'],
    ['destination-down', '451 4.3.5 Server configuration problem'],
    [
      'greylisted',
      '450 4.2.0 <anna@example.com>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/example.com.html',
    ],
    ['too-many', '450 4.7.1 Error: too much mail from 192.0.2.1'],
    ['too-many', '421 4.7.0 mail.example.com Error: too many connections from 192.0.2.1', 'greeting'],
    ['too-many', '421 4.7.0 mail.example.com Error: too many errors'],
    ['tls-fault', '530 5.7.0 Must issue a STARTTLS command first', 'mail'],
    ['loop', '554 5.4.0 Error: too many hops', 'final'],
    ['loop', '554 5.4.6 Too many hops', 'final'],
    ['content-refused', '550 5.7.1 Message rejected due to content restrictions', 'final'],
    ['content-refused', '554 5.7.1 Blocked by header check: subject', 'final'],
    ['mailbox-full', '452 4.2.2 <anna@example.com>: Recipient address rejected: Mailbox is full'],
    ['authentication', '535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6', 'auth'],
    [
      'destination-down',
      '454 4.7.0 Temporary authentication failure: Connection lost to authentication server',
      'auth',
    ],
    ['bad-domain', '550 5.1.2 <anna@exmaple.com>: Recipient address rejected: Domain not found'],
    [
      'bad-domain',
      '556 5.1.10 <anna@example.com>: Recipient address rejected: Domain example.com does not accept mail (nullMX)',
    ],
  ),
  ...list(
    'Dovecot LMTP',
    ['bad-address', "550 5.1.1 <nobody@example.com> User doesn't exist: nobody@example.com"],
    ['mailbox-full', '552 5.2.2 <anna@example.com> Quota exceeded (mailbox for user is full)', 'final'],
    ['mailbox-full', '452 4.2.2 <anna@example.com> Quota exceeded (mailbox for user is full)', 'final'],
    ['destination-down', '451 4.3.0 <anna@example.com> Temporary internal error', 'final'],
    [
      'destination-down',
      '451 4.2.0 <anna@example.com> Internal error occurred. Refer to server log for more information.',
      'final',
    ],
    ['destination-down', '421 4.3.2 mail.example.com Shutting down due to fatal error'],
  ),
  ...list(
    'Gmail',
    [
      'bad-address',
      "550-5.1.1 The email account that you tried to reach does not exist. Please try\n550-5.1.1 double-checking the recipient's email address for typos or\n550 5.1.1 unnecessary spaces. a1-20020a gsmtp",
    ],
    [
      'mailbox-full',
      "452-4.2.2 The recipient's inbox is out of storage space. Please direct the\n452 4.2.2 recipient to https://support.google.com/mail/?p=OverQuotaTemp a1 - gsmtp",
    ],
    [
      'mailbox-full',
      '552-5.2.2 The recipient’s inbox is out of storage space and inactive.\n552 5.2.2 https://support.google.com/mail/?p=OverQuotaPerm a1 - gsmtp',
    ],
    [
      'mailbox-disabled',
      '550-5.2.1 The email account that you tried to reach is inactive. For more\n550 5.2.1 information, go to https://support.google.com/mail/?p=DisabledUser a1 - gsmtp',
    ],
    [
      'too-many',
      '450-4.2.1 The user you are trying to contact is receiving mail too quickly.\n450-4.2.1 Please resend your message at a later time.\n450 4.2.1 https://support.google.com/mail/?p=ReceivingRate a1 - gsmtp',
    ],
    [
      'too-many',
      '450-4.2.1 The user you are trying to contact is receiving mail at a rate that\n450 4.2.1 prevents additional messages from being delivered. a1 - gsmtp',
    ],
    [
      'sender-not-authenticated',
      '550-5.7.26 This mail has been blocked because the sender is unauthenticated.\n550 5.7.26 Gmail requires all senders to authenticate with either SPF or DKIM.',
      'final',
    ],
    [
      'sender-not-authenticated',
      "550-5.7.26 Unauthenticated email from example.org is not accepted due to domain's\n550 5.7.26 DMARC policy. a1 - gsmtp",
      'final',
    ],
    [
      'sender-not-authenticated',
      '421-4.7.26 This mail has been rate limited because it is unauthenticated.\n421 4.7.26 a1 - gsmtp',
      'final',
    ],
    [
      'address-blocked',
      '550-5.7.25 The IP address sending this message does not have a PTR record setup,\n550 5.7.25 or the corresponding forward DNS entry does not point to the sending IP.',
      'final',
    ],
    [
      'too-many',
      '421-4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from\n421 4.7.28 your IP address. To protect our users from spam, mail has been temporarily rate limited.',
      'final',
    ],
    [
      'content-refused',
      '552-5.7.0 This message was blocked because its content presents a potential\n552 5.7.0 security issue.',
      'final',
    ],
    [
      'too-large',
      "552-5.3.4 Your message exceeded Google's message size limits. For more\n552 5.3.4 information, visit https://support.google.com/mail/?p=MaxSizeError a1 - gsmtp",
      'final',
    ],
    [
      'content-refused',
      '550-5.7.1 [192.0.2.1 12] Our system has detected that this message is\n550-5.7.1 likely unsolicited mail. To reduce the amount of spam sent to Gmail,\n550 5.7.1 this message has been blocked.',
      'final',
    ],
  ),
  ...list(
    'Microsoft 365',
    [
      'bad-address',
      '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient nobody@example.com not found by SMTP address lookup',
    ],
    [
      'bad-address',
      '550 5.4.1 Recipient address rejected: Access denied. [AM5EUR.prod.protection.outlook.com]',
    ],
    [
      'mailbox-full',
      '554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded',
      'final',
    ],
    ['loop', '554 5.4.14 Hop count exceeded - possible mail loop ATTR34', 'final'],
    [
      'address-blocked',
      '550 5.7.606 Access denied, banned sending IP [192.0.2.1]. To request removal from this list please visit https://sender.office.com/',
    ],
    ['address-blocked', '550 5.7.511 Access denied, banned sender[192.0.2.1].'],
    [
      'too-many',
      '451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation.',
    ],
    ['too-many', '550 5.2.121 RESOLVER.RST.RecipientThrottled; recipient throttled'],
    [
      'sender-not-authenticated',
      '550 5.7.509 Access denied, sending domain EXAMPLE.ORG does not pass DMARC verification and has a DMARC policy of reject.',
      'final',
    ],
    [
      'sender-not-authenticated',
      '550 5.7.23 The message was rejected because of Sender Policy Framework violation',
    ],
    ['bad-domain', '550 5.4.310 DNS domain exmaple.com does not exist [Message=InfoDomainNonexistent]'],
    ['dns-fault', '451 4.4.312 DNS query failed'],
    ['expired', '550 5.4.300 Message expired'],
    ['destination-down', '451 4.4.316 Connection refused [Message=Socket error code 10061]'],
    ['too-many', '452 4.5.3 Too many recipients'],
    [
      'too-many',
      '432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more information.',
      'final',
    ],
    [
      'authentication',
      '535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.',
      'auth',
    ],
    ['too-large', '552 5.3.4 Message size exceeds fixed maximum message size', 'mail'],
    ['content-refused', '550 5.7.1 Message rejected as spam by Content Filtering.', 'final'],
  ),
  ...list(
    'Exchange',
    ['bad-address', '550 5.1.1 User unknown'],
    ['bad-domain', '550 5.7.1 Unable to relay'],
    ['bad-domain', '550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain'],
    ['destination-down', '452 4.3.1 Insufficient system resources (TempQueue)', 'mail'],
    ['destination-down', '421 4.3.2 Service not available', 'greeting'],
    [
      'too-many',
      '421 4.3.2 The maximum number of concurrent server connections has exceeded a limit, closing transmission channel',
      'greeting',
    ],
    [
      'authentication',
      '530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM',
      'mail',
    ],
    ['mailbox-disabled', '550 5.2.1 Mailbox cannot be accessed'],
    ['too-large', '550 5.2.3 Message too large for this recipient'],
  ),
  ...list(
    'Exim',
    ['bad-domain', '550 Unrouteable address'],
    ['bad-domain', '550 relay not permitted'],
    ['bad-address', '550 no such user here'],
    ['greylisted', '451 Greylisted, please try again in 180 seconds'],
    ['destination-down', '451 Temporary local problem - please try later'],
    ['too-many', '421 example.com: SMTP command timeout - too many connections', 'greeting'],
    ['sender-not-authenticated', '550 Sender verify failed'],
    ['too-large', '552 Message size exceeds maximum permitted', 'mail'],
    ['loop', '550 Too many "Received" headers - suspected mail loop', 'final'],
    ['content-refused', '550 This message was classified as SPAM and may not be delivered', 'final'],
    ['content-refused', '550 This message contains malware (Eicar-Test-Signature)', 'final'],
    ['mailbox-full', '552 mailbox is full: retry timeout exceeded'],
  ),
  ...list(
    'Yahoo',
    ['bad-address', '552 1 Requested mail action aborted, mailbox not found', 'final'],
    [
      'bad-address',
      "554 delivery error: dd This user doesn't have a yahoo.com account (nobody@yahoo.com) [0]",
      'final',
    ],
    [
      'too-many',
      '421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints - 4.16.55.1',
      'greeting',
    ],
    [
      'content-refused',
      '554 5.7.9 Message not accepted for policy reasons. See https://postmaster.yahooinc.com/error-codes',
      'final',
    ],
    ['mailbox-full', '452 4.2.2 Mailbox over quota'],
  ),
  ...list(
    'Apple',
    ['bad-address', '550 5.1.1 unknown or illegal alias: nobody@icloud.com'],
    ['mailbox-full', '552 5.2.2 user over quota; cannot receive new mail'],
    [
      'content-refused',
      '554 5.7.1 [CS01] Message rejected due to local policy. Please visit https://support.apple.com/HT204137',
      'final',
    ],
    ['content-refused', '550 5.7.1 [HM08] Message rejected due to local policy.', 'final'],
    ['too-many', '450 4.7.1 Too many connections from your host; try again later'],
  ),
  ...list(
    'Proofpoint',
    ['address-blocked', '554 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1', 'greeting'],
    [
      'address-blocked',
      '421 Service not available: blocked - see https://support.proofpoint.com/dnsbl-lookup.cgi?ip=192.0.2.1',
      'greeting',
    ],
    ['bad-address', '550 5.1.1 User Unknown'],
    ['greylisted', '451 4.7.1 Greylisting in action, please come back later'],
  ),
  ...list(
    'Mimecast',
    ['bad-address', '550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550'],
    ['greylisted', '451 Internal resources are temporarily unavailable - Greylisting in effect'],
    [
      'address-blocked',
      '550 Rejected by header based Anti-Spoofing policy: connection refused, listed in RBL',
    ],
    ['bad-domain', '501 5.1.2 Bad destination host'],
    ['content-refused', '554 Email rejected due to security policies - MCSpamSignature.s.2', 'final'],
  ),
  ...list(
    'Zimbra',
    ['bad-address', '550 5.1.1 <nobody@example.com>: Recipient address rejected: example.com'],
    ['mailbox-full', '452 4.2.2 Over quota', 'final'],
    ['mailbox-disabled', '550 5.2.1 Account is not active'],
  ),
  ...list(
    'qmail',
    ['bad-domain', "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"],
    ['bad-address', '550 sorry, no mailbox here by that name. (#5.1.1)'],
    ['mailbox-full', '552 sorry, the recipient is over quota (#5.2.2)'],
    ['too-large', '552 sorry, that message size exceeds my databytes limit (#5.3.4)', 'final'],
    ['destination-down', '451 qq temporary problem (#4.3.0)', 'final'],
    ['loop', '554 too many hops, this message is looping (#5.4.6)', 'final'],
  ),
  ...list(
    'Sendmail',
    ['bad-address', '550 5.1.1 <nobody@example.com>... User unknown'],
    ['bad-domain', '550 5.7.1 <someone@example.org>... Relaying denied'],
    [
      'sender-not-authenticated',
      '553 5.1.8 <a@nowhere.invalid>... Domain of sender address a@nowhere.invalid does not exist',
      'mail',
    ],
    ['too-many', '452 4.4.5 Congestion; try again later', 'mail'],
    [
      'destination-down',
      '421 4.3.0 collect: Cannot write ./dfABC (bfcommit, uid=0, gid=25): No space left on device',
      'final',
    ],
    ['destination-down', '451 4.3.0 Too high load average'],
    ['loop', '554 5.4.6 Too many hops 26 (25 max)', 'final'],
    ['destination-down', '421 4.3.2 Load average too high', 'greeting'],
  ),
  ...list(
    'others',
    ['bad-address', '550 Requested action not taken: mailbox unavailable'],
    ['bad-address', '551 User not local; please try <anna@example.net>'],
    ['bad-address', '553 Requested action not taken: mailbox name not allowed'],
    ['destination-down', '421 Service shutting down', 'ehlo'],
    ['destination-down', '451 Requested action aborted: local error in processing', 'final'],
    ['unknown', '554 Transaction failed', 'final'],
    ['unknown', '550 Error', 'final'],
    ['unknown', '450 Not now, perhaps never', 'final'],
    ['mailbox-disabled', '550 The account is temporarily suspended'],
    ['mailbox-disabled', '550 5.2.0 This mailbox is disabled'],
    ['too-many', '450 4.7.0 You have exceeded your hourly message limit'],
    ['address-blocked', '550 5.7.1 Mail from IP 192.0.2.1 was rejected due to listing in Spamhaus PBL'],
    ['greylisted', '450 4.7.1 You are greylisted for 300 seconds'],
    ['greylisted', '451 4.7.1 Please try again in 5 minutes'],
    ['content-refused', '554 5.6.0 Message contains invalid header', 'final'],
    ['content-refused', '550 Attachment type .exe is prohibited', 'final'],
    [
      'sender-not-authenticated',
      '550 SPF check failed: 192.0.2.1 is not authorized to send for example.org',
      'mail',
    ],
    ['tls-fault', '550 5.7.10 Encryption needed', 'mail'],
  ),
]
