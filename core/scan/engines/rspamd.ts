/**
 * rspamd over HTTP: `POST /checkv2` of a normal worker (rspamd's own protocol, version 2), and learning at its
 * controller.
 *
 * rspamd sees the client and the envelope as the relay does, so that its own checks of sender and network
 * work. What it wants changed in the header (its `milter` block) is done; the subject is left alone.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import type { Log } from '../../observe/log.ts'
import { fieldLine } from '../fields.ts'
import type { Finding, Step, StepOutcome, Subject } from '../types.ts'
import { Addresses, EngineError } from './addresses.ts'
import { countFields } from './count-fields.ts'

/** ms */
const TIME = 15_000
/** Bytes of an answer; a long one has some tens of KiB. */
const ANSWER_LIMIT = 4 * 1_048_576
const SYMBOLS_KEPT = 60

const addedField = z.union([z.string(), z.object({ value: z.string() }).loose()])
const answerSchema = z.object({
  action: z.string(),
  score: z.number(),
  required_score: z.number().optional(),
  symbols: z.record(z.string(), z.object({ score: z.number().optional() }).loose()).optional(),
  messages: z.record(z.string(), z.unknown()).optional(),
  milter: z
    .object({
      add_headers: z.record(z.string(), z.union([addedField, z.array(addedField)])).optional(),
      remove_headers: z.record(z.string(), z.number().int()).optional(),
    })
    .loose()
    .optional(),
})
type RspamdAnswer = z.output<typeof answerSchema>

export function rspamdStep(options: {
  urls: readonly string[]
  log: Log
  /** The name of a client, forward-confirmed; undefined when it has none. */
  nameOf?: (address: string) => Promise<string | undefined>
  /** ms */
  timeLimit?: number
}): Step {
  const timeLimit = options.timeLimit ?? TIME
  const addresses = new Addresses({ ...options, step: 'rspamd', timeLimit })
  const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) }
  return {
    name: 'rspamd',
    kind: 'spam',
    timeLimit,
    async run(subject, { signal }) {
      const { client } = subject.envelope
      const name = client?.name ?? (client?.address && (await options.nameOf?.(client.address)))
      const headers = headersOf(subject, name)
      try {
        const { answer, engine } = await addresses.ask(signal, async (url, signal) =>
          outcomeOf(await check(url, subject, headers, agents, signal), subject),
        )
        return { ...answer, engine }
      } catch (error) {
        if (!(error instanceof EngineError)) throw error
        return { findings: [{ type: 'unscanned', reason: error.reason }] }
      }
    },
  }
}

type Agents = { http: HttpAgent; https: HttpsAgent }

type Headers = Record<string, string | string[]>

async function check(
  url: URL,
  subject: Subject,
  headers: Headers,
  agents: Agents,
  signal: AbortSignal,
): Promise<RspamdAnswer> {
  const { status, text } = await post(url, '/checkv2', headers, subject, signal, agents)
  if (status !== 200) throw new EngineError('engine-garbage', `HTTP ${status}: ${text.slice(0, 100)}`)
  try {
    return answerSchema.parse(JSON.parse(text))
  } catch (error) {
    throw new EngineError('engine-garbage', 'an answer that is not rspamd’s', { cause: error })
  }
}

/** What rspamd gets to know besides the content. Empty values are left out: it takes them for an address. */
function headersOf({ envelope }: Subject, name: string | undefined): Headers {
  const { client } = envelope
  const headers: Headers = {
    Rcpt: envelope.recipients.slice(0, 100).map(recipient => plain(recipient.address)),
    'Queue-Id': envelope.id,
    // The null sender is told as such, or it would take the From field for it.
    From: plain(envelope.sender) || '<>',
  }
  if (client?.address) headers.IP = plain(client.address)
  if (client?.helo) headers.Helo = plain(client.helo)
  if (name) headers.Hostname = plain(name)
  if (client?.person) headers.User = plain(client.person)
  return headers
}

/** What an HTTP header can hold. */
const plain = (text: string) => Buffer.from(text.replace(/\p{Cc}/gu, ''), 'utf8').toString('latin1')

/** One request; the connection is given up when the answer is too long or the signal says so. */
async function post(
  url: URL,
  path: string,
  headers: Record<string, string | string[]>,
  subject: Pick<Subject, 'bytes' | 'content' | 'size'>,
  signal: AbortSignal,
  agents?: Agents,
): Promise<{ status: number; text: string }> {
  const secure = url.protocol === 'https:'
  const password = decodeURIComponent(url.password || url.username)
  const request = (secure ? httpsRequest : httpRequest)({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port || (secure ? 443 : 11333),
    path: url.pathname.replace(/\/$/, '') + path,
    method: 'POST',
    agent: secure ? agents?.https : agents?.http,
    signal,
    headers: {
      ...headers,
      ...(password && { Password: password }),
      'Content-Type': 'application/octet-stream',
      'Content-Length': subject.size,
    },
  })
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve).once('error', reject)
  })
  // It may answer before it has read all, and close: its answer counts then, not the broken pipe.
  const sent = subject.bytes ? undefined : pipeline(subject.content(), request, { signal })
  sent?.catch(() => {})
  if (subject.bytes) request.end(subject.bytes)
  const answer = await response
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > ANSWER_LIMIT) throw new EngineError('engine-garbage', 'an answer without end')
    chunks.push(chunk)
  }
  if (!answer.complete) throw new EngineError('engine-down', 'hung up in its answer')
  return { status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }
}

