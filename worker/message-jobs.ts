/**
 * A BullMQ queue of jobs about one message each, for work that may wait: scanning again, teaching the filter.
 *
 * The rows say what is due; a round adds the jobs that should exist, under names that BullMQ takes once. So a
 * job that is lost with Redis, or with the process that had it, is added by a later round, and one that runs
 * twice finds in the rows that it is done.
 */
import { connectRedis } from '@restante/core/queue/connection.ts'
import { DEFAULT_PREFIX, queuePrefix } from '@restante/core/queue/names.ts'
import { Queue, Worker } from 'bullmq'
import { type Loop, loop } from './loop.ts'
import type { Services } from './services.ts'

export type MessageJobs = {
  /** Queue and loop. */
  name: 'scan' | 'learn'
  concurrency: number
  /** ms between rounds. */
  every: number
  /** Ids of messages whose time has come, a batch of them. */
  due: () => Promise<string[]>
  work: (messageId: string) => Promise<void>
}

/** ms after which a job without a sign of life is given to another worker. */
const LOCK = 60_000

export function startMessageJobs(
  services: Pick<Services, 'redisUrl' | 'prefix' | 'log'>,
  { name, concurrency, every, due, work }: MessageJobs,
): Loop {
  const { log } = services
  const prefix = queuePrefix(services.prefix ?? DEFAULT_PREFIX, name)
  const producer = connectRedis(services.redisUrl, 'producer', log)
  const consumer = connectRedis(services.redisUrl, 'consumer', log)
  // Made only while Redis is there: a Queue whose first commands fail stays broken for good.
  let queue: Queue<{ messageId: string }> | undefined
  const rounds = loop(name, every, log, async () => {
    if (producer.status !== 'ready') return
    const ids = await due()
    if (ids.length === 0) return
    queue ??= new Queue(name, {
      connection: producer,
      prefix,
      defaultJobOptions: { attempts: 1, removeOnComplete: true, removeOnFail: true },
      streams: { events: { maxLen: 100 } },
    }).on('error', () => {})
    try {
      await queue.addBulk(
        ids.map(messageId => ({ name, data: { messageId }, opts: { jobId: `${name}.${messageId}` } })),
      )
    } catch (error) {
      await queue.close().catch(() => {})
      queue = undefined
      throw error
    }
  })
  const worker = new Worker<{ messageId: string }>(
    name,
    async job => {
      try {
        await work(job.data.messageId)
      } catch (error) {
        // The rows say that it is still to be done.
        log.warn({ event: `${name}.job-failed`, message: job.data.messageId, error })
      }
    },
    {
      connection: consumer,
      prefix,
      concurrency,
      lockDuration: LOCK,
      stalledInterval: LOCK,
      maxStalledCount: 1_000_000,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
      runRetryDelay: 1_000,
      drainDelay: 5,
    },
  )
  worker.on('error', error => log.debug({ event: 'queue.worker-error', queue: name, error }))
  return {
    nudge: rounds.nudge,
    async close() {
      await rounds.close()
      await worker.close(consumer.status !== 'ready').catch(() => {})
      await queue?.close().catch(() => {})
      consumer.disconnect()
      producer.disconnect()
    },
  }
}
