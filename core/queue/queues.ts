/**
 * Adds jobs. Redis is a view: when a job can't be added, the row says that it should exist and the
 * reconciler adds it later. So nothing here throws for a lost Redis, and nothing here waits for it.
 *
 * A crash between the commit of the rows and `enqueue` leaves rows without jobs; see reconcile.ts.
 */
import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Log } from '../observe/log.ts'
import { connectRedis } from './connection.ts'
import {
  BACKLOG_PRIORITY,
  DEFAULT_PREFIX,
  type Enqueued,
  type JobData,
  LIVE_PRIORITY,
  MOST_IN_A_JOB,
  queueName,
  queuePrefix,
} from './names.ts'

export interface Queues {
  /**
   * Adds jobs for deliveries that can be tried now, in the order given. Adding again is harmless.
   * @param mark makes other jobs of the same deliveries: those there are belong to a worker that died, and
   * BullMQ finds that out only later
   * @returns false when Redis could not take them; the reconciler will
   */
  enqueue(deliveries: readonly Enqueued[], mark?: string): Promise<boolean>
  /** Jobs that wait or run in one queue; null when Redis is away. */
  count(backendId: string | null): Promise<number | null>
  /** Whether Redis answers. */
  ready(): boolean
  /** Whether Redis was away since this was last asked, however briefly: jobs may be missing. */
  wasAway(): boolean
  close(): Promise<void>
}

export type QueuesOptions = { redisUrl: string; prefix?: string; log: Log }

/** Longest wait for Redis to take jobs, in ms. */
const PATIENCE = 5_000
/** Jobs in one round trip. */
const BATCH = 100

export function createQueues(options: QueuesOptions): Queues {
  const prefix = options.prefix ?? DEFAULT_PREFIX
  const redis: Redis = connectRedis(options.redisUrl, 'producer', options.log)
  const queues = new Map<string, Queue<JobData>>()
  let lost = false
  redis.on('close', () => {
    lost = true
  })

  // Made only while Redis is there: a Queue whose first commands fail stays broken for good.
  function queue(backendId: string | null): Queue<JobData> {
    const name = queueName(backendId)
    let found = queues.get(name)
    if (!found) {
      found = new Queue<JobData>(name, {
        connection: redis,
        prefix: queuePrefix(prefix, name),
        // attempts 1 and nothing kept: retries and results are rows.
        defaultJobOptions: { attempts: 1, removeOnComplete: true, removeOnFail: true },
        streams: { events: { maxLen: 100 } },
      })
      found.on('error', () => {})
      queues.set(name, found)
    }
    return found
  }

  async function guarded<T>(backendId: string | null, work: (q: Queue<JobData>) => Promise<T>) {
    if (redis.status !== 'ready') return null
    try {
      return await within(PATIENCE, work(queue(backendId)))
    } catch (error) {
      options.log.warn({ event: 'queue.redis-failed', queue: queueName(backendId), error })
      const broken = queues.get(queueName(backendId))
      queues.delete(queueName(backendId))
      await broken?.close().catch(() => {})
      return null
    }
  }

  return {
    async enqueue(deliveries, mark = '') {
      let complete = true
      for (const [backendId, group] of Map.groupBy(deliveries, delivery => delivery.backendId)) {
        const jobs = jobsFor(group, mark)
        for (let at = 0; at < jobs.length; at += BATCH) {
          const added = await guarded(backendId, q => q.addBulk(jobs.slice(at, at + BATCH)))
          if (added === null) complete = false
        }
      }
      return complete
    },
    async count(backendId) {
      return await guarded(backendId, async q => {
        const counts = await q.getJobCounts('waiting', 'prioritized', 'active', 'delayed')
        return Object.values(counts).reduce((sum, count) => sum + count, 0)
      })
    },
    ready: () => redis.status === 'ready',
    wasAway() {
      const was = lost
      lost = false
      return was
    },
    async close() {
      await Promise.all([...queues.values()].map(q => q.close().catch(() => {})))
      redis.disconnect()
    },
  }
}

/** The same deliveries once more make a job of the same name, which BullMQ does not add twice. */
function jobsFor(deliveries: readonly Enqueued[], mark: string) {
  return [...Map.groupBy(deliveries, delivery => delivery.backlog)].flatMap(([backlog, group]) => {
    const jobs = []
    for (let at = 0; at < group.length; at += MOST_IN_A_JOB) {
      const deliveryIds = group.slice(at, at + MOST_IN_A_JOB).map(delivery => delivery.id)
      const data: JobData = { deliveryIds, backlog }
      const opts = {
        jobId: `${deliveryIds[0]}.${deliveryIds.length}${mark && `.${mark}`}`,
        priority: backlog ? BACKLOG_PRIORITY : LIVE_PRIORITY,
      }
      jobs.push({ name: 'deliveries', data, opts })
    }
    return jobs
  })
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
    work.catch(() => {})
  }
}
