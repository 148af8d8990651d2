/**
 * The switch of the example mail server, over HTTP on loopback, for the admin page's panel: GET / says
 * whether it runs and what it received, POST /stop and POST /start do what they say.
 *
 * Only other programs may press it: a request that a browser sends for some web page carries an Origin, and
 * is refused.
 */
import { createServer, type Server } from 'node:http'
import type { MailServer } from './mail-server.ts'

/** Entries of the list at most, the newest. */
const SHOWN = 100

export async function serveControl(
  backend: MailServer,
  onSwitch: (running: boolean) => void,
): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(body))
    }
    const act = async () => {
      if (request.headers.origin) return answer(403, { error: 'not for web pages' })
      const { method, url } = request
      if (method === 'POST' && (url === '/start' || url === '/stop')) {
        await (url === '/start' ? backend.start() : backend.stop())
        onSwitch(backend.running)
      } else if (method !== 'GET' || url !== '/') {
        return answer(404, { error: 'GET /, POST /start, POST /stop' })
      }
      const received = backend.received.slice(-SHOWN).map(entry => ({ ...entry, to: entry.to.join(', ') }))
      answer(200, { running: backend.running, received })
    }
    act().catch(error => answer(500, { error: String(error) }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return { url: `http://127.0.0.1:${port}`, server }
}
