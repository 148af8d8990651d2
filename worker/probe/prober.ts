/**
 * Keeps asking the backends how they are, each at its own pace, and hands what it hears to their desks. One
 * probe of a kind at a time for a backend; a slow one never delays another's.
 */
import type { Db } from '@restante/core/db/connection.ts'
import { counter } from '@restante/core/observe/metrics.ts'
import { sql } from 'kysely'
import type { BackendRuntime } from '../deliver/backend.ts'
import { type Loop, loop } from '../loop.ts'
import type { Services } from '../services.ts'
import { probeAccess } from './access.ts'
import { nextAccessProbe, nextSmtpProbe } from './schedule.ts'
import { evidenceOfProbe, probeSmtp } from './smtp.ts'

const probes = counter('probes_total', 'Probes of backends, by kind and result.', ['kind', 'result'])

/** How often the schedule is looked at, in ms. */
const TICK = 250
/** How long the addresses to ask for are remembered, in ms, and how many of a backend. */
const ADDRESSES_AGE = 300_000
const MOST_ADDRESSES = 50

type State = { smtpAt: number; accessAt: number; smtpRunning: boolean; accessRunning: boolean }

export function startProber(services: Services, runtimes: () => Iterable<BackendRuntime>): Loop {
  const states = new WeakMap<BackendRuntime, State>()
  const addresses = new Map<string, { list: string[]; readAt: number }>()

  async function knownAddress(runtime: BackendRuntime): Promise<string | null> {
    const guard = runtime.desk.machine.guard
    if (guard) return guard.address
    const { id } = runtime.backend
    let known = addresses.get(id)
    if (!known || Date.now() - known.readAt > ADDRESSES_AGE) {
      const list = await readAddresses(services.db, id).catch(() => known?.list ?? [])
      known = { list, readAt: Date.now() }
      addresses.set(id, known)
    }
    return known.list[Math.floor(Math.random() * known.list.length)] ?? null
  }

  async function askSmtp(runtime: BackendRuntime, state: State): Promise<void> {
    state.smtpRunning = true
    try {
      const recipient = await knownAddress(runtime)
      const { outcome } = await probeSmtp(runtime.backend.hosts, recipient, services.hostname)
      probes.inc({ kind: 'smtp', result: outcome.category })
      const down = runtime.desk.machine.health === 'down'
      const evidence = evidenceOfProbe(outcome, recipient, down)
      // A guarded backend is well only when the address it refused is accepted.
      if (evidence) await runtime.desk.take(evidence)
    } finally {
      state.smtpAt = Date.now()
      state.smtpRunning = false
    }
  }

  async function askAccess(runtime: BackendRuntime, state: State): Promise<void> {
    const { imap } = runtime.backend
    if (!imap) return
    state.accessRunning = true
    try {
      const evidence = await probeAccess(imap)
      probes.inc({ kind: 'access', result: evidence.type })
      await runtime.desk.take(evidence)
    } finally {
      state.accessAt = Date.now()
      state.accessRunning = false
    }
  }

  const failed = (runtime: BackendRuntime) => (error: unknown) =>
    services.log.error({ event: 'probe.failed', backend: runtime.backend.id, error })

  return loop('probe', TICK, services.log, async () => {
    const now = Date.now()
    for (const runtime of runtimes()) {
      let state = states.get(runtime)
      if (!state) {
        // Spread over the period, so that a start with many backends does not ask all at once.
        const at = now - Math.random() * 20_000
        state = { smtpAt: at, accessAt: at, smtpRunning: false, accessRunning: false }
        states.set(runtime, state)
      }
      const { machine, lastSuccessAt } = runtime.desk
      if (!state.smtpRunning && now >= nextSmtpProbe(machine, lastSuccessAt, state.smtpAt)) {
        void askSmtp(runtime, state).catch(failed(runtime))
      }
      if (runtime.backend.imap && !state.accessRunning && now >= nextAccessProbe(machine, state.accessAt)) {
        void askAccess(runtime, state).catch(failed(runtime))
      }
    }
  })
}

async function readAddresses(db: Db, backendId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('mailbox')
    .innerJoin('domain', join => join.on(sql<boolean>`domain.name = split_part(mailbox.address, '@', 2)`))
    .select('mailbox.address')
    .where('domain.backend_id', '=', backendId)
    .orderBy('mailbox.created_at')
    .limit(MOST_ADDRESSES)
    .execute()
  return rows.map(row => row.address)
}
