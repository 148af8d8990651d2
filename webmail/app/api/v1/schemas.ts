/** What the API takes, as schemas: requests are checked by them and openapi.json is made from them. */

import { CLIENT_CHOICES } from '@restante/core/directory/backends.ts'
import { CLIENT_USERS } from '@restante/core/directory/client-settings.ts'
import { SCAN_SETTINGS, type ScanSetting } from '@restante/core/directory/domain-scan.ts'
import { RECIPIENTS, UNVERIFIED } from '@restante/core/directory/domains.ts'
import { ACTIONS } from '@restante/core/queue/actions.ts'
import { SORTS, STATES } from '@restante/core/queue/overview-deliveries.ts'
import { KINDS } from '@restante/core/queue/quarantine-kinds.ts'
import { SCAN_HOLDS } from '@restante/core/queue/scan-holds.ts'
import { CHANNEL_KINDS } from '@restante/core/telling/channels.ts'
import { SLUG } from '@restante/core/telling/policy.ts'
import { z } from 'zod'

const state = z.enum(STATES)
/** `held,deferred` in a query string. */
const stateList = z
  .string()
  .max(100)
  .transform(text => text.split(','))
  .pipe(z.array(state))

const text = z.string().max(200)
const backend = z.union([z.uuid(), z.literal('outbound')])
const holdReason = z.enum(['backend', 'admin', 'guard', ...SCAN_HOLDS])

/** Query of the list of deliveries. */
export const deliveryQuery = z.object({
  state: stateList.optional(),
  backend: backend.optional(),
  destination: z.string().max(255).toLowerCase().optional(),
  hold: holdReason.optional(),
  q: text.optional(),
  sort: z.enum(SORTS).optional(),
  cursor: z.string().max(1000).optional(),
  limit: z.coerce.number().int().min(1).max(200).optional(),
})

/** The same filter in a body. */
export const deliveryFilter = z.strictObject({
  states: z.array(state).max(STATES.length).optional(),
  backend: backend.optional(),
  destination: z.string().max(255).toLowerCase().optional(),
  holdReason: holdReason.optional(),
  text: text.optional(),
})

export const deliveryAction = z.union([
  z.strictObject({ action: z.enum(ACTIONS), ids: z.array(z.uuid()).min(1).max(1000) }),
  z.strictObject({ action: z.enum(ACTIONS), filter: deliveryFilter }),
])

/** Another way out: URLs of hosts in order, straight to the MX, or as the organization sends. */
const wayOut = z.union([z.enum(['mx', 'usual']), z.array(z.string().max(1000)).min(1).max(10)])

export const deliveryReroute = z.union([
  z.strictObject({ action: z.literal('reroute'), to: wayOut, ids: z.array(z.uuid()).min(1).max(1000) }),
  z.strictObject({ action: z.literal('reroute'), to: wayOut, filter: deliveryFilter }),
])

export const deliveryRequest = z.union([deliveryAction, deliveryReroute])

export const backendOverride = z.strictObject({
  /** `auto` takes the override back. */
  to: z.enum(['up', 'down', 'auto']),
  reason: z.string().trim().max(500).optional(),
  /** How long, in minutes; without: until it is taken back. */
  minutes: z.number().int().min(1).max(43_200).optional(),
})

const scanHold = z.enum(SCAN_HOLDS)
const kind = z.enum(KINDS)

/** Query of the list of what the scan holds. */
export const quarantineQuery = z.object({
  /** `quarantine,scan` unless told. */
  hold: z
    .string()
    .max(100)
    .transform(text => text.split(','))
    .pipe(z.array(scanHold))
    .optional(),
  kind: kind.optional(),
  q: text.optional(),
  cursor: z.string().max(1000).optional(),
  limit: z.coerce.number().int().min(1).max(200).optional(),
})

/** The same filter in a body. */
export const quarantineFilter = z.strictObject({
  holds: z.array(scanHold).max(SCAN_HOLDS.length).optional(),
  kind: kind.optional(),
  text: text.optional(),
})

export const quarantineAction = z.union([
  z.strictObject({ action: z.enum(['release', 'delete']), ids: z.array(z.uuid()).min(1).max(1000) }),
  z.strictObject({ action: z.enum(['release', 'delete']), filter: quarantineFilter }),
  z.strictObject({ action: z.literal('allow'), ids: z.array(z.uuid()).min(1).max(200) }),
])

export const seenSending = z.strictObject({ ids: z.array(z.uuid()).min(1).max(50) })

/** Addresses that may be written to again. */
export const liftSuppression = z.strictObject({
  addresses: z.array(z.string().trim().min(3).max(320)).min(1).max(200),
})

