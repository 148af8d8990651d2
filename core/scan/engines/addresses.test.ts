import { beforeEach, describe, expect, test } from 'vitest'
import { silentLog } from '../../observe/log.ts'
import { Addresses, EngineError } from './addresses.ts'

let now = 0
beforeEach(() => {
  now = 1_000_000
})
const addresses = (urls: string[], timeLimit = 10_000) =>
  new Addresses({ step: 'clamd', urls, timeLimit, log: silentLog, now: () => now })
const signal = new AbortController().signal

/** Who was asked, and what each does. */
function engines(of: Record<string, 'answers' | 'refuses' | 'hangs'>) {
  const asked: string[] = []
  const attempt = (url: URL, late: AbortSignal) => {
    asked.push(url.hostname)
    const how = of[url.hostname]
    if (how === 'answers') return Promise.resolve(url.hostname)
    if (how === 'refuses') return Promise.reject(new Error('ECONNREFUSED'))
    return new Promise<string>((_, reject) => {
      late.addEventListener('abort', () => reject(late.reason))
    })
  }
  return { of, asked, attempt }
}

test('the first that answers is enough, and one that refused comes last for a while', async () => {
  const all = engines({ a: 'refuses', b: 'answers' })
  const of = addresses(['tcp://a:1', 'tcp://b:1'])
  expect(await of.ask(signal, all.attempt)).toEqual({ answer: 'b', engine: 'b:1' })
  await of.ask(signal, all.attempt)
  expect(all.asked).toEqual(['a', 'b', 'b'])
  all.of.a = 'answers'
  now += 10_001
  expect((await of.ask(signal, all.attempt)).answer).toBe('a')
})

test('when all refuse, all were asked, each time anew', async () => {
  const all = engines({ a: 'refuses', b: 'refuses' })
  const of = addresses(['tcp://a:1', 'tcp://b:1'])
  await expect(of.ask(signal, all.attempt)).rejects.toBeInstanceOf(EngineError)
  await expect(of.ask(signal, all.attempt)).rejects.toMatchObject({ reason: 'engine-down' })
  expect(all.asked).toEqual(['a', 'b', 'a', 'b'])
})

describe('one that hangs', () => {
  test('is left alone after three messages, then tried by one of them', async () => {
    const all = engines({ a: 'hangs' })
    const of = addresses(['tcp://a:1'], 10)
    for (let n = 0; n < 3; n++) await expect(of.ask(signal, all.attempt)).rejects.toThrow()
    await expect(of.ask(signal, all.attempt)).rejects.toMatchObject({ reason: 'engine-down' })
    expect(all.asked).toHaveLength(3)
    now += 2_001
    const both = [of.ask(signal, all.attempt), of.ask(signal, all.attempt)]
    expect((await Promise.allSettled(both)).map(one => one.status)).toEqual(['rejected', 'rejected'])
    expect(all.asked).toHaveLength(4)
    all.of.a = 'answers'
    now += 4_001
    expect((await of.ask(signal, all.attempt)).answer).toBe('a')
    expect((await of.ask(signal, all.attempt)).answer).toBe('a')
  })

  test('leaves its share of the time to the next', async () => {
    const all = engines({ a: 'hangs', b: 'answers' })
    expect((await addresses(['tcp://a:1', 'tcp://b:1'], 20).ask(signal, all.attempt)).answer).toBe('b')
  })
})

test('a client that is gone ends it, and the engine is not blamed', async () => {
  const all = engines({ a: 'hangs' })
  const of = addresses(['tcp://a:1'])
  const gone = new AbortController()
  const asking = of.ask(gone.signal, all.attempt)
  gone.abort(new Error('gone'))
  await expect(asking).rejects.toThrow('gone')
  all.of.a = 'answers'
  expect((await of.ask(signal, all.attempt)).answer).toBe('a')
})

test('no password is shown', async () => {
  const all = engines({ a: 'answers' })
  expect((await addresses(['http://:secret@a:11333']).ask(signal, all.attempt)).engine).toBe('a:11333')
})
