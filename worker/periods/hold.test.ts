/** Mail of some of a backend's people waits while the others' goes on. */
import { findTarget } from '@restante/core/continuity/period-target.ts'
import { addPeriod, endPeriod } from '@restante/core/continuity/periods.ts'
import { everything } from '@restante/core/queue/scope.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestGateway, testGateway, until } from '../testing/gateway.ts'
import { type Scripted, scriptedServer } from '../testing/scripted.ts'

let server: Scripted
let gateway: TestGateway

beforeAll(async () => {
  server = await scriptedServer()
  gateway = await testGateway([`smtp://127.0.0.1:${server.port}?tls=none`])
  gateway.start()
})
afterAll(async () => {
  await gateway?.close()
  await server?.stop()
})

const subjects = () => server.received.map(one => /Subject: (.*)\r\n/.exec(one.content.toString())?.[1])
const mail = (subject: string) => `Subject: ${subject}\r\n\r\nhello\r\n`

test('of one message to two people the one copy waits and the other does not', async () => {
  const { db } = gateway.services
  const target = await findTarget(db, everything, { people: ['anna@example.test'] })
  if ('refused' in target) throw new Error(target.refused)
  const period = await addPeriod(
    db,
    { kind: 'override', mail: 'hold', by: 'admin', target, startsAt: new Date(), endsAt: null },
    new Date(),
  )
  const both = await gateway.accept(['anna@example.test', 'bruno@example.test'], mail('both'))
  await gateway.accept(['anna@example.test'], mail('hers'))
  await gateway.accept(['bruno@example.test'], mail('his'))
  await until('his are there', () => server.received.length === 2)
  expect(server.received.flatMap(one => one.recipients)).toEqual(['bruno@example.test', 'bruno@example.test'])
  await until('hers are held', async () => {
    const states = await gateway.deliveryStates()
    return states.held === 2 && states.delivered === 2
  })
  expect(await gateway.health()).toBe('up')
  expect(await gateway.recipients(both)).toMatchObject([
    { address: 'anna@example.test', state: 'waiting' },
    { address: 'bruno@example.test', state: 'delivered' },
  ])

  await endPeriod(db, everything, period!.id, new Date())
  await until('hers are there', () => server.received.length === 4)
  expect(subjects().slice(2)).toEqual(['both', 'hers'])
  await until('that is recorded', async () => (await gateway.deliveryStates()).delivered === 4)
})
