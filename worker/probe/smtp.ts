/**
 * Asks a backend whether it would take mail: EHLO, MAIL FROM:<>, RCPT of an address it should know, RSET,
 * QUIT. Nothing is sent. The hosts are asked in order; one that would is enough.
 */

import { describe, evidenceOf } from '@restante/core/continuity/evidence.ts'
import type { Cause, Evidence } from '@restante/core/continuity/machine.ts'
import type { BackendHost } from '@restante/core/directory/backends.ts'
import { atOurBackend, classify } from '@restante/core/outcome/classify.ts'
import type { Outcome, Phase } from '@restante/core/outcome/types.ts'
import { dial, type Peer, PROBE_TIMEOUTS } from '../smtp/peer.ts'

export type ProbeResult = { outcome: Outcome /** The host asked last. */; host: string }

/** @param recipient an address that the backend should accept; null when none is known */
export async function probeSmtp(
  hosts: readonly BackendHost[],
  recipient: string | null,
  name: string,
): Promise<ProbeResult> {
  let last: ProbeResult | null = null
  for (const host of hosts) {
    last = { outcome: await ask(host, recipient, name), host: host.host }
    if (last.outcome.category === 'accepted' || last.outcome.phase === 'rcpt') return last
  }
  if (!last) throw new Error('a backend without hosts')
  return last
}

async function ask(host: BackendHost, recipient: string | null, name: string): Promise<Outcome> {
  const dialed = await dial(host, { ...PROBE_TIMEOUTS, name })
  if (dialed.type === 'failed') return dialed.outcome
  const { peer } = dialed
  try {
    const mail = await command(peer, 'MAIL FROM:<>', 'mail')
    if (mail.category !== 'accepted' || recipient === null) return mail
    const rcpt = await command(peer, `RCPT TO:<${recipient}>`, 'rcpt')
    await command(peer, 'RSET', 'rcpt')
    return rcpt
  } finally {
    peer.quit()
  }
}

async function command(peer: Peer, line: string, phase: Phase): Promise<Outcome> {
  const reply = await peer.command(line)
  return classify(reply, { phase, host: peer.name, at: new Date() })
}

/**
 * What a probe's outcome says. Unlike with a delivery, every answer that shows a working server counts for
 * it. A known address that is refused counts for nothing while all is well (people leave), trips the guard
 * during a return, and while the backend is down it is no sign of its being back.
 */
export function evidenceOfProbe(raw: Outcome, recipient: string | null, down: boolean): Evidence | null {
  const outcome = atOurBackend(raw)
  const evidence = evidenceOf(outcome, 'smtp-probe', recipient ?? undefined)
  if (evidence?.type === 'refusal' && down) {
    const cause: Cause = 'unknown-users'
    return { type: 'failure', source: 'smtp-probe', cause, detail: describe(outcome) }
  }
  if (evidence) return evidence
  return outcome.code !== undefined && outcome.code !== 421 ? { type: 'success', source: 'smtp-probe' } : null
}
