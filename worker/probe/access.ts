/**
 * Asks whether people could get at their mailboxes: the IMAP port answers, with TLS when it should, and
 * greets (RFC 3501 §7.1); an address of the web answers. Nobody is signed in.
 */

import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, TLSSocket } from 'node:tls'
import type { Cause, Event, Evidence } from '@restante/core/continuity/machine.ts'
import type { Backend } from '@restante/core/directory/backends.ts'
import type { ImapServer } from '@restante/core/directory/imap.ts'
import { classify } from '@restante/core/outcome/classify.ts'

/** ms for all of it. */
const TIMEOUT = 8_000
const LONGEST_GREETING = 8_192

type Remark = Event & { type: 'remark' }
type Asked = { evidence: Evidence; remark?: Remark }

/** All that a backend has for access. One that is away is enough for a failure. */
export async function askAll({ imap, access }: Pick<Backend, 'imap' | 'access'>): Promise<Asked> {
  let remark: Remark | undefined
  const asked: Evidence[] = await Promise.all([
    ...(imap
      ? [
          probeAccess(imap, found => {
            remark = found
          }),
        ]
      : []),
    ...(access ? [probeWeb(access)] : []),
  ])
  const evidence = asked.find(one => one.type === 'failure') ?? asked[0]
  return { evidence: evidence ?? { type: 'success', source: 'access-probe' }, ...(remark && { remark }) }
}

/** The webmail that people use answers: with anything but an error of its server. */
export async function probeWeb(address: string): Promise<Evidence> {
  const url = new URL(address)
  const say = (cause: Cause, what: string) => failure(cause, `${url.host}: ${what}`)
  try {
    const status = await new Promise<number>((resolve, reject) => {
      const ask = url.protocol === 'https:' ? requestHttps : requestHttp
      const request = ask(url, { method: 'GET', agent: false, headers: { 'user-agent': 'restante-probe' } })
      const timer = setTimeout(
        () =>
          request.destroy(Object.assign(new Error(`no answer within ${TIMEOUT} ms`), { code: 'ETIMEDOUT' })),
        TIMEOUT,
      )
      request.on('close', () => clearTimeout(timer))
      request.on('error', reject)
      request.on('response', response => {
        // What it says is not wanted.
        response.on('error', () => {})
        response.destroy()
        resolve(response.statusCode ?? 0)
      })
      request.end()
    })
    return status < 500
      ? { type: 'success', source: 'access-probe' }
      : say('temporary-error', `HTTP ${status}`)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    // A browser would not let anybody in either.
    if (/CERT|SELF_SIGNED|ISSUER|ALTNAME/.test(code ?? '')) return say('certificate', message)
    return say(causeOf(error), message)
  }
}

/** @param onRemark hears of a certificate that has run out: mail programs warn their users, and some give up */
export async function probeAccess(
  server: ImapServer,
  onRemark: (remark: Remark) => void = () => {},
): Promise<Evidence> {
  try {
    const greeting = await readGreeting(server, validTo => {
      if (Date.parse(validTo) > Date.now()) return
      const detail = `${server.host}: the certificate ran out on ${validTo}`
      onRemark({ type: 'remark', concern: 'certificate', detail })
    })
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

async function readGreeting(server: ImapServer, onCertificate: (validTo: string) => void): Promise<string> {
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
      socket.on('secureConnect', () => {
        const { valid_to: validTo } = socket instanceof TLSSocket ? socket.getPeerCertificate() : {}
        if (validTo) onCertificate(validTo)
      })
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
