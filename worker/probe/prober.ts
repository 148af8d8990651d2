/**
 * Keeps asking the backends how they are, each at its own pace, and hands what it hears to their desks. One
 * probe of a kind at a time for a backend; a slow one never delays another's.
 */
import { remarkOf, SLOW } from '@restante/core/continuity/evidence.ts'
import { counter } from '@restante/core/observe/metrics.ts'
import type { BackendRuntime } from '../deliver/backend.ts'
import { type Loop, loop } from '../loop.ts'
import type { Services } from '../services.ts'
import { askAll } from './access.ts'
import { knownAddresses, readAddresses } from './addresses.ts'
import { nextAccessProbe, nextSmtpProbe } from './schedule.ts'
import { evidenceOfProbe, probeSmtp } from './smtp.ts'

const probes = counter('probes_total', 'Probes of backends, by kind and result.', ['kind', 'result'])

/** How often the schedule is looked at, in ms. */
const TICK = 250
type State = { smtpAt: number; accessAt: number; smtpRunning: boolean; accessRunning: boolean }

export function startProber(services: Services, runtimes: () => Iterable<BackendRuntime>): Loop {
  const states = new WeakMap<BackendRuntime, State>()
  const addresses = knownAddresses(id => readAddresses(services.db, id))

  async function knownAddress(runtime: BackendRuntime): Promise<string | null> {
    const guard = runtime.desk.machine.guard
    if (guard) return guard.address
    return await addresses(runtime.backend.id)
  }

  async function askSmtp(runtime: BackendRuntime, state: State): Promise<void> {
    state.smtpRunning = true
    try {
      const recipient = await knownAddress(runtime)
      const startedAt = Date.now()
      const { outcome } = await probeSmtp(runtime.backend.hosts, recipient, services.hostname)
      probes.inc({ kind: 'smtp', result: outcome.category })
      const down = runtime.desk.machine.health === 'down'
      const evidence = evidenceOfProbe(outcome, recipient, down)
      // A guarded backend is well only when the address it refused is accepted.
      if (evidence) await runtime.desk.take(evidence)
      const remark = down ? null : remarkOf(outcome, recipient !== null)
      if (remark) await runtime.desk.remark(remark)
      const took = Date.now() - startedAt
      if (outcome.category === 'accepted' && took >= SLOW) {
        const detail = `${outcome.host ?? ''}: ${(took / 1_000).toFixed(0)} s to answer a probe`
        await runtime.desk.remark({ type: 'remark', concern: 'slow', detail })
      }
    } finally {
      state.smtpAt = Date.now()
      state.smtpRunning = false
    }
  }

  async function askAccess(runtime: BackendRuntime, state: State): Promise<void> {
    state.accessRunning = true
    try {
      const { evidence, remark } = await askAll(runtime.backend)
      probes.inc({ kind: 'access', result: evidence.type })
      await runtime.desk.take(evidence)
      if (remark) await runtime.desk.remark(remark)
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
      const smtpDue = nextSmtpProbe(machine, lastSuccessAt, state.smtpAt, runtime.sendingSince)
      if (!state.smtpRunning && now >= smtpDue) {
        void askSmtp(runtime, state).catch(failed(runtime))
      }
      const { imap, access } = runtime.backend
      if ((imap || access) && !state.accessRunning && now >= nextAccessProbe(machine, state.accessAt)) {
        void askAccess(runtime, state).catch(failed(runtime))
      }
    }
  })
}
