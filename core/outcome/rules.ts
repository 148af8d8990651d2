/**
 * The rules by which a reply becomes a category, as data: first by enhanced status (RFC 3463, 7372, 7505 and
 * what the large providers add), then by text, then by code. The first that matches wins. Statuses that
 * servers use for everything (5.7.1, 4.2.0, 5.0.0 …) are left out of the first table on purpose: their text
 * decides.
 *
 * A rule never says whether something is permanent: the reply's class does (see classify.ts).
 */
import type { Category, Phase, Side } from './types.ts'

export const SIDE: Record<Category, Side> = {
  accepted: 'destination',
  'bad-address': 'sender',
  'bad-domain': 'sender',
  'mailbox-full': 'recipient',
  'mailbox-disabled': 'recipient',
  'too-large': 'sender',
  'content-refused': 'destination',
  'address-blocked': 'us',
  'sender-not-authenticated': 'us',
  greylisted: 'destination',
  'too-many': 'destination',
  'destination-down': 'destination',
  unreachable: 'network',
  'timed-out': 'destination',
  'dns-fault': 'destination',
  'tls-fault': 'destination',
  authentication: 'us',
  loop: 'destination',
  expired: 'unknown',
  cancelled: 'sender',
  unknown: 'unknown',
}

/** `status`: subject and detail, `1.1`; a pattern over "x.y". `text` narrows it. */
export type StatusRule = { status: RegExp; text?: RegExp; category: Category }

const GREYLIST =
  /gr[ea]y[- ]?list|try (?:again|your message) in \d+ (?:sec|min)|deferred for \d+ (?:sec|min)/i

export const BY_STATUS: readonly StatusRule[] = [
  // Statuses with two meanings: the text decides first.
  { status: /^[27]\.[01]$/, text: GREYLIST, category: 'greylisted' },
  { status: /^2\.1$/, text: /too quickly|at a rate that|rate limit|too many/i, category: 'too-many' },
  { status: /^2\.1$/, text: /full|quota/i, category: 'mailbox-full' },
  { status: /^1\.10$/, text: /null ?mx|does not accept mail/i, category: 'bad-domain' },
  { status: /^1\.8$/, text: /rate|too many/i, category: 'too-many' },
  { status: /^4\.1$/, text: /recipient address rejected|access denied/i, category: 'bad-address' },
  { status: /^4\.4$/, text: /does not exist|no such domain|nxdomain/i, category: 'bad-domain' },
  { status: /^4\.[27]$/, text: GREYLIST, category: 'greylisted' },
  { status: /^3\.[02]$/, text: /too many|\brate|throttl|concurrent/i, category: 'too-many' },
  { status: /^3\.0$/, text: /no such user|user unknown/i, category: 'bad-address' },
  { status: /^4\.2$/, text: /submission rate|rate limit/i, category: 'too-many' },
  { status: /^4\.5$/, text: /disk space/i, category: 'destination-down' },
  { status: /^7\.9$/, text: /unauthenticated|\b(?:spf|dkim|dmarc)\b/i, category: 'sender-not-authenticated' },
  { status: /^7\.23$/, text: /\bptr\b/i, category: 'address-blocked' },
  { status: /^7\.0$/, text: /starttls/i, category: 'tls-fault' },
  { status: /^7\.0$/, text: /authentication (?:required|failed)/i, category: 'authentication' },
  { status: /^7\.9$/, text: /policy/i, category: 'content-refused' },
  { status: /^7\.28$/, category: 'too-many' },
  // Addresses.
  { status: /^1\.(?:1|3|6|10)$/, category: 'bad-address' },
  { status: /^1\.(?:2|4)$/, category: 'bad-domain' },
  { status: /^1\.(?:7|8|9)$/, category: 'sender-not-authenticated' },
  { status: /^6\.7$/, category: 'bad-address' },
  // Mailboxes.
  { status: /^2\.1$/, category: 'mailbox-disabled' },
  { status: /^2\.2$/, category: 'mailbox-full' },
  { status: /^2\.3$/, category: 'too-large' },
  { status: /^2\.12[12]$/, category: 'too-many' },
  // Systems.
  { status: /^3\.4$/, category: 'too-large' },
  { status: /^3\.[0-35]$/, category: 'destination-down' },
  { status: /^4\.1$/, category: 'unreachable' },
  { status: /^4\.2$/, category: 'destination-down' },
  { status: /^4\.(?:3|4|312)$/, category: 'dns-fault' },
  { status: /^4\.310$/, category: 'bad-domain' },
  { status: /^4\.5$/, category: 'too-many' },
  { status: /^4\.(?:6|14)$/, category: 'loop' },
  { status: /^4\.(?:7|300)$/, category: 'expired' },
  { status: /^4\.31[67]$/, category: 'destination-down' },
  // Content and policy.
  { status: /^6\.[0-9]+$/, category: 'content-refused' },
  { status: /^7\.(?:8|9|11|12|13|14)$/, category: 'authentication' },
  { status: /^7\.2[0-467]$/, category: 'sender-not-authenticated' },
  { status: /^7\.29$/, category: 'tls-fault' },
  { status: /^7\.(?:129|520)$/, category: 'content-refused' },
  { status: /^7\.60$/, category: 'sender-not-authenticated' },
  { status: /^7\.(?:509|515|23|30)$/, category: 'sender-not-authenticated' },
  { status: /^7\.25$/, category: 'address-blocked' },
  { status: /^7\.(?:5\d\d|6\d\d|7\d\d)$/, text: /throttl|rate|too many|temporar/i, category: 'too-many' },
  { status: /^7\.(?:51[1-3]|60[6-9]|6[1-4]\d|7\d\d)$/, category: 'address-blocked' },
  { status: /^7\.10$/, category: 'tls-fault' },
]

