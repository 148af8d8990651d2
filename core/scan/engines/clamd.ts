/**
 * ClamAV's daemon: the INSTREAM command of clamd(8), over TCP or a socket. The message goes in chunks, each
 * behind its length, an empty one ends it.
 *
 * clamd unpacks by itself. A message longer than its StreamMaxLength is not scanned, and says so: that limit
 * belongs above MAX_MESSAGE_SIZE.
 */
import type { Log } from '../../observe/log.ts'
import type { Finding, Step, Subject } from '../types.ts'
import { Addresses, EngineError } from './addresses.ts'
import { askDaemon, BrokenOff } from './dialog.ts'

/** ms */
const TIME = 18_000
const CHUNK = 65_536

export function clamdStep(options: {
  urls: readonly string[]
  log: Log
  /** ms */
  timeLimit?: number
}): Step {
  const timeLimit = options.timeLimit ?? TIME
  const addresses = new Addresses({ ...options, step: 'clamd', timeLimit })
  return {
    name: 'clamd',
    kind: 'virus',
    timeLimit,
    async run(subject, { signal }) {
      try {
        const { answer, engine } = await addresses.ask(signal, async (url, signal) => {
          const ask = async () =>
            findingOf(
              (
                await askDaemon(url, {
                  defaultPort: 3310,
                  question: instream(subject),
                  end: false,
                  signal,
                  answerLimit: 4_096,
                })
              ).toString('latin1'),
            )
          try {
            return await ask()
          } catch (error) {
            // It hung up in the middle, most likely because the message is too long: its word for that may
            // have been lost with the connection. Asked once more, it is mostly heard.
            if (signal.aborted || !(error instanceof BrokenOff)) throw error
            return await ask()
          }
        })
        return { findings: [answer], engine }
      } catch (error) {
        if (!(error instanceof EngineError)) throw error
        return { findings: [{ type: 'unscanned', reason: error.reason }] }
      }
    },
  }
}

async function* instream(subject: Pick<Subject, 'bytes' | 'content'>): AsyncGenerator<Buffer> {
  yield Buffer.from('zINSTREAM\0')
  const source: Iterable<Buffer> | AsyncIterable<Buffer> = subject.bytes ? [subject.bytes] : subject.content()
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; at += CHUNK) {
      const part = chunk.subarray(at, at + CHUNK)
      const length = Buffer.alloc(4)
      length.writeUInt32BE(part.length)
      yield length
      yield part
    }
  }
  yield Buffer.alloc(4)
}

/** @throws EngineError for what is no answer to INSTREAM */
export function findingOf(answer: string): Finding {
  const text = answer.replace(/\p{Cc}+$/u, '')
  if (/^stream: OK$/.test(text)) return { type: 'clean', reason: 'clean' }
  const name = /^stream: ([ -~]{1,200}) FOUND$/.exec(text)?.[1]
  if (name) {
    // Where clamd is told to report these; they are no malware.
    if (/^Heuristics\.Encrypted\./.test(name))
      return { type: 'encrypted', reason: 'archive-encrypted', detail: name }
    if (/^Heuristics\.Limits\.Exceeded/.test(name))
      return { type: 'unscanned', reason: 'too-large-to-scan', detail: name }
    return { type: 'virus', reason: 'virus', detail: name }
  }
  if (/size limit exceeded/i.test(text)) return { type: 'unscanned', reason: 'too-large-to-scan' }
  const down = /ERROR$/.test(text)
  throw new EngineError(down ? 'engine-down' : 'engine-garbage', text.slice(0, 100).replace(/[^ -~]/g, '?'))
}
