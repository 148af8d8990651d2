import { buffer } from 'node:stream/consumers'
import { newId } from '@restante/core/db/id.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rememberRecent } from './recent.ts'
import { type TestGateway, testGateway } from './testing/gateway.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await testGateway(['smtp://127.0.0.1:1'])
})
afterAll(async () => await gateway?.close())

test('what was scanned a moment ago is given out of memory once, then from the spool: the same', async () => {
  const reads: number[] = []
  const { spool } = gateway.services
  const watched = rememberRecent(
    Object.assign(Object.create(spool) as typeof spool, {
      segments: () => spool.segments(),
      scan: (segment: string, from: number) => spool.scan(segment, from),
      read: (location: { segment: string; position: number }) => {
        reads.push(location.position)
        return spool.read(location)
      },
    }),
  )
  const content = Buffer.from(`Subject: ${newId()}\r\n\r\nx\r\n`)
  const id = await gateway.accept(['anna@example.test'], content)
  const [segment] = await spool.segments()
  for await (const record of watched.scan(segment!.name, 0)) {
    if (record.type !== 'message' || record.envelope.id !== id) continue
    for (const expected of [0, 1]) {
      const read = await watched.read(record.location)
      expect(read).toMatchObject({ size: content.length, envelope: { id } })
      expect(await buffer(read.content)).toEqual(content)
      expect(reads).toHaveLength(expected)
    }
  }
  expect(reads).toHaveLength(1)
})
