/**
 * Names and payloads of the jobs in Redis.
 *
 * A job says "these deliveries can be tried now" and nothing else: everything about them is read from the
 * rows, whose state and lease decide, so that adding them twice is harmless. Several in one job, because a job
 * costs Redis the same however many it names. One queue for each backend, because BullMQ's open version has no
 * groups and a slow backend must not stand in another's way; one queue for all mail to the outside.
 */

export type JobData = {
  deliveryIds: string[]
  /** They were held for long: live mail goes first. */
  backlog: boolean
}

/** Deliveries in one job at most. */
export const MOST_IN_A_JOB = 50

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
