/**
 * A BullMQ worker with what we need of it: take a job, run it, be gone with it.
 */

import { connectRedis } from '@restante/core/queue/connection.ts'
import { DEFAULT_PREFIX, type JobData, queueName, queuePrefix } from '@restante/core/queue/names.ts'
import { Worker } from 'bullmq'
import type { Services } from '../services.ts'

export type Consumer = { setConcurrency(size: number): void; close(): Promise<void> }

/** ms after which BullMQ thinks that a process which gave no sign is dead; its lock is renewed at half. */
const LOCK = 30_000

export function consume(
  services: Pick<Services, 'redisUrl' | 'prefix' | 'log'>,
  backendId: string | null,
  concurrency: number,
  work: (deliveryIds: readonly string[], backlog: boolean) => Promise<void>,
): Consumer {
  const { log } = services
  const name = queueName(backendId)
  const redis = connectRedis(services.redisUrl, 'consumer', log)
  const worker = new Worker<JobData>(
    name,
    async job => {
      try {
        await work(job.data.deliveryIds, job.data.backlog)
      } catch (error) {
        // The row says what is left to do; the job has done its part.
        log.error({ event: 'delivery.job-failed', deliveries: job.data.deliveryIds, error })
      }
    },
    {
      connection: redis,
      prefix: queuePrefix(services.prefix ?? DEFAULT_PREFIX, name),
      concurrency,
      lockDuration: LOCK,
      stalledInterval: LOCK,
      // At the second stall BullMQ would move the job to failed for good.
      maxStalledCount: 1_000_000,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
      runRetryDelay: 1_000,
      drainDelay: 5,
    },
  )
  // Connection errors come here too, many a second; connection.ts has logged the first.
  worker.on('error', error => log.debug({ event: 'queue.worker-error', queue: name, error }))
  return {
    setConcurrency(size) {
      worker.concurrency = size
    },
    async close() {
      // With Redis away a polite goodbye would never end.
      await worker.close(redis.status !== 'ready').catch(() => {})
      redis.disconnect()
    },
  }
}
