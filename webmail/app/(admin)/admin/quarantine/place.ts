/** Where somebody is on the page of the quarantine, as the query of its address. */

import type { ScanHold } from '@restante/core/db/schema/delivery.ts'
import { KINDS, type Kind } from '@restante/core/queue/quarantine-kinds.ts'

export const VIEWS = ['quarantine', 'spam', 'scan'] as const satisfies readonly ScanHold[]

export type Place = {
  view: (typeof VIEWS)[number]
  kind: Kind | null
  text: string
  /** The one whose findings are open. */
  message: string | null
}

export function readPlace(query: URLSearchParams): Place {
  return {
    view: VIEWS.find(view => view === query.get('list')) ?? 'quarantine',
    kind: KINDS.find(kind => kind === query.get('found')) ?? null,
    text: query.get('q') ?? '',
    message: query.get('message'),
  }
}

/** `?…`, or empty for the place one starts at. */
export function writePlace(place: Place): string {
  const query = new URLSearchParams()
  if (place.view !== 'quarantine') query.set('list', place.view)
  if (place.kind) query.set('found', place.kind)
  if (place.text) query.set('q', place.text)
  if (place.message) query.set('message', place.message)
  const text = query.toString()
  return text ? `?${text}` : ''
}

/** The filter of an action, and of the list. */
export const filterOf = (place: Place) => ({
  holds: [place.view],
  ...(place.kind && { kind: place.kind }),
  ...(place.text.trim() && { text: place.text.trim() }),
})

/** The query of GET /api/v1/quarantine for a place. */
export function listQuery(place: Place, cursor: string | null): string {
  const query = new URLSearchParams({ hold: place.view, limit: '50' })
  if (place.kind) query.set('kind', place.kind)
  if (place.text.trim()) query.set('q', place.text.trim())
  if (cursor) query.set('cursor', cursor)
  return query.toString()
}
