/**
 * Deliveries to the outside that go another way than their organization's: through hosts that an admin named, or
 * straight to the MX. It stays theirs until they are settled or moved again.
 *
 * Held ones stay held; what waits is tried at once, and what is under way right now goes the old way once more, for
 * it is not called back. URLs are kept sealed, as they may hold passwords; their names are kept beside.
 */
import { seal, unseal } from '../config/secret.ts'
import type { Executor } from '../db/connection.ts'
import { type BackendHost, describeHost, parseHost } from '../directory/backends.ts'
import { DirectoryError } from '../directory/errors.ts'
import { type Changed, queueAgain } from './deliveries.ts'
import { isScanHold } from './scan-holds.ts'

/** usual: as the organization sends. mx: by the MX of the destination. Else URLs of hosts, in order. */
export type WayOut = 'usual' | 'mx' | readonly string[]

/** As it stands in the row. */
export type StoredWay = { way: string | null; name: string | null }

export type OpenedWay = 'usual' | 'mx' | { hosts: BackendHost[]; publicOnly: boolean }

/** Hosts of one way at most. */
const MOST = 10

/**
 * @param publicOnly whoever names it may not reach into private networks
 * @throws DirectoryError `bad-smarthost`
 */
export function storedWay(way: WayOut, sealKey: Buffer, publicOnly: boolean): StoredWay {
  if (way === 'usual') return { way: null, name: null }
  if (way === 'mx') return { way: 'mx', name: 'MX' }
  if (way.length === 0 || way.length > MOST)
    throw new DirectoryError('bad-smarthost', `name from 1 to ${MOST} hosts`)
  const hosts = way.map(url => parseHost(url, 'bad-smarthost'))
  return {
    way: seal(sealKey, JSON.stringify({ urls: way, publicOnly })),
    name: hosts.map(describeHost).join(', '),
  }
}

/** @throws Error when it was sealed with another secret */
export function openWay(way: string | null, sealKey: Buffer): OpenedWay {
  if (way === null) return 'usual'
  if (way === 'mx') return 'mx'
  const { urls, publicOnly } = JSON.parse(unseal(sealKey, way)) as { urls: string[]; publicOnly: boolean }
  return { hosts: urls.map(url => parseHost(url, 'bad-smarthost')), publicOnly }
}

/** Moves open deliveries to the outside; others are left as they are. */
export async function reroute(
  tx: Executor,
  ids: readonly string[],
  { way, name }: StoredWay,
  now: Date,
): Promise<Changed[]> {
  if (ids.length === 0) return []
  const rows = await tx
    .selectFrom('delivery')
    .select(['id', 'message_id as messageId', 'backend_id as backendId', 'state', 'hold_reason'])
    .where('id', 'in', [...new Set(ids)])
    .where('backend_id', 'is', null)
    .where('state', 'in', ['queued', 'held', 'deferred'])
    .orderBy('id')
    .forUpdate()
    .execute()
  const open = rows.filter(row => !isScanHold(row.hold_reason))
  if (open.length === 0) return []
  await tx
    .updateTable('delivery')
    .set({ way, way_name: name })
    .where(
      'id',
      'in',
      open.map(row => row.id),
    )
    .execute()
  const queued = await queueAgain(
    tx,
    open.filter(row => row.state === 'deferred').map(row => row.id),
    now,
  )
  const again = new Map(queued.map(row => [row.id, row]))
  return open.map(({ hold_reason: _, ...row }) => again.get(row.id) ?? row)
}
