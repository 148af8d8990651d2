/**
 * Where somebody is on the page, as the query of its address: a link to what one sees can be sent. Pure.
 * What is not understood is left out; defaults are not written.
 */
import type { DeliveryState } from '@restante/core/db/schema/delivery.ts'
import type { Sort } from '@restante/core/queue/overview-deliveries.ts'

export const VIEWS = ['waiting', 'queued', 'deferred', 'held', 'delivered', 'failed', 'cancelled'] as const
export type View = (typeof VIEWS)[number]

export type Place = {
  /** `waiting` is queued, deferred and held together. */
  view: View
  /** A backend's id or `outbound`. */
  backend: string | null
  destination: string | null
  hold: 'admin' | 'backend' | 'guard' | null
  text: string
  sort: Sort
  /** The delivery whose story is open. */
  delivery: string | null
}

/** What waits begins with the oldest, what is over with the newest. */
export const defaultSort = (view: View): Sort => (view === 'waiting' || isOpen(view) ? 'age' : '-age')

const isOpen = (view: View) => view === 'queued' || view === 'deferred' || view === 'held'
const SORTS: readonly Sort[] = [
  'age',
  '-age',
  'next',
  '-next',
  'attempts',
  '-attempts',
  'size',
  '-size',
  'sender',
  '-sender',
]

export function readPlace(query: URLSearchParams): Place {
  const view = VIEWS.find(one => one === query.get('state')) ?? 'waiting'
  const hold = query.get('hold')
  return {
    view,
    backend: query.get('server'),
    destination: query.get('destination'),
    hold: hold === 'admin' || hold === 'backend' || hold === 'guard' ? hold : null,
    text: query.get('q') ?? '',
    sort: SORTS.find(one => one === query.get('sort')) ?? defaultSort(view),
    delivery: query.get('delivery'),
  }
}

/** `?…`, or empty for the place one starts at. */
export function writePlace(place: Place): string {
  const query = new URLSearchParams()
  if (place.view !== 'waiting') query.set('state', place.view)
  if (place.backend) query.set('server', place.backend)
  if (place.destination) query.set('destination', place.destination)
  if (place.hold) query.set('hold', place.hold)
  if (place.text) query.set('q', place.text)
  if (place.sort !== defaultSort(place.view)) query.set('sort', place.sort)
  if (place.delivery) query.set('delivery', place.delivery)
  const text = query.toString()
  return text ? `?${text}` : ''
}

export const statesOf = (view: View): DeliveryState[] =>
  view === 'waiting' ? ['queued', 'held', 'deferred'] : [view]

/** The query of GET /api/v1/deliveries for a place. */
export function listQuery(place: Place, cursor: string | null): string {
  const query = new URLSearchParams({
    state: statesOf(place.view).join(','),
    sort: place.sort,
    limit: String(cursor ? 100 : 25),
  })
  if (place.backend) query.set('backend', place.backend)
  if (place.destination) query.set('destination', place.destination)
  if (place.hold) query.set('hold', place.hold)
  if (place.text.trim()) query.set('q', place.text.trim())
  if (cursor) query.set('cursor', cursor)
  return query.toString()
}
