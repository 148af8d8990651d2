/**
 * Every setting of the gateway: its name, what it means, its unit and its default, in one table.
 *
 * Settings come from the environment and from `.env` in the working directory (the environment wins). They
 * are read once, at the start of a process. A wrong or an unknown one stops the start with one line that
 * says which and why: a gateway that guesses is a gateway that loses mail. docs/settings.md is generated
 * from this table.
 */
import { existsSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { isAbsolute, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { z } from 'zod'
import { parseNetworks } from './networks.ts'
import { parseZones, type Zone } from './zones.ts'

/** A setting that can't be used. The message is one line, fit for stderr. */
export class SettingsError extends Error {
  override name = 'SettingsError'
}

const port = (fallback: number) => z.coerce.number().int().min(1).max(65535).default(fallback)
const optionalText = z.string().min(1).optional()
const count = (fallback: number) => z.coerce.number().int().min(0).default(fallback)
const networks = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .superRefine((value, context) => {
      try {
        parseNetworks(value)
      } catch (error) {
        context.addIssue({ code: 'custom', message: (error as Error).message })
      }
    })
/** A list of whole numbers, rising. */
const minutes = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .refine(value => /^\d{1,6}(?:\s*,\s*\d{1,6})*$/.test(value), {
      message: 'must be whole numbers separated by commas',
    })
    .transform(value =>
      value
        .split(',')
        .map(Number)
        .filter(number => number > 0)
        .toSorted((a, b) => a - b),
    )
const bytes = (fallback: number) => z.coerce.number().int().min(1024).default(fallback)

function urlOf(...schemes: string[]) {
  return z
    .string()
    .refine(value => schemes.some(scheme => value.startsWith(`${scheme}:`)) && URL.canParse(value), {
      message: `must be a URL that begins with ${schemes.map(s => `${s}:`).join(' or ')}`,
    })
}

/** Several URLs, separated by commas or blanks. */
function urlsOf(...schemes: string[]) {
  const one = urlOf(...schemes)
  return z
    .string()
    .default('')
    .superRefine((value, context) => {
      for (const url of listOf(value)) {
        const issue = one.safeParse(url).error?.issues[0]
        if (issue) context.addIssue({ code: 'custom', message: `${issue.message}, or several` })
      }
    })
    .transform((value): readonly string[] => listOf(value))
}
const listOf = (value: string) => value.split(/[\s,]+/).filter(Boolean)

/** name → [schema, what it means]. The order is the order of docs/settings.md. */
export const definitions = {
  RESTANTE_DATA: [
    z.string().min(1).default('./data'),
    'Folder of everything that must survive a restart: spool, embedded databases, secret, certificate.',
  ],
  RESTANTE_HOSTNAME: [
    z.string().min(1).optional(),
    "The name this gateway greets with and writes into trace headers. Default: the machine's own name.",
  ],
  RESTANTE_SECRET: [
    z.string().min(16, 'must have at least 16 characters').optional(),
    'The secret from which all keys are derived (spool, stored passwords, sessions). When unset it is made once and kept in the data folder. Losing it means losing what is encrypted with it: back it up.',
  ],
  RELAY_HOST: [z.string().min(1).default('0.0.0.0'), 'Address that the relay listens on for SMTP.'],
  RELAY_PORT: [port(2525), 'Port for inbound SMTP. Point port 25 of the machine at it.'],
  RELAY_BARE_NEWLINES: [
    z.enum(['normalize', 'refuse']).default('normalize'),
    'What becomes of a bare CR or LF in a message: made a space or CRLF (as Postfix does), or the message is refused. Neither ever ends a message.',
  ],
  RELAY_PROXY_NETWORKS: [
    networks(''),
    'Networks of load balancers: a connection from there must begin with a PROXY header (version 1 or 2), which is believed. Separated by commas.',
  ],
  RELAY_XCLIENT_NETWORKS: [
    networks(''),
    "Networks of mail filters in front that may tell us the client's address by XCLIENT. Separated by commas.",
  ],
  RELAY_EXEMPT_NETWORKS: [
    networks('127.0.0.0/8, ::1'),
    "Networks to which the limits per client, the rates and the greeting's wait don't apply. Separated by commas.",
  ],
  RELAY_GREETING_DELAY: [
    z.coerce.number().int().min(0).max(30_000).default(200),
    'Milliseconds that an unknown client has to keep quiet before it is greeted; one that talks is sent away. Who has sent us mail before does not wait.',
  ],
  RELAY_CONNECTIONS: [
    z.coerce.number().int().min(10).default(10_000),
    'Connections at once. When they are all taken, the one that has been idle longest makes room.',
  ],
  RELAY_CONNECTIONS_PER_CLIENT: [
    z.coerce.number().int().min(1).default(100),
    'Connections at once from one address; four times as many from its network (/24, /64).',
  ],
  RELAY_RATE_CONNECTIONS: [
    count(600),
    'Connections a minute from one address; four times as many from its network. 0: no limit, as for all rates.',
  ],
  RELAY_RATE_MESSAGES: [
    count(3_000),
    'Messages a minute from one address; four times as many from its network.',
  ],
  RELAY_RATE_RECIPIENT: [count(600), 'Messages a minute to one recipient.'],
  RELAY_RATE_DOMAIN: [count(0), 'Recipients a minute of one domain.'],
  RELAY_RATE_BOUNCES: [
    count(60),
    'Messages a minute with an empty sender to one recipient; twenty times as many to one domain.',
  ],
  RELAY_RATE_UNKNOWN: [
    count(300),
    'Unknown recipients a minute from one network, before its connections are put off.',
  ],
  RELAY_TRANSACTION_TIME: [
    z.coerce.number().int().min(10).default(600),
    'Seconds that a client has for a message, from MAIL to the end of data, besides the time for its size at 2 KiB/s.',
  ],
  SUBMISSION_PORT: [
    port(2587),
    'Port for submission with STARTTLS (RFC 6409): people with their password or an app password, mail servers of ours by network or password.',
  ],
  SUBMISSIONS_PORT: [port(2465), 'Port for submission over implicit TLS (RFC 8314).'],
  WEBMAIL_HOST: [optionalText, 'Address that the webmail listens on. Default: all of them, IPv6 and IPv4.'],
  WEBMAIL_PORT: [port(3000), 'Port of the webmail, the admin pages, JMAP and the API.'],
  PUBLIC_URL: [
    urlOf('http', 'https').optional(),
    'The address under which browsers reach the webmail. Default: http://localhost:WEBMAIL_PORT.',
  ],
  METRICS_PORT: [
    port(9464),
    'Port of /metrics and /healthz of the relay, on loopback; the worker takes the next one.',
  ],
  METRICS_HOST: [z.string().min(1).default('127.0.0.1'), 'Address that /metrics and /healthz listen on.'],
  REDIS_URL: [
    urlOf('redis', 'rediss').optional(),
    'A Redis server that somebody else runs. Default: an embedded one in the data folder.',
  ],
  DATABASE_URL: [
    urlOf('postgres', 'postgresql').optional(),
    'A PostgreSQL server (15 or newer) that somebody else runs. Default: an embedded one in the data folder.',
  ],
  SPOOL_URL: [
    urlOf('file', 's3').optional(),
    'Where accepted messages are kept: file:/folder or s3://bucket/prefix?endpoint=…&region=…. Default: spool in the data folder.',
  ],
  SPOOL_ENCRYPT: [
    z.enum(['on', 'off']).default('on'),
    'Encrypt message contents in the spool (AES-256-GCM, key derived from RESTANTE_SECRET).',
  ],
  SPOOL_MINIMUM_FREE: [
    z.coerce.number().min(0).max(90).default(10),
    'Percent of the disk and of its inodes that must be free: below it new mail is put off (452), below half of it at the greeting (421), and deliveries pause. They resume by themselves.',
  ],
  RSPAMD_URL: [
    urlsOf('http', 'https'),
    'Addresses of rspamd workers that scan mail, http://host:11333; a password as http://:PASSWORD@host:11333. Several separated by commas: the next one is asked when one fails.',
  ],
  RSPAMD_CONTROLLER_URL: [
    urlsOf('http', 'https'),
    'Addresses of the rspamd controller that learns from what people release and mark, http://:PASSWORD@host:11334.',
  ],
  SPAMD_URL: [
    urlsOf('tcp', 'unix'),
    "Addresses of SpamAssassin's spamd, tcp://host:783 or unix:/path, as RSPAMD_URL.",
  ],
  CLAMD_URL: [
    urlsOf('tcp', 'unix'),
    'Addresses of clamd, tcp://host:3310 or unix:/path, as RSPAMD_URL. Its StreamMaxLength belongs above MAX_MESSAGE_SIZE.',
  ],
  QUARANTINE_DAYS: [
    z.coerce.number().int().min(1).max(365).default(30),
    'Days that spam stays in Junk folders and other mail in the quarantine, when nobody releases it. Then it goes, and nobody is told.',
  ],
  QUARANTINE_DIGEST_HOUR: [
    z.coerce.number().int().min(0).max(23).default(7),
    'Hour of the day, in the time zone of the machine (TZ), from which the daily mail about new junk is sent to those who get one.',
  ],
  SUBMISSION_RATE_PERSON: [
    z
      .string()
      .regex(/^\d{1,9}(\/\d{1,9})?$/, 'a number of messages, or messages/recipients')
      .default('200/1000'),
    'Messages an hour that one person can send, and recipients of them: 200/1000. More is put off, and admins are told. 0: no limit.',
  ],
  DNS_SERVERS: [
    optionalText,
    'Name servers to ask, host or host:port, separated by commas. Default: those of the system.',
  ],
  DNSBL_ZONES: [
    optionalText.superRefine((value, context) => {
      try {
        parseZones(value ?? '')
      } catch (error) {
        context.addIssue({ code: 'custom', message: (error as Error).message })
      }
    }),
    'DNS block lists to ask about the client, with what a listing means: zen.spamhaus.org=reject, bl.example=mark. Separated by commas. Default: none.',
  ],
  ARC_DOMAIN: [
    optionalText,
    'Domain that stands in our ARC seals (for domains that have scan setting arc=true). Default: RESTANTE_HOSTNAME.',
  ],
  ARC_SELECTOR: [
    z
      .string()
      .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i, 'must be one label of a domain name')
      .default('restante'),
    'Selector of the key of our ARC seals: DNS has it at SELECTOR._domainkey.ARC_DOMAIN.',
  ],
  ARC_KEY: [
    optionalText,
    'File with the private RSA key of our ARC seals in PEM form. Default: arc.pem in the data folder, made at its first use.',
  ],
  ARC_TRUSTED: [
    optionalText,
    "Domains of sealers that are believed when DMARC fails for what they forwarded, separated by commas: google.com, for example. Default: nobody's.",
  ],
  TLS_CERT: [
    optionalText,
    'File with the certificate chain in PEM form. Default: a self-signed one, made at the first start.',
  ],
  TLS_KEY: [optionalText, 'File with the private key of TLS_CERT in PEM form.'],
  TLS_FOLDER: [
    optionalText,
    'Folder with further certificates, each for the clients that ask for its name (SNI): NAME.pem with chain and key, or NAME.crt and NAME.key. New and changed files are taken up without a restart, as TLS_CERT is.',
  ],
  OUTBOUND_PORT: [
    port(25),
    'Port of other mail servers that mail goes out to by MX. Another one is for test installations.',
  ],
  OUTBOUND_PRIVATE: [
    z.enum(['refuse', 'allow']).default('refuse'),
    'What becomes of mail to a domain whose MX leads to a private network: an MX record is something that a stranger wrote. allow: for installations inside one.',
  ],
  OUTBOUND_DNSSEC: [
    z.enum(['auto', 'on', 'off']).default('auto'),
    'Whether the name servers are believed when they say that an answer is authentic (DNSSEC), which DANE needs. auto: when all of them are on this machine. on: the way to them is safe too.',
  ],
  OUTBOUND_NOTICE_LIKELY_WRONG: [
    count(15),
    'Minutes after which a sender is told that a message is stuck when the cause is likely theirs to mend: a wrong address, a full mailbox. 0: not before OUTBOUND_NOTICE_DELAYS.',
  ],
  OUTBOUND_NOTICE_DELAYS: [
    minutes('60,1440'),
    'Minutes after which a sender is told that a message is stuck for any other reason, separated by commas.',
  ],
  OUTBOUND_GIVE_UP: [
    z.coerce.number().min(1).max(720).default(48),
    'Hours after which a message to the outside that nobody accepted is given up, and its sender told. What senders are promised follows it.',
  ],
  TELL_PRIVATE: [
    z.enum(['refuse', 'allow']).default('refuse'),
    'What becomes of messages to webhooks and push services whose name leads to a private network. allow: for receivers that stand inside, where whoever may add channels may be trusted with what else is there.',
  ],
  MAX_MESSAGE_SIZE: [bytes(52_428_800), 'Largest message accepted, in bytes.'],
  LOG_LEVEL: [
    z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
    'How much is logged.',
  ],
} as const satisfies Record<string, readonly [z.ZodType, string]>

type Name = keyof typeof definitions
type Raw = { [N in Name]: z.output<(typeof definitions)[N][0]> }

/** The settings of one process, after validation. Paths are absolute. */
export type Settings = Readonly<
  Omit<
    Raw,
    'RESTANTE_HOSTNAME' | 'PUBLIC_URL' | 'SPOOL_URL' | 'DNS_SERVERS' | 'DNSBL_ZONES' | 'ARC_TRUSTED'
  > & {
    RESTANTE_HOSTNAME: string
    PUBLIC_URL: string
    SPOOL_URL: string
    DNS_SERVERS: readonly string[]
    DNSBL_ZONES: readonly Zone[]
    ARC_TRUSTED: readonly string[]
  }
>

/** Prefixes that belong to us: a variable that starts so and is not in the table is a typing mistake. */
const OUR_PREFIXES = [
  'RESTANTE_',
  'RELAY_',
  'SUBMISSION',
  'WEBMAIL_',
  'SPOOL_',
  'METRICS_',
  'QUARANTINE_',
  'OUTBOUND_',
  'RSPAMD_',
  'SPAMD_',
  'CLAMD_',
  'DNSBL_',
  'ARC_',
  'TELL_',
]
/** Set by our own processes for their children; not for people. */
const INTERNAL = new Set(['RESTANTE_STARTED_BY', 'RESTANTE_DEMO_CONTROL', 'RESTANTE_BREAKPOINTS'])

/**
 * Reads and validates the settings.
 *
 * @param environment defaults to the process's own
 * @param folder where `.env` is looked for and relative paths start
 * @throws SettingsError with one line for the first setting that can't be used
 */
export function loadSettings(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  folder = process.cwd(),
): Settings {
  const file = resolve(folder, '.env')
  const fromFile = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}
  for (const name of Object.keys(fromFile)) {
    if (!(name in definitions)) throw new SettingsError(`${name} in .env is not a setting of Restante`)
  }
  for (const name of Object.keys(environment)) {
    if (name in definitions || INTERNAL.has(name)) continue
    if (OUR_PREFIXES.some(prefix => name.startsWith(prefix))) {
      throw new SettingsError(`${name} is not a setting of Restante`)
    }
  }
  const raw: Record<string, unknown> = {}
  for (const [name, [schema]] of Object.entries(definitions)) {
    // An empty variable is an unset one, as compose files and systemd units write it.
    const value = environment[name] || fromFile[name] || undefined
    const result = schema.safeParse(value)
    if (!result.success) {
      throw new SettingsError(`${name} ${JSON.stringify(value)}: ${result.error.issues[0]?.message}`)
    }
    raw[name] = result.data
  }
  return complete(raw as Raw, folder)
}

