/** Replies of the large providers of mailboxes: test data of the classifier, and the place for what was judged wrong. */
import { type Known, list } from './known.ts'

export const mailboxes: readonly Known[] = [
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
    [
      'bad-address',
      '550-5.1.1 The email account that you tried to reach is over quota or does not exist.\n550 5.1.1 Learn more at https://support.google.com/mail/?p=NoSuchUser - gsmtp',
    ],
    [
      'bad-address',
      '553 5.1.3 The recipient address <anna@example..com> is not a valid RFC 5321 address. - gsmtp',
    ],
    [
      'mailbox-disabled',
      '550 5.2.1 The email account that you tried to reach is disabled. Learn more at https://support.google.com/mail/?p=DisabledUser - gsmtp',
    ],
    [
      'too-many',
      '550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered. https://support.google.com/mail/?p=ReceivingRatePerm - gsmtp',
    ],
    [
      'too-many',
      '550 5.4.5 Daily user sending limit exceeded. https://support.google.com/mail/?p=UsersSendingLimits - gsmtp',
      'mail',
    ],
    [
      'too-many',
      '452 4.5.3 Your message has too many recipients. https://support.google.com/mail/?p=TooManyRecipientsError - gsmtp',
    ],
    [
      'authentication',
      '530-5.5.1 Authentication Required. Learn more at\n530 5.5.1 https://support.google.com/mail/?p=WantAuthError - gsmtp',
      'mail',
    ],
    [
      'authentication',
      '534-5.7.9 Application-specific password required. Learn more at\n534 5.7.9 https://support.google.com/mail/?p=InvalidSecondFactor - gsmtp',
      'auth',
    ],
    [
      'authentication',
      '535-5.7.8 Username and Password not accepted. Learn more at\n535 5.7.8 https://support.google.com/mail/?p=BadCredentials - gsmtp',
      'auth',
    ],
    [
      'address-blocked',
      "550 5.7.1 Invalid credentials for relay [192.0.2.1]. The IP address you've registered in your Workspace SMTP Relay service doesn't match the domain of the account.",
      'mail',
    ],
    [
      'address-blocked',
      "550-5.7.1 [192.0.2.1] The IP you're using to send mail is not authorized to\n550-5.7.1 send email directly to our servers. Please use the SMTP relay at your\n550 5.7.1 service provider instead.",
      'final',
    ],
    [
      'sender-not-authenticated',
      '550 5.7.26 The MAIL FROM domain [example.org] has an SPF record with a hard fail policy (-all) but it fails to pass SPF checks with the ip: [192.0.2.1].',
      'final',
    ],
    [
      'sender-not-authenticated',
      "421 4.7.30 This email has been rate limited because DKIM authentication didn't pass. - gsmtp",
      'final',
    ],
    [
      'sender-not-authenticated',
      "550 5.7.27 This email has been blocked because the sender is unauthenticated. SPF authentication didn't pass. - gsmtp",
      'final',
    ],
    [
      'address-blocked',
      "421 4.7.23 This email has been rate limited because the sending IP address doesn't have a PTR record. - gsmtp",
      'final',
    ],
    [
      'tls-fault',
      "550 5.7.29 This email has been blocked because it isn't sent over a TLS connection. - gsmtp",
      'final',
    ],
    [
      'tls-fault',
      "421 4.7.29 This email has been rate limited because it wasn't sent over a TLS connection. - gsmtp",
      'final',
    ],
    [
      'too-many',
      '421 4.7.0 This message is suspicious due to the very low reputation of the sending IP address; your mail has been temporarily rate limited.',
      'final',
    ],
    [
      'address-blocked',
      '550 5.7.1 This message is likely suspicious due to the very low reputation of the sending domain. To best protect our users from spam, the message has been blocked.',
      'final',
    ],
    ['destination-down', '421 4.3.0 Temporary System Problem. Try again later - gsmtp', 'final'],
    ['destination-down', '451 4.3.0 Mail server temporarily rejected message. - gsmtp', 'final'],
    ['loop', '554 5.4.6 Message exceeded 50 hops, this may indicate a mail loop. - gsmtp', 'final'],
    [
      'content-refused',
      "550-5.7.1 Our system has detected that this message is not RFC 5322 compliant:\n550 5.7.1 'From' header is missing. To reduce the amount of spam sent to Gmail, this message has been blocked.",
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
    ['bad-address', '550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).'],
    ['bad-address', '550 5.1.1 RESOLVER.ADR.ExRecipNotFound; not found'],
    [
      'bad-address',
      '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup',
      'final',
    ],
    [
      'bad-address',
      '550 5.4.1 [anna@example.com]: Recipient address rejected: Access denied [VI1EUR04FT012.eop-eur04.prod.protection.outlook.com]',
    ],
    [
      'mailbox-full',
      "452 4.2.2 The recipient's mailbox is full and can't accept messages now. Please try resending your message later",
      'final',
    ],
    ['mailbox-full', '550 5.2.2 RESOLVER.QuotaExceeded; mailbox is over the quota', 'final'],
    [
      'mailbox-full',
      "552 5.2.2 This message is larger than the current system limit or the recipient's mailbox is full.",
      'final',
    ],
    [
      'mailbox-disabled',
      '550 5.2.1 STOREDRV.Deliver; delivery disabled, account is disabled: AccountDisabledException.MapiExceptionAccountDisabled',
      'final',
    ],
    ['too-large', '550 5.2.3 RESOLVER.RST.RecipSizeLimit; message too large for this recipient', 'final'],
    ['too-large', '552 5.3.4 SMTPSEND.OverAdvertisedSize; message size exceeds advertised maximum', 'mail'],
    [
      'content-refused',
      '550 5.7.520 Access denied, Your organization does not allow external forwarding. Please contact your administrator for further assistance. AS(7555)',
      'final',
    ],
    ['authentication', '550 5.7.1 RESOLVER.RST.AuthRequired; authentication required', 'final'],
    [
      'content-refused',
      '550 5.7.1 TRANSPORT.RULES.RejectMessage; the message was rejected by organization policy',
      'final',
    ],
    [
      'content-refused',
      "550 5.7.129 RESOLVER.RST.RestrictedToRecipientsPermission; not authorized to send to the recipient because the sender isn't on the recipient's list of allowed senders",
      'final',
    ],
    [
      'address-blocked',
      "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140).",
      'mail',
    ],
    [
      'address-blocked',
      '550 5.7.1 Service unavailable, Client host [192.0.2.1] blocked using Spamhaus. To request removal from this list see https://www.spamhaus.org/query/ip/192.0.2.1 (AS3130).',
      'greeting',
    ],
    [
      'address-blocked',
      '550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP. For more information please go to http://go.microsoft.com/fwlink/?LinkId=526653',
      'final',
    ],
    [
      'too-many',
      "550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients",
      'final',
    ],
    [
      'too-many',
      '554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; message rate limit exceeded',
      'final',
    ],
    ['destination-down', '451 4.3.2 Temporary server error. Please try again later ATTR3.1', 'final'],
    [
      'too-many',
      "421 RP-001 (BAY004-MC1F12) Unfortunately, some messages from 192.0.2.1 weren't sent. The mail server IP connecting to Outlook.com server has exceeded the rate limit allowed.",
      'mail',
    ],
    [
      'too-many',
      '451 4.7.652 The mail server [192.0.2.1] has exceeded the maximum number of connections. (S3114)',
      'greeting',
    ],
    [
      'destination-down',
      '451 4.7.500 Server busy. Please try again later from [192.0.2.1]. (AS77714442)',
      'final',
    ],
    ['destination-down', '421 4.3.2 The mail server is temporarily unavailable', 'greeting'],
    [
      'tls-fault',
      '451 5.7.3 STARTTLS is required to send mail [DB5EUR03FT030.eop-EUR03.prod.protection.outlook.com]',
      'mail',
    ],
    [
      'sender-not-authenticated',
      "550 5.7.515 Access denied, sending domain EXAMPLE.ORG doesn't meet the required authentication level.",
      'final',
    ],
    [
      'bad-domain',
      '550 5.7.64 TenantAttribution; Relay Access Denied [DB5EUR01FT008.eop-EUR01.prod.protection.outlook.com]',
    ],
    ['sender-not-authenticated', '501 5.1.8 Access denied, bad outbound sender AS(42003)', 'mail'],
    ['expired', '550 5.4.7 Message expired, delivery time exceeded', 'final'],
    ['loop', '554 5.4.6 Hop count exceeded - possible mail loop', 'final'],
    [
      'dns-fault',
      '450 4.4.312 DNS query failed [Message=ErrorRetry] [LastAttemptedServerName=example.com]',
      'final',
    ],
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
    ['bad-address', '550 5.1.1 <nobody@yahoo.com>: Recipient address rejected: nobody does not exist here'],
    [
      'mailbox-disabled',
      '554 30 Sorry, your message to anna@yahoo.com cannot be delivered. This mailbox is disabled (554.30).',
      'final',
    ],
    [
      'too-many',
      '421 4.16.55 [TSS11] All messages from 192.0.2.1 will be permanently deferred; Retrying will NOT succeed. Too many user complaints',
      'greeting',
    ],
    [
      'too-many',
      '451 4.7.0 [GL01] Message from (192.0.2.1) temporarily deferred - 4.16.50. Too many messages',
      'greeting',
    ],
    [
      'too-many',
      '421 4.7.1 [TS01] Messages from 192.0.2.1 temporarily deferred due to user complaints - 4.16.55.1',
      'greeting',
    ],
    [
      'address-blocked',
      "553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.1, because the ip is in Spamhaus's list; see http://postmaster.yahoo.com/550-bl23.html",
      'greeting',
    ],
    [
      'sender-not-authenticated',
      '550 5.7.9 This mail has been blocked because the sender is unauthenticated. Yahoo requires all senders to authenticate with either SPF or DKIM.',
      'final',
    ],
    [
      'content-refused',
      '554 5.7.9 Email not accepted for policy reasons. Please visit https://postmaster.yahooinc.com/error-codes',
      'final',
    ],
    ['destination-down', '451 4.3.2 Internal error reading data', 'final'],
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
    ['bad-address', '550 5.1.6 recipient no longer on server: anna@icloud.com'],
    ['mailbox-full', '452 4.2.2 mailbox full or over quota'],
    [
      'address-blocked',
      '550 5.7.0 Blocked - see https://support.proofpoint.com/dnsbl-lookup.cgi?ip=192.0.2.1',
      'greeting',
    ],
    [
      'sender-not-authenticated',
      "554 5.7.1 Your message was rejected due to example.org's DMARC policy. See https://support.apple.com/en-us/HT204137 for info",
      'final',
    ],
    ['too-large', '552 5.3.4 Message size exceeds fixed limit', 'mail'],
    [
      'content-refused',
      '554 5.7.1 [CS01] Message rejected due to local policy. See http://support.apple.com/kb/HT204137 for more info',
      'final',
    ],
  ),
]
