/**
 * Asks whether people could get at their mailboxes: the IMAP port answers, with TLS when it should, and
 * greets (RFC 3501 §7.1). Nobody is signed in.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Cause, Evidence } from '@restante/core/continuity/machine.ts'
import type { ImapServer } from '@restante/core/directory/backends.ts'
import { classify } from '@restante/core/outcome/classify.ts'

/** ms for all of it. */
const TIMEOUT = 8_000
const LONGEST_GREETING = 8_192

export async function probeAccess(server: ImapServer): Promise<Evidence> {
  try {
    const greeting = await readGreeting(server)
    if (/^\* (?:OK|PREAUTH)\b/i.test(greeting)) return { type: 'success', source: 'access-probe' }
    return failure('protocol', `${server.host}: ${greeting.slice(0, 200).trim()}`)
  } catch (error) {
    return failure(
      causeOf(error),
      `${server.host}: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

function failure(cause: Cause, detail: string): Evidence {
  return { type: 'failure', source: 'access-probe', cause, detail }
}

function causeOf(error: unknown): Cause {
  const found = classify(error as Error, { phase: 'connect' })
  switch (found.category) {
    case 'unreachable':
      return (error as { code?: string }).code === 'ECONNREFUSED' ? 'refused' : 'unreachable'
    case 'timed-out':
      return 'timed-out'
    case 'dns-fault':
      return 'dns'
    case 'tls-fault':
      return 'tls'
    default:
      return 'protocol'
  }
}

async function readGreeting(server: ImapServer): Promise<string> {
  const at = { host: server.host, port: server.port }
  // Whether the certificate is good is the users' mail programs' question; an expired one shows there.
  const socket: Socket =
    server.tls === 'implicit'
      ? connectTls({ ...at, servername: isIP(server.host) ? '' : server.host, rejectUnauthorized: false })
      : connectTcp(at)
  try {
    return await new Promise<string>((resolve, reject) => {
      let text = ''
      const timer = setTimeout(
        () => reject(Object.assign(new Error(`no greeting within ${TIMEOUT} ms`), { code: 'ETIMEDOUT' })),
        TIMEOUT,
      )
      socket.on('close', () => {
        clearTimeout(timer)
        reject(Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' }))
      })
      socket.on('error', reject)
      socket.setEncoding('latin1')
      socket.on('data', (chunk: string) => {
        text += chunk
        if (text.includes('\n') || text.length > LONGEST_GREETING) {
          clearTimeout(timer)
          resolve(text)
        }
      })
    })
  } finally {
    socket.destroy()
  }
}
