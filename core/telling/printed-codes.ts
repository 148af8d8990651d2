/**
 * One-time codes on paper, for one person or all of a domain: made in one transaction with their audit entries, and each
 * person is told that there are some.
 */
import { audit } from '../access/audit.ts'
import { makeCode, revokeCodes } from '../access/codes.ts'
import type { Db } from '../db/connection.ts'
import type { Person } from '../directory/people.ts'
import { tellSecurity } from './sign-in.ts'

export const MOST_PRINTED = 20
export const MOST_PRINTED_DAYS = 365
export type PrintedCode = { address: string; name: string; code: string; expiresAt: Date }

const DAY = 86_400_000

/** @param by an admin's address, or `cli` */
export async function printCodes(
  db: Db,
  people: readonly Person[],
  { count, days, by, key, now }: { count: number; days: number; by: string; key: Buffer; now: Date },
): Promise<PrintedCode[]> {
  return await db.transaction().execute(async tx => {
    const made: PrintedCode[] = []
    for (const person of people) {
      const { address, name, organizationId } = person
      for (let i = 0; i < count; i++) {
        const { code, expiresAt } = await makeCode(tx, person.id, 'printed', {
          by,
          key,
          now,
          life: days * DAY,
        })
        made.push({ address, name, code, expiresAt })
      }
      const detail = { count, days }
      await audit(tx, { organizationId, actor: by, action: 'sign-in-code.make', target: address, detail })
      await tellSecurity(tx, person.id, 'codes-printed', now)
    }
    return made
  })
}

/** Puts all that count still out of force. */
export async function revokePrinted(
  db: Db,
  people: readonly Person[],
  by: string,
): Promise<{ address: string; revoked: number }[]> {
  return await db.transaction().execute(async tx => {
    const rows: { address: string; revoked: number }[] = []
    for (const { id, address, organizationId } of people) {
      rows.push({ address, revoked: await revokeCodes(tx, id) })
      await audit(tx, { organizationId, actor: by, action: 'sign-in-code.revoke', target: address })
    }
    return rows
  })
}

/** RFC 4180; and what a spreadsheet would take for a formula is none. */
export function codesCsv(
  codes: readonly { address: string; name: string; code: string; expiresAt: Date | string }[],
): string {
  const quoted = (text: string) => `"${text.replace(/^(?=[=+\-@\t])/, "'").replaceAll('"', '""')}"`
  const lines = codes.map(row =>
    [row.address, row.name, row.code, new Date(row.expiresAt).toISOString()].map(quoted).join(','),
  )
  return ['address,name,code,expires', ...lines].join('\r\n')
}
