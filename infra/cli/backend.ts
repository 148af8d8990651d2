/** `restante backend`: how mail servers are, a look at one from here, and the override. */
import { audit } from '@restante/core/access/audit.ts'
import { type Outlook, outlook } from '@restante/core/continuity/outlook.ts'
import { listPeriods, type Period } from '@restante/core/continuity/periods.ts'
import { override } from '@restante/core/continuity/store.ts'
import { notify } from '@restante/core/db/notify.ts'
import { describeHost, loadBackend, parseAccess } from '@restante/core/directory/backends.ts'
import { type BackendOverview, readOverview } from '@restante/core/queue/overview.ts'
import { affectedBy, listIncidents } from '@restante/core/queue/overview-story.ts'
import { everything } from '@restante/core/queue/scope.ts'
import type { Command } from 'commander'
import { type ProbeResult, probeHost } from './backend-probe.ts'
import { type Context, Refusal, run } from './context.ts'
import { collect } from './options.ts'
import { add, end, minutesOf, summary } from './periods.ts'
import { findBackend, scopeOption } from './scope.ts'
import { registerBackendSignIn } from './sign-in.ts'
import { pairs, short, table } from './table.ts'
import { age, duration, parseDuration, stamp, when } from './time.ts'

export function register(program: Command): void {
  const group = program.command('backend').description('mail servers that mail is delivered to')
  registerBackendSignIn(group)

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
    .option('--domain <name>', 'not for all of it, only for this domain of it')
    .option(
      '--person <address>',
      'not for all of it, only for this person or group; may be repeated',
      collect,
    )
    .option('--keep-delivering', 'for a domain or people: open continuity, but hold no mail')
    .action(async (name: string, to: string, options: OverrideOptions, command: Command) => {
      if (to !== 'up' && to !== 'down' && to !== 'auto') {
        command.error(`${to} is none of up, down, auto`, { exitCode: 2 })
      }
      const length = options.for === undefined ? null : parseDuration(options.for)
      if (options.for !== undefined && length === null) {
        command.error(`${options.for} is no duration: say 30m, 2h or 1d`, { exitCode: 2 })
      }
      const wanted = to as 'up' | 'down' | 'auto'
      await run(command, context =>
        options.domain || options.person
          ? overrideSome(context, name, wanted, options)
          : overrideOne(context, name, wanted, options.reason, length),
      )
    })

  group
    .command('access <backend> <address>')
    .description(
      'the web address (of its webmail, say) that tells whether people get at their mailboxes; or none',
    )
    .action(async (name: string, address: string, _options: object, command: Command) => {
      await run(command, context => setAccess(context, name, address))
    })
}

type OverrideOptions = {
  reason?: string
  for?: string
  domain?: string
  person?: string[]
  keepDelivering?: boolean
}

/** Of a backend's people only some: a period of its own beside what counts for the others. */
async function overrideSome(
  context: Context,
  name: string,
  to: 'up' | 'down' | 'auto',
  options: OverrideOptions,
) {
  if (to === 'up') throw new Refusal('only the whole backend can be called up: its mail goes one way')
  await findBackend(context.db, context.sealKey, name)
  if (to === 'down') {
    const period = await add(context, options, {
      kind: 'override',
      mail: options.keepDelivering ? 'deliver' : 'hold',
      minutes: minutesOf(options.for, null),
    })
    return { data: period, text: summary(period) }
  }
  const whose =
    options.domain?.toLowerCase() ?? (options.person ?? []).map(one => one.toLowerCase()).join(', ')
  const all = await listPeriods(context.db, everything, { kind: 'override' }, new Date())
  const mine = all.filter(period => period.state !== 'over' && period.name === whose)
  if (mine.length === 0) throw new Refusal(`there is no override for ${whose}`)
  const ended: Period[] = []
  for (const { id } of mine) ended.push(await end(context, 'override', id))
  return { data: ended, text: `${whose}: the checks decide again` }
}

async function setAccess({ db, sealKey }: Context, name: string, address: string) {
  const backend = await findBackend(db, sealKey, name)
  const url = address === 'none' ? null : parseAccess(address)
  await db.transaction().execute(async tx => {
    await tx.updateTable('backend').set({ access_url: url }).where('id', '=', backend.id).execute()
    await notify(tx, 'directory')
    await audit(tx, {
      organizationId: backend.organization_id,
      actor: 'cli',
      action: 'backend.access',
      target: backend.id,
      detail: { url },
    })
  })
  const text = url ? `${backend.name}: people get in at ${url}` : `${backend.name}: no web address is asked`
  return { data: { id: backend.id, access: url }, text }
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
      ...backend.remarks.map(
        remark =>
          [
            'Noticed',
            `${remark.concern} ${remark.count} × since ${stamp(new Date(remark.since))}: ${remark.detail}`,
          ] as const,
      ),
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
      heldByAdmin: backend.heldBy.admin + backend.heldBy.guard + backend.heldBy.period,
      rates: backend.rates,
      pace: backend.pace,
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
