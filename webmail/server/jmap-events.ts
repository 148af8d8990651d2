/**
 * Push as an event stream (RFC 8620 §7.3). A follower costs a few kB; what is pushed is only "look again".
 *
 * The stream looks itself, again and again, whether its session still holds: one that was ended gets nothing
 * more. A person has so many streams at most; beyond that the oldest gives way (a browser comes back).
 */
import { appPasswordHolds } from '@restante/core/access/app-passwords.ts'
import { accountsOf } from '@restante/core/access/permissions.ts'
import { sessionHolds } from '@restante/core/access/sessions.ts'
import { openPushHub, type PushHub, type StateChange } from '@restante/core/jmap/push.ts'
import type { JmapCall } from './jmap.ts'
import type { Services } from './services.ts'

declare global {
  var restantePush: PushHub | undefined
}

/** One for the process; Next may load this module more than once. */
function hub({ db, databaseUrl, log }: Services): PushHub {
  globalThis.restantePush ??= openPushHub({ db, databaseUrl, log })
  return globalThis.restantePush
}

const STREAMS_PER_PERSON = 20
/** How often a stream looks whether its session holds, in ms. */
const CHECK = 4_000
/** RFC 8620 §7.3: pings in seconds, within what we allow. */
const PING = { least: 5, most: 300, standard: 30 } as const

const open = new Map<string, Set<() => void>>()

export function eventStream(call: JmapCall<unknown>): Response {
  const { url, run, services } = call
  const types = new Set((url.searchParams.get('types') ?? '*').split(','))
  const closeAfterState = url.searchParams.get('closeafter') === 'state'
  const ping = pingOf(url.searchParams.get('ping'))
  const accountIds = run.accounts.map(account => account.id)
  const lastEventId = call.request.headers.get('last-event-id')
  const encoder = new TextEncoder()
  let end = () => {}

  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      let ended = false
      const send = (text: string) => {
        if (!ended) controller.enqueue(encoder.encode(text))
      }
      const tell = (change: StateChange) => {
        const changed = onlyTypes(change.changed, types)
        if (Object.keys(changed).length === 0) return
        send(`id: ${idOf(change)}\nevent: state\ndata: ${JSON.stringify({ ...change, changed })}\n\n`)
        if (closeAfterState) end()
      }
      const following = hub(services).follow(accountIds, tell)
      const pings =
        ping && setInterval(() => send(`event: ping\ndata: {"interval":${ping}}\n\n`), ping * 1_000)
      const checks = setInterval(() => {
        void stillHolds(call, accountIds).then(holds => {
          if (!holds) end()
        })
      }, CHECK)
      end = () => {
        if (ended) return
        ended = true
        following.unfollow()
        if (pings) clearInterval(pings)
        clearInterval(checks)
        forget(run.context.person.id, end)
        try {
          controller.close()
        } catch {
          // The client has gone already.
        }
      }
      remember(run.context.person.id, end)
      // A comment first, so that the browser knows that the stream is open. It comes back after a second: who was
      // signed out elsewhere is to see it soon.
      send(': restante\nretry: 1000\n\n')
      if (lastEventId !== null) {
        // What happened meanwhile is not known; how it stands now is.
        void hub(services)
          .stateOf(accountIds)
          .then(now => {
            if (idOf(now) !== lastEventId) tell(now)
          })
          .catch(() => end())
      }
    },
    cancel() {
      end()
    },
  })
  call.request.signal.addEventListener('abort', () => end(), { once: true })
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // Proxies must not gather it.
      'x-accel-buffering': 'no',
    },
  })
}

function pingOf(text: string | null): number {
  const seconds = Number(text ?? PING.standard)
  if (!Number.isInteger(seconds) || seconds < 0) return PING.standard
  return seconds === 0 ? 0 : Math.min(PING.most, Math.max(PING.least, seconds))
}

function onlyTypes(changed: StateChange['changed'], types: ReadonlySet<string>): StateChange['changed'] {
  if (types.has('*')) return changed
  const result: StateChange['changed'] = {}
  for (const [accountId, states] of Object.entries(changed)) {
    const wanted = Object.entries(states).filter(([type]) => types.has(type))
    if (wanted.length > 0) result[accountId] = Object.fromEntries(wanted)
  }
  return result
}

/** Says how far the client was told, for its next Last-Event-ID. */
function idOf({ changed }: StateChange): string {
  return Object.entries(changed)
    .map(([id, states]) => `${id.slice(-8)}.${states.Email ?? ''}.${states.Continuity ?? ''}`)
    .sort()
    .join(',')
}

/** What was signed in with counts still, and no account was taken away. A database that is away ends nobody's session. */
async function stillHolds(
  { run, credential, services: { db } }: JmapCall<unknown>,
  accountIds: readonly string[],
) {
  const { person } = run.context
  try {
    const holds =
      credential.by === 'cookie'
        ? await sessionHolds(db, credential.session)
        : await appPasswordHolds(db, credential.id, credential.epoch)
    if (!holds) return false
    const accounts = new Set((await accountsOf(db, person)).map(account => account.id))
    return accounts.size === accountIds.length && accountIds.every(id => accounts.has(id))
  } catch {
    return true
  }
}

function remember(personId: string, end: () => void): void {
  const streams = open.get(personId) ?? new Set()
  open.set(personId, streams.add(end))
  if (streams.size > STREAMS_PER_PERSON) [...streams][0]?.()
}

function forget(personId: string, end: () => void): void {
  const streams = open.get(personId)
  streams?.delete(end)
  if (streams?.size === 0) open.delete(personId)
}