export type TextRule = { text: RegExp; phase?: readonly Phase[]; category: Category }

/** Order matters: the special before the general. */
export const BY_TEXT: readonly TextRule[] = [
  { text: GREYLIST, category: 'greylisted' },
  {
    text: /starttls|must use tls|tls (?:is )?required|encryption (?:required|needed)|certificate/i,
    category: 'tls-fault',
  },
  // Of an address, and not of a domain: Exim's words for somebody whom it does not have.
  {
    text: /null mx|domain (?:not found|does not exist|is not (?:hosted|local)|isn'?t in)|no such domain|unrout(?:e)?able(?! address)|bad destination (?:host|system)|unknown domain|not? (?:a )?local(?:ly)? (?:hosted )?domain/i,
    category: 'bad-domain',
  },
  {
    text: /relay(?:ing)? (?:access )?(?:denied|not (?:allowed|permitted))|unable to relay|not permitted to relay|we do not relay|rcpthosts/i,
    category: 'bad-domain',
  },
  {
    text: /authentication (?:is )?(?:required|failed|unsuccessful)|must authenticate|auth(?:entication)? (?:credentials )?invalid|bad (?:username|credentials)|password not accepted/i,
    category: 'authentication',
  },
  {
    text: /ip(?: address)?(?:=\S+)? (?:is |- )?(?:\S+ )?(?:address )?blocked|ip you're using|credentials for relay/i,
    category: 'address-blocked',
  },
  { text: /sender address rejected|permissions to send as/i, category: 'sender-not-authenticated' },
  { text: /too many hops|mail loop|loops? back|routing loop|hop count/i, category: 'loop' },
  {
    text: /(?:message|mail|size|e-?mail) (?:is |was )?(?:too (?:large|big)|exceeds)|size limit|exceeds? (?:the )?(?:maximum|fixed|allowed|configured)|message file too big|max(?:imum)? (?:message |e-?mail )?size/i,
    category: 'too-large',
  },
  {
    text: /over ?quota|quota (?:is )?(?:exceeded|full)|exceeded (?:the )?(?:storage|quota|disk)|mail ?box (?:is |size )?(?:full|exceed)|mailfolder is full|not enough (?:disk )?space in|storage (?:is )?full|is full\b|disk quota|exceeded storage allocation/i,
    category: 'mailbox-full',
  },
  {
    text: /(?:account|mail ?box|user|recipient|address) (?:is |has been |was )?(?:currently )?(?:temporarily )?(?:disabled|inactive|suspended|deactivated|locked|closed|blocked|not active|not available for)|not accepting (?:messages|mail)|dormant|no longer (?:in use|active|available|accept)/i,
    category: 'mailbox-disabled',
  },
  {
    text: /user (?:is )?unknown|unknown (?:user|recipient|local|address|mailbox|or illegal alias)|no such (?:user|mailbox|recipient|address|person|account)|(?:user|recipient|mailbox|account|address)(?: <[^>]*>)? (?:was |is |has )?(?:not (?:found|known|exist)|unknown|unavailable|invalid|doesn'?t exist|does not exist|rejected)|(?:user|mailbox|account|recipient)\S* doesn'?t (?:exist|have)|does not exist|not a valid (?:recipient|mailbox|user)|invalid (?:recipient|mailbox|address|user)|no mailbox (?:here )?by that name|not listed in|bad (?:recipient|address)|recipient\S* not (?:found|allowed)|no (?:one|user) (?:by|with) that name|can'?t (?:find|verify) (?:this )?(?:user|recipient)|doesn'?t have an? \S+ account|recipnotfound|unrouteable address|alias(?:es)? not found|recipient address rejected|relay recipient/i,
    category: 'bad-address',
  },
  {
    text: /\b(?:spf|dkim|dmarc)\b|unauthenticated (?:e?mail|sender)|sender (?:policy|verif|id)|not authorized to send|sender address (?:rejected|verification)|domain of sender|sender'?s domain/i,
    category: 'sender-not-authenticated',
  },
  {
    text: /rate[- ]?limit|too many (?:open |concurrent )?(?:connections|messages|recipients|sessions|concurrent|errors|mails|emails|requests|unknown)|too (?:fast|much mail)|thrott?l|exceed\w* (?:the |your )?(?:rate|connection|maximum number|hourly|daily|message)|(?:connection|hourly|daily|sending) (?:rate|limit)|unusual rate|unexpected volume|user complaints|slow down|concurrent connections/i,
    category: 'too-many',
  },
  {
    text: /block(?:ed)? ?list|black ?list|deny ?list|\bdnsbl\b|\brbl\b|spamhaus|spamcop|barracuda|sorbs|cloudmark|senderscore|uceprotect|proofpoint\.com|poor reputation|bad reputation|reputation|banned|(?:ip|host|client|address|network|connection)\S* (?:is |was |has been )?(?:blocked|rejected|refused|listed|not allowed|denied)|reverse dns|\bptr\b|rdns|client host|access denied|no ptr|blocked using|listed (?:at|by|in|on)/i,
    category: 'address-blocked',
  },
  {
    text: /spam|virus|malware|infected|phish|content (?:rejected|refused|denied|filter|not allowed)|message (?:content )?(?:rejected|refused|blocked|denied|considered|looks|contains)|policy (?:reason|violation|rejection|restriction)|local policy|(?:rejected|refused|denied|blocked) (?:by|for|due to|because of|per) (?:\w+ )?(?:policy|content|administrative|header|body)|blocked because|attachment|prohibited|not rfc ?5322|banned (?:content|extension)|unsolicited|bulk mail|url|administrative prohibition/i,
    category: 'content-refused',
  },
  {
    text: /insufficient (?:system )?(?:storage|resources|disk)|(?:server|system|service|resources?)\S* (?:is |are )?(?:temporarily )?(?:busy|down|unavailable|not available|overloaded|shutting down|not accepting)|shutting down|try (?:again )?later|local (?:error|problem)|internal (?:server )?error|temporar(?:y|ily)|queue file write error|out of memory|maintenance|service not available|backend|lookup failure|too busy|high load|load average|timeout|timed out/i,
    category: 'destination-down',
  },
]

/** By code, for what is left. */
export const BY_CODE: Readonly<Record<number, Category>> = {
  421: 'destination-down',
  431: 'destination-down',
  432: 'destination-down',
  441: 'destination-down',
  442: 'destination-down',
  447: 'expired',
  451: 'destination-down',
  452: 'destination-down',
  454: 'tls-fault',
  521: 'bad-domain',
  523: 'too-large',
  530: 'authentication',
  534: 'authentication',
  535: 'authentication',
  538: 'authentication',
  552: 'too-large',
  556: 'bad-domain',
}

/** 550, 551, 553 mean the address when they answer RCPT, and are too vague elsewhere. */
export const BY_CODE_AT_RCPT: Readonly<Record<number, Category>> = {
  550: 'bad-address',
  551: 'bad-address',
  553: 'bad-address',
}

/** Errors of the network and of the client library, by code. */
export const BY_ERROR: Readonly<Record<string, Category>> = {
  ECONNREFUSED: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETDOWN: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EACCES: 'unreachable',
  ETIMEDOUT: 'timed-out',
  ESOCKETTIMEDOUT: 'timed-out',
  ECONNRESET: 'destination-down',
  ECONNABORTED: 'destination-down',
  EPIPE: 'destination-down',
  ECONNECTION: 'destination-down',
  EPROTOCOL: 'destination-down',
  ESOCKET: 'destination-down',
  ENOTFOUND: 'dns-fault',
  ENODATA: 'dns-fault',
  ESERVFAIL: 'dns-fault',
  EREFUSED: 'dns-fault',
  ETIMEOUT: 'dns-fault',
  EAI_AGAIN: 'dns-fault',
  EDNS: 'dns-fault',
  ETLS: 'tls-fault',
  EPROTO: 'tls-fault',
  CERT_HAS_EXPIRED: 'tls-fault',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls-fault',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls-fault',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls-fault',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls-fault',
  EREQUIRETLS: 'tls-fault',
  EAUTH: 'authentication',
  ENOAUTH: 'authentication',
}
