/**
 * A relay and its clients for a file of dialogs: opened in a test, ended after it. Each call of `useDialogs`
 * serves one file; its tests run one after the other.
 */
import { afterEach } from 'vitest'
import { RawClient } from './client.ts'
import { type TestRelay, testRelay } from './relay.ts'

export const MESSAGE = 'From: Zoe <zoe@other.example>\r\nSubject: Hello\r\n\r\nBody\r\n'

/** Ends of data that one server or another was fooled by. */
export const FALSE_ENDS = [
  '\n.\n',
  '\n.\r\n',
  '\r\n.\n',
  '\r.\r',
  '\r.\r\n',
  '\r\n.\r',
  '\n.\r',
  '\r.\n',
  '\r\n.\r\r\n',
  '\r\r\n.\r\r\n',
  '\n\n.\r\n',
  '\r\n\0.\r\n',
  '\r\n.\0\r\n',
]

export function useDialogs() {
  const clients: RawClient[] = []
  let relay: TestRelay | undefined
  const dialogs = {
    /** The relay of this test. */
    get relay(): TestRelay {
      if (!relay) throw new Error('no relay was started in this test')
      return relay
    },
    async start(options: Parameters<typeof testRelay>[0] = {}): Promise<TestRelay> {
      relay = await testRelay(options)
      return relay
    },
    /** A client that has said EHLO, at a relay of its own. */
    async open(options: Parameters<typeof testRelay>[0] = {}): Promise<RawClient> {
      await dialogs.start(options)
      return dialogs.hello()
    },
    /** One more client that has said EHLO. */
    async hello(): Promise<RawClient> {
      const client = await RawClient.hello(dialogs.relay.port)
      clients.push(client)
      return client
    },
    /** One that has not even read the greeting. */
    async connect(): Promise<RawClient> {
      const client = await RawClient.open(dialogs.relay.port)
      clients.push(client)
      return client
    },
  }
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy()
    await relay?.close()
    relay = undefined
  })
  return dialogs
}
