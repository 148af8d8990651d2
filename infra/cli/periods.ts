/** What the commands for maintenance windows, drills and overrides of some people have in common. */
import { audit } from '@restante/core/access/audit.ts'
import { readSchedule } from '@restante/core/continuity/period-schedule.ts'
import { findTarget, type Wanted } from '@restante/core/continuity/period-target.ts'
import { addPeriod, endPeriod, listPeriods, type Period } from '@restante/core/continuity/periods.ts'
import type { PeriodKind, PeriodMail } from '@restante/core/db/schema/outages.ts'
import { everything } from '@restante/core/queue/scope.ts'
import type { Command } from 'commander'
import { type Context, Refusal, type Result } from './context.ts'
import { collect } from './options.ts'
import { findBackend, scopeOption } from './scope.ts'
import { short, table } from './table.ts'
import { duration, parseDuration, stamp } from './time.ts'

export type Options = {
  backend?: string
  domain?: string
  person?: string[]
  group?: string[]
  at?: string
  zone?: string
  for?: string
  every?: string
  step?: string
  weekday?: boolean
  last?: string
  reason?: string
}

/** When: once or repeating. */
export function withSchedule(command: Command): Command {
  return command
    .option('--at <time>', 'local time of its (first) beginning, like 2026-11-29T02:00; without: now')
    .option('--zone <zone>', "time zone, like Europe/Madrid; without: this machine's")
    .option('--every <unit>', 'repeat it each week or month')
    .option('--step <n>', 'not each, but every so many weeks or months')
    .option('--weekday', 'each month on the same weekday (the second Tuesday), not on the same day')
    .option('--last <date>', 'it does not begin after that day')
    .option('--reason <text>', 'why: admins and users are told')
}

/** For whom. */
export function withPeople(command: Command): Command {
  return command
    .option('--domain <name>', 'all people of a domain')
    .option('--person <address>', 'one person; may be repeated', collect)
    .option('--group <address>', 'the members of a group; may be repeated', collect)
}

/** @throws Refusal with what is wrong */
export async function add(
  context: Context,
  options: Options,
  what: { kind: PeriodKind; mail: PeriodMail; minutes: number | null; by?: string },
): Promise<Period> {
  const { db } = context
  const now = new Date()
  if (options.every !== undefined && options.every !== 'week' && options.every !== 'month') {
    throw new Refusal(`${options.every} is none of week, month`)
  }
  const step = options.step === undefined ? 1 : Number(options.step)
  if (!Number.isInteger(step) || step < 1 || step > 52) throw new Refusal('--step must be between 1 and 52')
  const schedule = readSchedule(
    {
      start: options.at,
      zone: options.zone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone,
      minutes: what.minutes,
      every: options.every,
      step,
      by: options.weekday ? 'weekday' : 'day',
      last: options.last,
    },
    now,
  )
  if ('refused' in schedule) throw new Refusal(schedule.refused)
  const target = await findTarget(db, everything, await wantedOf(context, options))
  if ('refused' in target) throw new Refusal(target.refused)
  const period = await addPeriod(
    db,
    { kind: what.kind, target, mail: what.mail, reason: options.reason, by: 'cli', ...schedule },
    now,
  )
  if (!period) throw new Refusal('it would be over already')
  await note(context, period, `${what.kind}.add`)
  return period
}

async function wantedOf({ db, sealKey }: Context, options: Options): Promise<Wanted> {
  const people = [...(options.person ?? []), ...(options.group ?? [])]
  const given = [options.backend, options.domain, people.length > 0 || undefined].filter(
    one => one !== undefined,
  )
  if (given.length !== 1) throw new Refusal('say for whom: one of --backend, --domain, --person, --group')
  if (options.backend) return { backend: (await findBackend(db, sealKey, options.backend)).id }
  return options.domain ? { domain: options.domain } : { people }
}

/** @throws Refusal when it is no duration */
export function minutesOf(text: string | undefined, fallback: number | null): number | null {
  if (text === undefined) return fallback
  const length = parseDuration(text)
  if (length === null) throw new Refusal(`${text} is no duration: say 30m, 2h or 1d`)
  return Math.max(1, Math.round(length / 60_000))
}

export async function list({ db }: Context, kind: PeriodKind, organization?: string): Promise<Result> {
  const now = new Date()
  const periods = await listPeriods(db, await scopeOption(db, organization), { kind }, now)
  const text =
    periods.length === 0
      ? 'there are none'
      : table(periods, [
          { title: 'ID', value: period => period.id },
          { title: 'FOR', value: period => short(period.name, 40) },
          { title: 'STATE', value: period => period.state },
          { title: 'FROM', value: period => stamp(period.startsAt) },
          { title: 'TO', value: period => period.endsAt && stamp(period.endsAt) },
          { title: 'REPEATS', value: repeatText },
          { title: 'MAIL', value: period => (period.mail === 'hold' ? 'held' : 'delivered') },
          { title: 'REASON', value: period => short(period.reason, 60) },
        ])
  return { data: periods, text }
}

export async function end(context: Context, kind: PeriodKind, id: string): Promise<Period> {
  const [found] = await listPeriods(context.db, everything, { kind, id }, new Date())
  if (!found) throw new Refusal(`there is no ${kind} ${id}`)
  const ended = await endPeriod(context.db, everything, id, new Date())
  if (!ended) throw new Refusal(`there is no ${kind} ${id}`)
  await note(context, ended, `${kind}.end`)
  return ended
}

async function note({ db }: Context, period: Period, action: string): Promise<void> {
  await audit(db, {
    organizationId: period.organizationId,
    actor: 'cli',
    action,
    target: period.id,
    detail: { name: period.name, startsAt: period.startsAt, endsAt: period.endsAt, reason: period.reason },
  })
}

export function repeatText({ rule }: Pick<Period, 'rule'>): string {
  if (!rule) return 'once'
  const each = rule.step === 1 ? `each ${rule.every}` : `every ${rule.step} ${rule.every}s`
  return `${each}, ${rule.first.replace('T', ' ')} ${rule.zone}${rule.by === 'weekday' ? ', by weekday' : ''}`
}

export function summary(period: Period): string {
  const length = period.endsAt ? `, ${duration(period.endsAt.getTime() - period.startsAt.getTime())}` : ''
  const when = period.state === 'open' ? 'open' : `begins ${stamp(period.startsAt)}`
  const mail = period.mail === 'hold' ? 'mail is held' : 'mail goes on being delivered'
  return `${period.kind} for ${period.name}: ${when}${length}; ${mail} (${period.id})`
}
