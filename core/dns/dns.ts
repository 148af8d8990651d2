/**
 * DNS for all that asks it: the name servers of the settings, each in turn, twice; answers kept as long as they say;
 * one question at a time for one name; an answer within a limited time.
 *
 * That there is none is kept for a minute and a failure for a few seconds, so that a name server that is away does
 * not make each message wait anew. What is kept is bounded; the oldest goes first. That DNSSEC vouches for an answer
 * is believed of name servers on this machine only, unless told otherwise: on the way from there nobody stands.
 */
import { getServers } from 'node:dns'
import type { Answer, DecodedPacket } from 'dns-packet'
import { exchange, parseServer, type RecordType } from './question.ts'

export type { RecordType }
export type Tlsa = { usage: number; selector: number; mtype: number; cert: Buffer }

export type Answered = {
  /** Addresses and names as text, MX as `{exchange, priority}`, TXT as its pieces, TLSA as `Tlsa`. */
  records: unknown[]
  /** DNSSEC vouches for it. */
  authentic: boolean
}

export type Dns = {
  /**
   * In the forms of `node:dns/promises` resolve.
   * @throws DnsError
   */
  resolve(name: string, type: 'TXT'): Promise<string[][]>
  resolve(name: string, type: 'A' | 'AAAA' | 'PTR'): Promise<string[]>
  resolve(name: string, type: 'MX'): Promise<{ exchange: string; priority: number }[]>
  /** For callers that know the type only as text, as mailauth. @throws DnsError */
  ask(name: string, type: string): Promise<unknown[]>
  /** With the word of DNSSEC. @throws DnsError */
  question(name: string, type: RecordType): Promise<Answered>
  close(): void
}

/** `ENOTFOUND`, `ENODATA`: there is none. `ETIMEOUT`, `ESERVFAIL`, …: nobody knows. */
export class DnsError extends Error {
  override name = 'DnsError'
  readonly code: string
  constructor(code: string, name: string, type: string) {
    // Without a stack, which costs more than the answer from memory: "there is none" is the commonest of all.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(`${type} ${name}: ${code}`)
    Error.stackTraceLimit = stackTraceLimit
    this.code = code
  }
  get missing(): boolean {
    return this.code === 'ENOTFOUND' || this.code === 'ENODATA'
  }
}

export type DnsOptions = {
  /** host or host:port; empty: those of the system */
  servers: readonly string[]
  /** Whether the AD flag is believed; absent: when all name servers are on loopback. */
  trusted?: boolean
  now?: () => number
  /** ms for one question with all its retries */
  timeLimit?: number
  /** Answers kept at most. */
  most?: number
}

type Known = { until: number } & (Answered | { code: string })

const TIME_LIMIT = 5_000
/** ms for one server, of the time that is left. */
const PATIENCE = 2_000
const ROUNDS = 2
const MOST = 50_000
/** ms that an answer is kept: at least and at most, that there is none, a failure. */
const SHORTEST = 5_000
const LONGEST = 3_600_000
const NONE = 60_000
const FAILED = 5_000

const TYPES: ReadonlySet<string> = new Set(['A', 'AAAA', 'TXT', 'MX', 'PTR', 'TLSA'] satisfies RecordType[])

export function createDns(options: DnsOptions): Dns {
  const { now = Date.now, timeLimit = TIME_LIMIT, most = MOST } = options
  const servers = (options.servers.length > 0 ? options.servers : getServers()).map(parseServer)
  const trusted = options.trusted ?? servers.every(({ host }) => host === '::1' || host.startsWith('127.'))
  const kept = new Map<string, Known>()
  const running = new Map<string, Promise<Known>>()

  function keep(key: string, answer: Known): Known {
    kept.delete(key)
    kept.set(key, answer)
    if (kept.size > most) kept.delete(kept.keys().next().value ?? '')
    return answer
  }

  async function look(name: string, type: RecordType): Promise<Known> {
    const deadline = performance.now() + timeLimit
    let code = 'ETIMEOUT'
    for (let round = 0; round < ROUNDS; round++) {
      for (const server of servers) {
        const left = deadline - performance.now()
        if (left <= 0) return { code, until: now() + FAILED }
        try {
          const reply = await exchange(server, name, type, Math.min(PATIENCE, left))
          const found = answerOf(reply, type, trusted)
          if (found === 'ENOTFOUND' || found === 'ENODATA') return { code: found, until: now() + NONE }
          if (typeof found !== 'string') return { ...found, until: now() + found.time }
          code = found
        } catch (error) {
          code = (error as NodeJS.ErrnoException).code ?? 'ESERVFAIL'
        }
      }
    }
    return { code, until: now() + FAILED }
  }

  async function question(name: string, type: RecordType): Promise<Answered> {
    const plain = name.toLowerCase().replace(/\.$/, '')
    const key = `${type} ${plain}`
    let answer = kept.get(key)
    if (!answer || answer.until <= now()) {
      let asked = running.get(key)
      if (!asked) {
        asked = look(plain, type)
          .then(result => keep(key, result))
          .finally(() => running.delete(key))
        running.set(key, asked)
      }
      answer = await asked
    }
    // An error of its own for each caller: they write into it.
    if ('code' in answer) throw new DnsError(answer.code, name, type)
    return answer
  }

  async function ask(name: string, type: string): Promise<unknown[]> {
    if (!TYPES.has(type)) throw new DnsError('EBADQUERY', name, type)
    return (await question(name, type as RecordType)).records
  }

  return {
    ask,
    question,
    resolve: ask as Dns['resolve'],
    close() {
      kept.clear()
    },
  }
}

/** @returns a code when there is nothing in it; `time` is the ms for which it may be kept */
function answerOf(
  reply: DecodedPacket,
  type: RecordType,
  trusted: boolean,
): (Answered & { time: number }) | string {
  const rcode = (reply as unknown as { rcode?: string }).rcode ?? 'SERVFAIL'
  if (rcode === 'REFUSED') return 'EREFUSED'
  if (rcode !== 'NOERROR' && rcode !== 'NXDOMAIN') return 'ESERVFAIL'
  const answers = (reply.answers ?? []).filter(answer => answer.type === type)
  if (answers.length === 0) return rcode === 'NXDOMAIN' ? 'ENOTFOUND' : 'ENODATA'
  const ttl = Math.min(...answers.map(one => ('ttl' in one ? (one.ttl ?? 0) : 0)))
  return {
    records: answers.map(recordOf),
    authentic: trusted && reply.flag_ad === true,
    time: Math.min(Math.max(ttl * 1_000, SHORTEST), LONGEST),
  }
}

function recordOf(answer: Answer): unknown {
  switch (answer.type) {
    case 'MX':
      return {
        exchange: answer.data.exchange === '.' ? '' : answer.data.exchange,
        priority: answer.data.preference ?? 0,
      }
    case 'TXT':
      return [answer.data].flat().map(String)
    case 'TLSA': {
      const { usage, selector, matchingType, certificate } = answer.data
      return { usage, selector, mtype: matchingType, cert: certificate } satisfies Tlsa
    }
    default:
      return 'data' in answer ? answer.data : undefined
  }
}
