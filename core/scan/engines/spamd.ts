/**
 * SpamAssassin's daemon: SYMBOLS of the SPAMC protocol, version 1.5 (spamd/PROTOCOL in its source).
 *
 * SpamAssassin knows one threshold. What lies far above it counts as sure, as its milters do it. Of a long
 * message it sees the start: it has always been fed so, and takes minutes over megabytes.
 */
import type { Log } from '../../observe/log.ts'
import type { Finding, Step, Subject } from '../types.ts'
import { Addresses, EngineError } from './addresses.ts'
import { askDaemon } from './dialog.ts'

/** ms */
const TIME = 15_000
/** Bytes of a message that it gets to see. */
const SEEN = 512 * 1_024
/** Points above its threshold. */
const SURE_ABOVE = 10

export function spamdStep(options: {
  urls: readonly string[]
  log: Log
  /** ms */
  timeLimit?: number
}): Step {
  const timeLimit = options.timeLimit ?? TIME
  const addresses = new Addresses({ ...options, step: 'spamd', timeLimit })
  return {
    name: 'spamd',
    kind: 'spam',
    timeLimit,
    async run(subject, { signal }) {
      try {
        const { answer, engine } = await addresses.ask(signal, async (url, signal) => {
          const bytes = await askDaemon(url, {
            defaultPort: 783,
            question: question(subject),
            end: true,
            signal,
            answerLimit: 65_536,
          })
          return findingOf(bytes.toString('latin1'))
        })
        return { findings: [answer], engine }
      } catch (error) {
        if (!(error instanceof EngineError)) throw error
        return { findings: [{ type: 'unscanned', reason: error.reason }] }
      }
    },
  }
}

async function* question(subject: Pick<Subject, 'bytes' | 'content' | 'size'>): AsyncGenerator<Buffer> {
  let left = Math.min(subject.size, SEEN)
  yield Buffer.from(`SYMBOLS SPAMC/1.5\r\nContent-length: ${left}\r\n\r\n`)
  const source: Iterable<Buffer> | AsyncIterable<Buffer> = subject.bytes ? [subject.bytes] : subject.content()
  for await (const chunk of source) {
    const part = chunk.subarray(0, left)
    left -= part.length
    yield part
    if (left === 0) return
  }
}

/** @throws EngineError for what is no answer to SYMBOLS */
export function findingOf(answer: string): Finding {
  const [head = '', ...rest] = answer.split('\r\n\r\n')
  const status = /^SPAMD\/[\d.]+ (\d+) (\S+)/.exec(head)
  if (!status) throw new EngineError('engine-garbage', 'an answer that is not spamd’s')
  if (status[1] !== '0') throw new EngineError('engine-down', `spamd says ${status[2]}`)
  const verdict = /^Spam: *(True|False|Yes|No) *; *(-?[\d.]+) *\/ *(-?[\d.]+)/im.exec(head)
  if (!verdict) throw new EngineError('engine-garbage', 'no verdict in the answer')
  const score = Number(verdict[2])
  const threshold = Number(verdict[3])
  if (!Number.isFinite(score) || !Number.isFinite(threshold))
    throw new EngineError('engine-garbage', 'a score that is no number')
  const symbols = rest
    .join('')
    .split(/[\s,]+/)
    .filter(name => /^\w{1,80}$/.test(name))
    .slice(0, 60)
  if (!/^(true|yes)$/i.test(verdict[1] ?? '')) return { type: 'clean', reason: 'clean', score, symbols }
  const sure = score >= threshold + SURE_ABOVE
  const detail = `${score.toFixed(1)}/${threshold.toFixed(1)}`
  return { type: 'spam', reason: 'spam', sure, detail, score, symbols }
}
