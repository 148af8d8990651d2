/** `restante backend`: how mail servers are, a look at one from here, and the override. */
import { audit } from '@restante/core/access/audit.ts'
import { type Outlook, outlook } from '@restante/core/continuity/outlook.ts'
import { override } from '@restante/core/continuity/store.ts'
import { describeHost, loadBackend } from '@restante/core/directory/backends.ts'
import { type BackendOverview, readOverview } from '@restante/core/queue/overview.ts'
import { affectedBy, listIncidents } from '@restante/core/queue/overview-story.ts'
import { everything } from '@restante/core/queue/scope.ts'
import type { Command } from 'commander'
import { type ProbeResult, probeHost } from './backend-probe.ts'
import { type Context, Refusal, run } from './context.ts'
import { findBackend, scopeOption } from './scope.ts'
import { pairs, short, table } from './table.ts'
import { age, duration, parseDuration, stamp, when } from './time.ts'

export function register(program: Command): void {
  const group = program.command('backend').description('mail servers that mail is delivered to')

  group
    .command('status [backend]')
    .description('health, depth and forecast of all backends, or all about one')
    .option('--org <name>', 'only this organization')
    .action(async (name: string | undefined, options: { org?: string }, command: Command) => {
      await run(command, context => (name ? statusOfOne(context, name) : statusOfAll(context, options.org)))
    })

  group
    .command('probe <backend>')
    .description('connect to it now and tell what it says')
    .option('--recipient <address>', 'ask whether it takes mail for this address')
    .action(async (name: string, options: { recipient?: string }, command: Command) => {
      await run(command, async context => {
        const result = await probe(context, name, options.recipient)
        if (!result.ok) process.exitCode = 1
        return { data: result, text: probeText(result.hosts) }
      })
    })

  group
    .command('override <backend> <to>')
    .description('call a backend up or down against what the checks say; auto takes it back')
    .option('--reason <text>', 'why, for those who look later')
    .option('--for <duration>', 'how long, like 30m, 2h or 1d; without: until it is taken back')
    .action(
      async (name: string, to: string, options: { reason?: string; for?: string }, command: Command) => {
        if (to !== 'up' && to !== 'down' && to !== 'auto') {
          command.error(`${to} is none of up, down, auto`, { exitCode: 2 })
        }
        const length = options.for === undefined ? null : parseDuration(options.for)
        if (options.for !== undefined && length === null) {
          command.error(`${options.for} is no duration: say 30m, 2h or 1d`, { exitCode: 2 })
        }
        await run(command, context =>
          overrideOne(context, name, to as 'up' | 'down' | 'auto', options.reason, length),
        )
      },
    )
}

async function statusOfAll({ db }: Context, organization: string | undefined) {
  const now = new Date()
  const { backends } = await readOverview(db, await scopeOption(db, organization), now)
  const data = backends.map(backend => ({ ...backend, outlook: outlookOf(backend, now) }))
  const text =
    data.length === 0
      ? 'there are no backends yet'
      : table(data, [
          { title: 'BACKEND', value: backend => backend.name },
          { title: 'DOMAINS', value: backend => short(backend.domains.join(', '), 40) },
          { title: 'HEALTH', value: healthText },
          { title: 'SINCE', value: backend => age(backend.since, now), right: true },
          { title: 'WAITING', value: backend => backend.depth.total, right: true },
          { title: 'OLDEST', value: backend => age(backend.oldest, now), right: true },
          { title: 'FORECAST', value: backend => outlookText(backend.outlook, now) },
          { title: 'CAUSE', value: backend => short(causeText(backend), 80) },
        ])
  return { data, text }
}

