/**
 * The disk is full, and the backend is well: what is delivered now could not be recorded, and would be
 * delivered again by a rebuild. So deliveries wait, and go on by themselves.
 */
import { smallDisk } from '@restante/core/spool/testing/small-disk.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestGateway, testGateway, until } from './testing/gateway.ts'
import { type Scripted, scriptedServer } from './testing/scripted.ts'

const disk = smallDisk()
let server: Scripted
let gateway: TestGateway

beforeAll(async () => {
  server = await scriptedServer()
  const place = { fs: disk.fs, minimumFree: 0.1 }
  gateway = await testGateway([`smtp://127.0.0.1:${server.port}`], { disk: place })
  gateway.start()
})
afterAll(async () => {
  await gateway?.close()
  await server?.stop()
})

const letter = (subject: string) => `Subject: ${subject}\r\n\r\nGood morning.\r\n`
const arrived = () => server.received.length

async function settledNotes(): Promise<string[]> {
  const { spool } = gateway.services
  const found: string[] = []
  for (const { name } of await spool.segments()) {
    for await (const item of spool.scan(name, 0)) if (item.type === 'note') found.push(item.note.messageId)
  }
  return found
}

test('deliveries pause while the spool can not record them, and nothing is forgotten', async () => {
  const first = await gateway.accept(['anna@example.test'], letter('first'))
  await until('it arrives', () => arrived() === 1)
  await until('it is noted', async () => (await settledNotes()).includes(first))

  // Its note finds the disk full.
  server.script = {
    final: () => {
      disk.full = true
      return undefined
    },
  }
  const second = await gateway.accept(['anna@example.test'], letter('second'))
  await until('deliveries pause', () => !gateway.services.recorder.ready)
  expect(arrived()).toBe(2)
  expect(await gateway.recipients(second)).toMatchObject([{ state: 'delivered' }])
  expect(await settledNotes()).not.toContain(second)

  // There is room for mail again, but the note must come first.
  server.script = {}
  disk.full = false
  disk.free.bytes = 0.04
  await until('the note is written', async () => (await settledNotes()).includes(second))
  const third = await gateway.accept(['anna@example.test'], letter('third'))
  await until('it is recorded', async () => (await gateway.recipients(third)).length === 1)
  const attempts = async () =>
    await gateway.services.db.selectFrom('delivery').select('id').where('attempts', '>', 0).execute()
  // With hardly any room left nothing is tried; an attempt would be there at once.
  await expect(until('a third attempt', async () => (await attempts()).length > 2, 500)).rejects.toThrow()
  disk.free.bytes = 0.5
  await until('deliveries go on', () => arrived() === 3)
  await until('the last is noted', async () => (await settledNotes()).includes(third))
})