/** @throws EngineError for an action that rspamd does not have */
async function outcomeOf(answer: RspamdAnswer, subject: Subject): Promise<StepOutcome> {
  const finding = findingOf(answer)
  if (!finding) throw new EngineError('engine-garbage', `unknown action ${answer.action.slice(0, 40)}`)
  return { findings: [finding], ...(await changesOf(answer, subject)) }
}

function findingOf(answer: RspamdAnswer): Finding | undefined {
  const scored = {
    score: answer.score,
    symbols: Object.entries(answer.symbols ?? {})
      .map(([name, { score = 0 }]) => ({ name, score }))
      .sort((a, b) => Math.abs(b.score) - Math.abs(a.score) || (a.name < b.name ? -1 : 1))
      .slice(0, SYMBOLS_KEPT)
      .map(({ name, score }) => `${name.slice(0, 80)} ${score.toFixed(2)}`),
  }
  const detail = `${answer.score.toFixed(1)}/${(answer.required_score ?? 15).toFixed(1)}`
  switch (answer.action) {
    case 'no action':
      return { type: 'clean', reason: 'clean', ...scored }
    // Only advice: its own greylisting, where it is on, says "soft reject".
    case 'greylist':
      return { type: 'suspicious', reason: 'looks-like-spam', detail, ...scored }
    case 'add header':
    case 'rewrite subject':
    case 'quarantine':
      return { type: 'spam', reason: 'spam', sure: false, detail, ...scored }
    case 'soft reject': {
      const said = answer.messages?.smtp_message
      return {
        type: 'later',
        reason: 'engine-later',
        ...(typeof said === 'string' && { detail: said.slice(0, 120) }),
      }
    }
    case 'reject':
    case 'discard':
      return { type: 'spam', reason: 'spam', sure: true, detail, ...scored }
    default:
      return undefined
  }
}

async function changesOf(
  { milter }: RspamdAnswer,
  subject: Subject,
): Promise<Pick<StepOutcome, 'addFields' | 'removeFields'>> {
  const addFields: string[] = []
  for (const [name, given] of Object.entries(milter?.add_headers ?? {})) {
    for (const one of [given].flat()) {
      const line = fieldLine(name, typeof one === 'string' ? one : one.value)
      if (line) addFields.push(line)
    }
  }
  const removeFields: NonNullable<StepOutcome['removeFields']> = []
  const removals = Object.entries(milter?.remove_headers ?? {})
  // From the end: how many there are has to be known first.
  const counts = removals.some(([, place]) => place < 0) ? await countFields(subject) : undefined
  for (const [name, place] of removals) {
    // 0: all of them; 1: the first from the top; -1: the last.
    if (place === 0) removeFields.push({ name, index: 'all' })
    else if (place > 0) removeFields.push({ name, index: place - 1 })
    else {
      const index = (counts?.get(name.toLowerCase()) ?? 0) + place
      if (index >= 0) removeFields.push({ name, index })
    }
  }
  return {
    ...(addFields.length > 0 && { addFields }),
    ...(removeFields.length > 0 && { removeFields }),
  }
}

export type Learned =
  | { type: 'learned' }
  /** It knew this message already, or is not to be taught by it. */
  | { type: 'known' }
  | { type: 'failed'; reason: string }

/** Teaches rspamd what its users think. Never rejects. */
export type Learner = (
  kind: 'spam' | 'ham',
  message: Pick<Subject, 'bytes' | 'content' | 'size'>,
  signal?: AbortSignal,
) => Promise<Learned>

/** @returns undefined when no controller is configured */
export function createLearner(settings: { RSPAMD_CONTROLLER_URL: readonly string[] }): Learner | undefined {
  const urls = settings.RSPAMD_CONTROLLER_URL.map(url => new URL(url))
  if (urls.length === 0) return undefined
  return async (kind, message, signal = AbortSignal.timeout(TIME)) => {
    let reason = ''
    for (const url of urls) {
      try {
        const { status, text } = await post(url, `/learn${kind}`, {}, message, signal)
        if (status === 200) return { type: 'learned' }
        // 208: learnt before; 204 or 400 with "already": so did other versions say it.
        if (status === 208 || /already|enough tokens|not enough/i.test(text)) return { type: 'known' }
        reason = `HTTP ${status}: ${text.slice(0, 200)}`
      } catch (error) {
        reason = (error as Error).message
      }
    }
    return { type: 'failed', reason }
  }
}
