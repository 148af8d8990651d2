/**
 * What the page says first: how mail is, and what there is to do. Pure; the words stand in the catalogues.
 *
 * The worst thing decides the sentence; the advice goes from what needs a person to what mends itself.
 */
import type { Live, Wire } from '../../api/v1/picture.ts'

export type Picture = Wire<Live>
export type Backend = Picture['backends'][number]

export type Verdict = {
  type: 'none' | 'flowing' | 'degraded' | 'recovering' | 'down'
  /** Of the backends that it is about. */
  names: string[]
}

export function verdictOf(picture: Picture): Verdict {
  if (picture.backends.length === 0) return { type: 'none', names: [] }
  for (const type of ['down', 'recovering', 'degraded'] as const) {
    const names = picture.backends.filter(backend => backend.health === type).map(backend => backend.name)
    if (names.length > 0) return { type, names }
  }
  return { type: 'flowing', names: [] }
}

export type Advice =
  | { type: 'guard'; backend: Backend }
  | { type: 'down'; backend: Backend }
  | { type: 'degraded'; backend: Backend }
  | { type: 'override'; backend: Backend }
  | { type: 'recovering'; backend: Backend }
  /** Held by a person, or set aside by the return guard: `hold` says which to look at first. */
  | { type: 'admin'; count: number; hold: 'admin' | 'guard' }
  | { type: 'outbound'; destination: Picture['outbound']['destinations'][number] }
  | { type: 'set-up' }
  | { type: 'nothing' }

/** Outgoing mail that waits longer than this is worth a look, in ms. */
const OLD = 1_800_000
/** Destinations named. */
const DESTINATIONS = 3

export function adviceOf(picture: Picture, now: number): Advice[] {
  if (picture.backends.length === 0) return [{ type: 'set-up' }]
  const advice: Advice[] = []
  for (const backend of picture.backends) {
    if (!backend.override && isSetAside(backend)) advice.push({ type: 'guard', backend })
    else if (!backend.override && backend.health === 'down') advice.push({ type: 'down', backend })
    else if (!backend.override && backend.health === 'degraded') advice.push({ type: 'degraded', backend })
  }
  for (const backend of picture.backends) if (backend.override) advice.push({ type: 'override', backend })
  for (const hold of ['admin', 'guard'] as const) {
    const count = picture.backends.reduce((sum, backend) => sum + backend.heldBy[hold], 0)
    if (count > 0) advice.push({ type: 'admin', count, hold })
  }
  const old = picture.outbound.destinations.filter(
    destination => destination.oldest && now - Date.parse(destination.oldest) > OLD,
  )
  for (const destination of old.slice(0, DESTINATIONS)) advice.push({ type: 'outbound', destination })
  if (advice.length > 0) return advice
  const back = picture.backends.find(backend => backend.health === 'recovering')
  return back ? [{ type: 'recovering', backend: back }] : [{ type: 'nothing' }]
}

/** Its return was set aside: an admin is asked. */
const isSetAside = (backend: Backend) =>
  backend.health === 'down' && (backend.cause === 'unknown-users' || backend.cause === 'failing')