async function statusOfOne({ db, sealKey }: Context, name: string) {
  const now = new Date()
  const { id } = await findBackend(db, sealKey, name)
  const { backends } = await readOverview(db, everything, now)
  const backend = backends.find(one => one.id === id)
  if (!backend) throw new Refusal(`there is no backend ${name}`)
  const [{ hosts, imap }, incidents] = await Promise.all([
    loadBackend(db, id, sealKey),
    listIncidents(db, everything, { backendId: id, limit: 5 }),
  ])
  const data = {
    ...backend,
    hosts: hosts.map(describeHost),
    imap: imap ? `${imap.host}:${imap.port}` : null,
    outlook: outlookOf(backend, now),
    incidents,
  }
  const { depth, override: forced } = backend
  const text = [
    pairs([
      ['Backend', `${backend.name} (${id})`],
      ['Organization', backend.organization],
      ['Domains', backend.domains.join(', ')],
      ['Hosts', data.hosts.join(', ')],
      ['Health', `${healthText(backend)} since ${when(backend.since, now)}`],
      ['Cause', causeText(backend)],
      [
        'Override',
        forced &&
          [
            forced.to,
            forced.by && `by ${forced.by}`,
            forced.until && `ends ${when(forced.until, now)}`,
            forced.reason,
          ]
            .filter(Boolean)
            .join(', '),
      ],
      ['Waiting', `${depth.total} (${depth.queued} queued, ${depth.deferred} deferred, ${depth.held} held)`],
      ['Oldest', when(backend.oldest, now)],
      ['Forecast', outlookText(data.outlook, now)],
    ]),
    ...incidents.map(incident =>
      [
        `Incident ${stamp(incident.openedAt)} to ${incident.closedAt ? stamp(incident.closedAt) : 'now'} (${duration(
          (incident.closedAt ?? now).getTime() - incident.openedAt.getTime(),
        )})`,
        ...incident.changes.map(
          change =>
            `  ${stamp(change.at)}  ${change.from} → ${change.to}  ${[change.cause, change.detail, change.actor && `by ${change.actor}`].filter(Boolean).join(': ')}`,
        ),
      ].join('\n'),
    ),
  ].join('\n\n')
  return { data, text }
}

async function probe({ db, sealKey, settings }: Context, name: string, recipient: string | undefined) {
  const { id } = await findBackend(db, sealKey, name)
  const { hosts } = await loadBackend(db, id, sealKey)
  const domain = await db
    .selectFrom('domain')
    .select('name')
    .where('backend_id', '=', id)
    .orderBy('name')
    .executeTakeFirst()
  // RFC 5321 §4.5.1: every domain takes mail for postmaster.
  const asked = recipient ?? (domain && `postmaster@${domain.name}`)
  const results: ProbeResult[] = []
  for (const host of hosts) results.push(await probeHost(host, settings.RESTANTE_HOSTNAME, asked))
  return { backend: id, ok: results.some(result => result.ok), recipient: asked ?? null, hosts: results }
}

function probeText(hosts: readonly ProbeResult[]): string {
  return hosts
    .map(host =>
      [
        `${host.host}: ${host.ok ? 'takes mail' : 'does not take mail'}`,
        ...table(host.steps, [
          { title: 'STEP', value: step => step.step },
          { title: 'MS', value: step => step.tookMs, right: true },
          { title: 'REPLY', value: step => short(step.reply, 120) },
        ])
          .split('\n')
          .map(line => `  ${line}`),
      ].join('\n'),
    )
    .join('\n\n')
}

async function overrideOne(
  { db, sealKey }: Context,
  name: string,
  to: 'up' | 'down' | 'auto',
  reason: string | undefined,
  length: number | null,
) {
  const backend = await findBackend(db, sealKey, name)
  const now = new Date()
  const before = await affectedBy(db, everything, backend.id)
  const until = length === null || to === 'auto' ? null : new Date(now.getTime() + length)
  const health = await override(
    db,
    backend.id,
    { to: to === 'auto' ? null : to, reason: reason ?? null, until, by: 'cli' },
    now,
  )
  if (!health) throw new Refusal(`there is no backend ${name}`)
  await audit(db, {
    organizationId: backend.organization_id,
    actor: 'cli',
    action: 'backend.override',
    target: backend.id,
    detail: { to, reason: reason ?? null, until },
  })
  const waiting = before?.waiting ?? 0
  const what = {
    up: `${waiting} waiting messages are delivered from now on`,
    down: `${waiting} waiting messages are held, and new mail with them`,
    auto: `the checks say ${health.effective}; ${waiting} messages wait`,
  }[to]
  return {
    data: {
      id: backend.id,
      name: backend.name,
      health: health.effective,
      override: health.override,
      until,
      waiting,
    },
    text: `${backend.name} is ${health.effective}${until ? ` until ${stamp(until)}` : ''}: ${what}`,
  }
}

export function outlookOf(backend: BackendOverview, now: Date): Outlook {
  return outlook(
    {
      health: backend.health,
      waiting: backend.depth.total,
      heldByAdmin: backend.heldBy.admin + backend.heldBy.guard,
      rates: backend.rates,
    },
    now,
  )
}

function outlookText(view: Outlook, now: Date): string {
  switch (view.type) {
    case 'empty':
      return 'nothing waits'
    case 'stopped':
      return 'waits for its return'
    case 'drains':
      return `empty in about ${duration(view.at.getTime() - now.getTime())}`
    case 'grows':
      return 'more comes than goes'
    case 'open':
      return 'too early to say'
  }
}

const healthText = (backend: BackendOverview) =>
  backend.override ? `${backend.health} (override, checks say ${backend.measured})` : backend.health

const causeText = (backend: BackendOverview) => [backend.cause, backend.detail].filter(Boolean).join(': ')
