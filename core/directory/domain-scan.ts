/**
 * What a domain wants of the scan, read and changed by people: names and values as words, refused with a line
 * that says what there is.
 */
import type { z } from 'zod'
import type { Executor } from '../db/connection.ts'
import { findDomain } from './domains.ts'
import { DirectoryError } from './errors.ts'
import { type ScanPolicy, scanPolicyOf, scanPolicySchema } from './scan-policy.ts'
import { change } from './transaction.ts'

export type ScanSetting = keyof ScanPolicy
export const SCAN_SETTINGS = Object.keys(scanPolicySchema.shape) as ScanSetting[]

export type DomainScan = {
  domain: string
  /** What counts. */
  policy: ScanPolicy
  /** Those that the domain has set itself. */
  own: ScanSetting[]
}

/** @throws DirectoryError `unknown-domain` */
export async function domainScan(db: Executor, domain: string): Promise<DomainScan> {
  const { id, name } = await findDomain(db, domain)
  return read(db, id, name)
}

/** Of all domains, or those of one organization, by name. */
export async function listDomainScans(
  db: Executor,
  organizationId?: string,
): Promise<(DomainScan & { organization: string })[]> {
  let query = db
    .selectFrom('domain')
    .innerJoin('organization', 'organization.id', 'domain.organization_id')
    .select(['domain.name', 'domain.scan', 'organization.name as organization'])
    .orderBy('domain.name')
  if (organizationId) query = query.where('domain.organization_id', '=', organizationId)
  const rows = await query.execute()
  return rows.map(({ name, scan, organization }) => ({ ...shown(name, scan), organization }))
}

/**
 * Changes some settings; the others stay.
 * @param changes a value, or null for the default
 * @returns what counts now
 * @throws DirectoryError `unknown-domain`, `bad-scan-setting`
 */
export async function setDomainScan(
  db: Executor,
  domain: string,
  changes: Readonly<Record<string, unknown>>,
): Promise<DomainScan> {
  for (const [name, value] of Object.entries(changes)) {
    requireSetting(name)
    if (value !== null) checkValue(name as ScanSetting, value)
  }
  return change(db, async tx => {
    const { id, name } = await findDomain(tx, domain)
    const row = await tx
      .selectFrom('domain')
      .select('scan')
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirstOrThrow()
    const next = { ...row.scan }
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) delete next[key]
      else next[key] = value
    }
    await tx
      .updateTable('domain')
      .set({ scan: JSON.stringify(next) })
      .where('id', '=', id)
      .execute()
    return read(tx, id, name)
  })
}

async function read(db: Executor, id: string, name: string): Promise<DomainScan> {
  const { scan } = await db.selectFrom('domain').select('scan').where('id', '=', id).executeTakeFirstOrThrow()
  return shown(name, scan)
}

function shown(domain: string, scan: Record<string, unknown>): DomainScan {
  return { domain, policy: scanPolicyOf(scan), own: SCAN_SETTINGS.filter(key => key in scan) }
}

/**
 * `dmarc=mark`, `greylisting=true`, `blockedEndings=exe,js` as a name and its value.
 * @throws DirectoryError `bad-scan-setting`
 */
export function parseScanSetting(text: string): [ScanSetting, unknown] {
  const equals = text.indexOf('=')
  if (equals < 1)
    throw new DirectoryError('bad-scan-setting', `${JSON.stringify(text)} is not of the form setting=value`)
  const name = requireSetting(text.slice(0, equals).trim())
  const word = text.slice(equals + 1).trim()
  const fallback = scanPolicySchema.parse({})[name]
  const value = Array.isArray(fallback)
    ? word
        .toLowerCase()
        .split(/[\s,]+/)
        .filter(Boolean)
        .map(ending => ending.replace(/^\./, ''))
    : typeof fallback === 'boolean'
      ? (({ true: true, on: true, yes: true, false: false, off: false, no: false } as const)[
          word.toLowerCase() as 'true'
        ] ?? word)
      : word.toLowerCase()
  checkValue(name, value)
  return [name, value]
}

/** @throws DirectoryError `bad-scan-setting` */
export function requireSetting(name: string): ScanSetting {
  const found = SCAN_SETTINGS.find(setting => setting.toLowerCase() === name.toLowerCase())
  if (found) return found
  throw new DirectoryError(
    'bad-scan-setting',
    `${name} is not a scan setting; there are ${SCAN_SETTINGS.join(', ')}`,
  )
}

function checkValue(name: ScanSetting, value: unknown): void {
  const result = scanPolicySchema.shape[name].safeParse(value)
  if (result.success) return
  throw new DirectoryError(
    'bad-scan-setting',
    `${name} must be ${choices(name)}, not ${JSON.stringify(value)}`,
  )
}

function choices(name: ScanSetting): string {
  const inner: z.ZodType = scanPolicySchema.shape[name].unwrap() as z.ZodType
  if ('options' in inner) return `one of ${(inner.options as string[]).join(', ')}`
  return inner.type === 'boolean' ? 'true or false' : 'a list of endings like exe,js, a hundred at most'
}
