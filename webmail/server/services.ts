/**
 * What request handlers work with: database, spool, queues, directory. Opened at the first use, once a
 * process, and closed by main.ts when it drains.
 *
 * It hangs on globalThis because Next loads modules anew after a change in development and main.ts, which is
 * not bundled, has to find it.
 */
import { join } from 'node:path'
import { createLimiter, type Limiter } from '@restante/core/access/limits.ts'
import { type AskServer, createAskServer } from '@restante/core/access/mailbox-server.ts'
import { deriveKey, loadSecret } from '@restante/core/config/secret.ts'
import { loadSettings, type Settings } from '@restante/core/config/settings.ts'
import { connect, type Db } from '@restante/core/db/connection.ts'
import { type DirectoryKeeper, keepDirectory } from '@restante/core/directory/keeper.ts'
import type { Directory } from '@restante/core/directory/snapshot.ts'
import type { SubmissionScan } from '@restante/core/jmap/submission-scan.ts'
import type { ShowText } from '@restante/core/mail/show-text.ts'
import { createLog, type Log } from '@restante/core/observe/log.ts'
import { createQueues, type Queues } from '@restante/core/queue/queues.ts'
import { openSpool } from '@restante/core/spool/open.ts'
import type { Spool } from '@restante/core/spool/types.ts'

export type Services = {
  settings: Settings
  log: Log
  db: Db
  databaseUrl: string
  redisUrl: string
  spool: Spool
  queues: Queues
  directory: DirectoryKeeper
  /** Looks at what people send. Absent where main.ts does not run. */
  scan: SubmissionScan | undefined
  /** Counts what is limited: attempts to sign in. */
  limiter: Limiter
  /** Key for sealed columns: backend URLs, smarthosts. */
  sealKey: Buffer
  /** Key that session cookies are encrypted with. */
  sessionKey: Buffer
  /** Key of the small cookies of signing in: a step that is under way, a browser that is known. */
  signInKey: Buffer
  /** Asks people's own mail servers about their passwords. */
  askServer: AskServer
}

/** Made by main.ts, which is not bundled: the scan has threads, whose programs are files. */
type ScanMaker = (directory: () => Directory) => SubmissionScan
type Holder = { opening: Promise<Services>; close(): Promise<void> }

declare global {
  var restanteWebmail: Holder | undefined
  var restanteScan: ScanMaker | undefined
  /** Makes a message's text safe to show, in a thread when it is long. Made by main.ts as well. */
  var restanteShow: ShowText | undefined
}

/** The process's services. @throws when a setting is wrong or the spool can't be opened */
export function services(): Promise<Services> {
  if (!globalThis.restanteWebmail) {
    const opening = open()
    globalThis.restanteWebmail = { opening, close: () => close(opening) }
    // A failed opening is tried again by the next request.
    opening.catch(() => {
      globalThis.restanteWebmail = undefined
    })
  }
  return globalThis.restanteWebmail.opening
}

async function open(): Promise<Services> {
  const settings = loadSettings()
  const log = createLog('webmail', settings.LOG_LEVEL)
  const { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl } = settings
  if (!databaseUrl || !redisUrl) throw new Error('DATABASE_URL and REDIS_URL must be set for the webmail')
  const secret = loadSecret(settings)
  const db = connect(databaseUrl, {
    name: 'restante-webmail',
    max: 20,
    onError: error => log.warn({ event: 'webmail.database-connection-lost', error }),
  })
  const spool = await openSpool({
    url: settings.SPOOL_URL,
    secretKey: deriveKey(secret, 'spool'),
    encrypt: settings.SPOOL_ENCRYPT === 'on',
    writer: 'webmail',
    minimumFree: settings.SPOOL_MINIMUM_FREE / 100,
    log,
  })
  const sealKey = deriveKey(secret, 'stored-secrets')
  const directory = await keepDirectory({
    db,
    databaseUrl,
    file: join(settings.RESTANTE_DATA, 'snapshot', 'directory.json'),
    sealKey,
    log,
  })
  return {
    settings,
    log,
    db,
    databaseUrl,
    redisUrl,
    spool,
    directory,
    scan: globalThis.restanteScan?.(() => directory.current),
    queues: createQueues({ redisUrl, log }),
    limiter: createLimiter({ redisUrl, log }),
    sealKey,
    sessionKey: deriveKey(secret, 'session'),
    signInKey: deriveKey(secret, 'sign-in'),
    askServer: createAskServer(),
  }
}

async function close(opening: Promise<Services>): Promise<void> {
  const opened = await opening.catch(() => undefined)
  if (!opened) return
  await Promise.allSettled([
    opened.directory.close(),
    opened.scan?.scanner.close(),
    opened.queues.close(),
    opened.limiter.close(),
    opened.spool.close(),
  ])
  await opened.db.destroy()
}