function complete(raw: Raw, folder: string): Settings {
  if (Boolean(raw.TLS_CERT) !== Boolean(raw.TLS_KEY)) {
    throw new SettingsError('TLS_CERT and TLS_KEY must be set together')
  }
  const absolute = (path: string) => (isAbsolute(path) ? path : resolve(folder, path))
  const data = absolute(raw.RESTANTE_DATA)
  const ports: Name[] = ['RELAY_PORT', 'SUBMISSION_PORT', 'SUBMISSIONS_PORT', 'WEBMAIL_PORT', 'METRICS_PORT']
  const taken = new Map<number, string>()
  for (const name of ports) {
    const value = raw[name] as number
    const other = taken.get(value)
    if (other) throw new SettingsError(`${name} ${value}: the same port as ${other}`)
    taken.set(value, name)
  }
  return Object.freeze({
    ...raw,
    RESTANTE_DATA: data,
    RESTANTE_HOSTNAME: raw.RESTANTE_HOSTNAME ?? hostname(),
    PUBLIC_URL: (raw.PUBLIC_URL ?? `http://localhost:${raw.WEBMAIL_PORT}`).replace(/\/$/, ''),
    SPOOL_URL: raw.SPOOL_URL ?? `file:${resolve(data, 'spool')}`,
    DNS_SERVERS: raw.DNS_SERVERS?.split(',').map(s => s.trim()) ?? [],
    DNSBL_ZONES: parseZones(raw.DNSBL_ZONES ?? ''),
    ARC_KEY: raw.ARC_KEY && absolute(raw.ARC_KEY),
    ARC_TRUSTED: raw.ARC_TRUSTED?.split(/[\s,]+/).filter(Boolean) ?? [],
    TLS_CERT: raw.TLS_CERT && absolute(raw.TLS_CERT),
    TLS_KEY: raw.TLS_KEY && absolute(raw.TLS_KEY),
    TLS_FOLDER: raw.TLS_FOLDER && absolute(raw.TLS_FOLDER),
  })
}
