/**
 * E-mail addresses as keys: one spelling for each address, so that a lookup is an equality.
 *
 * Canonical: the local part in lower case (RFC 5321 §2.4 lets the receiving domain decide; nobody runs two
 * mailboxes that differ by case), needless quotes removed, the domain as A-labels (RFC 5890 §2.3.2.1) in
 * lower case without a final dot. What can't be brought into this form is no address of ours.
 */
import { domainToASCII } from 'node:url'

export type ParsedAddress = {
  /** Local part in lower case, with its tag. */
  local: string
  /** A-labels, lower case. */
  domain: string
  /** `local@domain`, the canonical spelling. */
  address: string
}

/** RFC 5321 §4.5.3.1.1, in octets. Generous by a factor: long tagged senders are seen in the wild. */
const LOCAL_LIMIT = 128
/** RFC 1035 §2.3.4. */
const DOMAIN_LIMIT = 253
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const LOCAL = /^[^\x00-\x20\x7f"(),:;<>@[\\\]]+$/u
/** Characters that a browser's host parser would interpret instead of refusing: `%61`, `:25`, `[::1]`. */
const DOMAIN_FORBIDDEN = /[%:/?#[\]@\\\s]/

/**
 * @param text a domain name in any case, as A-labels or U-labels, a final dot allowed
 * @returns the canonical name, or null when it is not a mail domain (an IP address, a bad label)
 */
export function normalizeDomain(text: string): string | null {
  const trimmed = text.trim().replace(/\.$/, '')
  if (trimmed === '' || DOMAIN_FORBIDDEN.test(trimmed)) return null
  const ascii = domainToASCII(trimmed).toLowerCase()
  if (ascii === '' || ascii.length > DOMAIN_LIMIT) return null
  const labels = ascii.split('.')
  if (!labels.every(label => LABEL.test(label))) return null
  // An all-digit last label is how IPv4 addresses look (RFC 3696 §2).
  return /^\d+$/.test(labels.at(-1) ?? '') ? null : ascii
}

/** @returns the canonical form, or null when the text is not `local@domain` */
export function parseAddress(text: string): ParsedAddress | null {
  const trimmed = text.trim()
  const at = trimmed.lastIndexOf('@')
  if (at < 1) return null
  const domain = normalizeDomain(trimmed.slice(at + 1))
  if (!domain) return null
  const local = canonicalLocal(trimmed.slice(0, at))
  return local ? { local, domain, address: `${local}@${domain}` } : null
}

/** The canonical spelling alone; null as parseAddress. */
export function normalizeAddress(text: string): string | null {
  return parseAddress(text)?.address ?? null
}

/** The domain of an address as canonical name; '' when there is none (the null sender, `postmaster`). */
export function domainOf(address: string): string {
  const at = address.lastIndexOf('@')
  return at < 0 ? '' : (normalizeDomain(address.slice(at + 1)) ?? '')
}

/**
 * Splits a sub-address (RFC 5233 §4): `anna+news` is anna with the tag `news`. A leading `+` is no separator.
 */
export function splitTag(local: string): { base: string; tag?: string } {
  const plus = local.indexOf('+')
  return plus < 1 ? { base: local } : { base: local.slice(0, plus), tag: local.slice(plus + 1) }
}

function canonicalLocal(text: string): string | null {
  let local = text
  if (local.length > 1 && local.startsWith('"') && local.endsWith('"')) {
    local = local.slice(1, -1).replace(/\\(.)/gu, '$1')
  }
  if (!LOCAL.test(local) || Buffer.byteLength(local) > LOCAL_LIMIT) return null
  // NFC: the same letters typed on two systems are the same address (RFC 6532 §3.1).
  return local.normalize('NFC').toLowerCase()
}
