/**
 * The webmail's process: an HTTP server around Next's own request handler.
 *
 * Everything that answers requests lives in app/; this file knows only the life of the process. At SIGTERM no
 * new connection is taken, event streams are ended (browsers come back by themselves, to the next process),
 * requests under way are finished, and the database, spool and queues are closed.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import { join } from 'node:path'
import type { Settings } from '@restante/core/config/settings.ts'
import { createShowThreads } from '@restante/core/mail/show-threads.ts'
import { type Part, runProcess } from '@restante/core/observe/lifecycle.ts'
import type { Log } from '@restante/core/observe/log.ts'
import { createOutgoingScanner } from '@restante/core/scan/outgoing.ts'
import { clientAddress } from './server/client-address.ts'

/** Time for requests under way to end by themselves, in ms; the process has 9 s in all. */
const DRAIN = 5_000

async function start(settings: Settings, log: Log): Promise<Part> {
  // Next reads this when it is loaded, hence the import below.
  Object.assign(process.env, { NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' })
  const { default: next } = await import('next')
  globalThis.restanteScan = directory => ({
    scanner: createOutgoingScanner({ settings, directory, log }),
    staging: { folder: join(settings.RESTANTE_DATA, 'staging'), encrypt: settings.SPOOL_ENCRYPT === 'on' },
  })
  const texts = createShowThreads()
  globalThis.restanteShow = texts.show
  const app = next({ dev: false, dir: import.meta.dirname, port: settings.WEBMAIL_PORT })
  await app.prepare()
  const handle = app.getRequestHandler()

  const streams = new Set<ServerResponse>()
  let draining = false
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const remote = request.socket.remoteAddress ?? ''
    const address = clientAddress(remote, request.headers['x-forwarded-for'])
    request.headers['x-forwarded-for'] = isIP(address) ? address : '0.0.0.0'
    if (draining) response.setHeader('connection', 'close')
    trackStream(response, streams)
    handle(request, response).catch(error => {
      log.error({ event: 'webmail.request-failed', error })
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  })
  server.requestTimeout = 300_000
  server.headersTimeout = 20_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: settings.WEBMAIL_PORT, host: settings.WEBMAIL_HOST }, resolve)
  })
  log.info({ event: 'webmail.listening', port: settings.WEBMAIL_PORT, url: settings.PUBLIC_URL })

  return {
    async close() {
      draining = true
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      for (const stream of streams) stream.end()
      server.closeIdleConnections()
      const limit = setTimeout(() => server.closeAllConnections(), DRAIN)
      await closed
      clearTimeout(limit)
      await globalThis.restanteWebmail?.close()
      await texts.close()
      await app.close()
    },
  }
}

/** Remembers a response that turned out to be an event stream, as long as it is open. */
function trackStream(response: ServerResponse, streams: Set<ServerResponse>): void {
  const writeHead = response.writeHead
  response.writeHead = function (this: ServerResponse, ...parameters: unknown[]) {
    const result = Reflect.apply(writeHead, this, parameters)
    if (String(this.getHeader('content-type') ?? '').startsWith('text/event-stream')) {
      streams.add(this)
      this.once('close', () => streams.delete(this))
    }
    return result
  } as typeof response.writeHead
}

await runProcess('webmail', start)
