/**
 * Names and payloads of the jobs in Redis.
 *
 * A job says "this delivery can be tried now" and nothing else: its id is the delivery's id, so that adding
 * it twice is harmless, and everything about it is read from the rows. One queue for each backend, because
 * BullMQ's open version has no groups and a slow backend must not stand in another's way; one queue for all
 * mail to the outside.
 */

export type JobData = { deliveryId: string }

/** What has to be known of a delivery to add its job. `backendId` null: it goes to the outside. */
export type Enqueued = { id: string; backendId: string | null; backlog: boolean }

/** BullMQ's priorities: the lower goes first; among equals the first added goes first. */
export const LIVE_PRIORITY = 1
export const BACKLOG_PRIORITY = 10

/** A queue name may not contain a colon. */
export function queueName(backendId: string | null): string {
  return backendId === null ? 'outbound' : `backend-${backendId}`
}

/** Braces: on a Redis cluster all keys of one queue must live on one node, and queues should spread. */
export function queuePrefix(prefix: string, name: string): string {
  return `{${prefix}:${name}}`
}

export const DEFAULT_PREFIX = 'restante'
