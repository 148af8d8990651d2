'use server'
import { personColumns } from '@restante/core/directory/people.ts'
import { isId } from '@restante/core/queue/scope.ts'
/** Makes one-time codes for people of the admin's own organization; an operator's for anybody's. */
import {
  codesCsv,
  MOST_PRINTED,
  MOST_PRINTED_DAYS,
  printCodes,
} from '@restante/core/telling/printed-codes.ts'
import { notFound, redirect } from 'next/navigation'
import { isRecent } from '../../../../account/recent.ts'
import { services } from '../../../../server/services.ts'
import { currentPerson } from '../../../../server/session.ts'
import { scopeOf } from '../../../api/v1/scope.ts'

export type MadeCodes = {
  rows: { address: string; name: string; code: string; expiresAt: string }[]
  csv: string
}
export type CodesState =
  | { type: 'fresh' }
  | { type: 'refused'; code: 'again' | 'numbers' | 'nobody' | 'unavailable' }
  | { type: 'made'; codes: MadeCodes; address: string }

const MOST_PEOPLE = 200

export async function makeCodes(_previous: CodesState, form: FormData): Promise<CodesState> {
  const admin = await currentPerson()
  if (!admin) redirect(`/sign-in?next=${encodeURIComponent('/admin/people')}`)
  const scope = scopeOf(admin)
  if (!scope) notFound()
  // Such a code opens somebody's mail: a page that was left open must not make any.
  if (!isRecent(admin)) return { type: 'refused', code: 'again' }
  const count = Number(form.get('count'))
  const days = Number(form.get('days'))
  const fits = (value: number, most: number) => Number.isInteger(value) && value >= 1 && value <= most
  if (!fits(count, MOST_PRINTED) || !fits(days, MOST_PRINTED_DAYS))
    return { type: 'refused', code: 'numbers' }
  const ids = form.getAll('id').map(String).filter(isId).slice(0, MOST_PEOPLE)
  const { db, sealKey, settings, log } = await services()
  try {
    let query = db.selectFrom('person').select(personColumns).where('id', 'in', ids).orderBy('address')
    if (scope.type === 'organization') query = query.where('organization_id', '=', scope.id)
    const people = ids.length > 0 ? await query.execute() : []
    if (people.length === 0) return { type: 'refused', code: 'nobody' }
    const made = await printCodes(db, people, {
      count,
      days,
      by: admin.address,
      key: sealKey,
      now: new Date(),
    })
    const rows = made.map(row => ({ ...row, expiresAt: row.expiresAt.toISOString() }))
    return {
      type: 'made',
      codes: { rows, csv: codesCsv(made) },
      address: `${settings.PUBLIC_URL}/sign-in/code`,
    }
  } catch (error) {
    log.error({ event: 'admin.codes-failed', error })
    return { type: 'refused', code: 'unavailable' }
  }
}
