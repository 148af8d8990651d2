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
const bytes = (fallback: number) => z.coerce.number().int().min(1024).default(fallback)

function urlOf(...schemes: string[]) {
  return z
    .string()
    .refine(value => schemes.some(scheme => value.startsWith(`${scheme}:`)) && URL.canParse(value), {
      message: `must be a URL that begins with ${schemes.map(s => `${s}:`).join(' or ')}`,
    })
}

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
    'Port for submission with STARTTLS (RFC 6409). Reserved: nothing listens there yet.',
  ],
  SUBMISSIONS_PORT: [
    port(2465),
    'Port for submission over implicit TLS (RFC 8314). Reserved: nothing listens there yet.',
  ],
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
  RSPAMD_URL: [urlOf('http', 'https').optional(), 'Address of an rspamd worker. Reserved: not used yet.'],
  CLAMD_URL: [
    urlOf('tcp', 'unix').optional(),
    'Address of clamd, tcp://host:port or unix:/path. Reserved: not used yet.',
  ],
  DNS_SERVERS: [
    optionalText,
    'Name servers to ask, host or host:port, separated by commas. Default: those of the system.',
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
  Omit<Raw, 'RESTANTE_HOSTNAME' | 'PUBLIC_URL' | 'SPOOL_URL' | 'DNS_SERVERS'> & {
    RESTANTE_HOSTNAME: string
    PUBLIC_URL: string
    SPOOL_URL: string
    DNS_SERVERS: readonly string[]
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
  'RSPAMD_',
  'CLAMD_',
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
    TLS_CERT: raw.TLS_CERT && absolute(raw.TLS_CERT),
    TLS_KEY: raw.TLS_KEY && absolute(raw.TLS_KEY),
    TLS_FOLDER: raw.TLS_FOLDER && absolute(raw.TLS_FOLDER),
  })
}