export const demoAction = z.strictObject({ action: z.enum(['start', 'stop']) })

/** A new entry of an allow or block list. */
export const listEntry = z.strictObject({
  kind: z.enum(['allow', 'block']),
  /** An address, a domain (with its subdomains) or a network. */
  value: z.string().trim().min(1).max(320),
  /** For one mailbox; without: for the organization. */
  mailboxId: z.uuid().optional(),
  comment: z.string().trim().max(200).optional(),
  /** Operators say whose list; an admin's is their own organization's. */
  organizationId: z.uuid().optional(),
})

/** Query of the lists. */
export const listQuery = z.object({
  /** `none`: the organization's own list. */
  mailbox: z.union([z.uuid(), z.literal('none')]).optional(),
})

/** Settings of a domain to change; `client` is its backend's, and so of every domain that shares it. */
export const domainChanges = z.strictObject({
  recipients: z.enum(RECIPIENTS).optional(),
  unverified: z.enum(UNVERIFIED).optional(),
  client: z.enum(CLIENT_CHOICES).optional(),
  /** Servers for people's own mail programs, like imaps://mail.example.com; null takes one away. */
  programs: z
    .strictObject({
      imap: z.string().max(300).nullable().optional(),
      pop: z.string().max(300).nullable().optional(),
      smtp: z.string().max(300).nullable().optional(),
      user: z.enum(CLIENT_USERS).optional(),
    })
    .optional(),
})

/** Scan settings of a domain to change; null takes the default. */
export const domainScanChanges = z.partialRecord(
  z.enum(SCAN_SETTINGS as [ScanSetting, ...ScanSetting[]]),
  z.union([z.string().max(50), z.boolean(), z.array(z.string().max(20)).max(100), z.null()]),
)

const periodKind = z.enum(['maintenance', 'drill', 'override'])

export const periodQuery = z.object({ kind: periodKind.optional() })

/** A maintenance window, a drill, or an override for a domain or for chosen people. */
export const newPeriod = z.strictObject({
  kind: periodKind,
  /** One of these three: a backend's id, a domain's name, or addresses of people and groups. */
  backend: z.uuid().optional(),
  domain: z.string().max(255).optional(),
  people: z.array(z.string().max(255)).min(1).max(500).optional(),
  /** Of mail meanwhile: it is held, or delivery is tried. */
  mail: z.enum(['hold', 'deliver']).default('deliver'),
  reason: z.string().trim().max(500).optional(),
  /** Local time of its (first) beginning, `2026-11-29T02:00`; without: now. */
  start: z.string().max(16).optional(),
  /** IANA name of the time zone. */
  zone: z.string().max(64).optional(),
  /** null, for an override only: until it is taken back. */
  minutes: z.number().int().min(1).max(43_200).nullable(),
  every: z.enum(['week', 'month']).optional(),
  /** Every so many weeks or months. */
  step: z.number().int().min(1).max(52).optional(),
  /** Each month on the same day, or on the same weekday. */
  by: z.enum(['day', 'weekday']).optional(),
  /** It does not begin after this local date. */
  last: z.string().max(10).optional(),
})

/** Where admins are told. */
export const newChannel = z.strictObject({
  kind: z.enum(CHANNEL_KINDS),
  /** A mail address outside the gateway's domains, or a URL. */
  address: z.string().trim().min(1).max(2_000),
  /** For people; without: what the address says. */
  name: z.string().trim().max(200).optional(),
  locale: z.enum(['ca', 'en', 'es', 'it']).optional(),
  /** 1: at once; 2: when nobody has acknowledged it for a while. */
  stage: z.union([z.literal(1), z.literal(2)]).default(1),
  /** For operators; without: of the installation. */
  organization: z.string().max(200).optional(),
})

/** How an organization wants to be told. Minutes; 0: never. */
export const tellingPolicy = z.strictObject({
  repeatMinutes: z.number().int().min(0).max(10_080).optional(),
  escalateMinutes: z.number().int().min(0).max(10_080).optional(),
  queueMinutes: z.number().int().min(0).max(10_080).optional(),
  /** People hear at their second contacts that the webmail opens for them. */
  people: z.boolean().optional(),
  /** Name of the public status page; null: none. */
  statusSlug: z
    .string()
    .regex(SLUG, 'must be 3 to 63 small letters, digits or hyphens')
    .nullable()
    .optional(),
  /** For operators. */
  organization: z.string().max(200).optional(),
})

export const acknowledgement = z.strictObject({
  id: z.uuid(),
  /** Not even told when it gets worse, for so many minutes. */
  silent: z.number().int().min(1).max(10_080).optional(),
})
