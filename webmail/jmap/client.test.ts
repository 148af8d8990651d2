import { expect, test } from 'vitest'
import { call, from, JmapClient, MethodError, type Post } from './client.ts'

type Body = Parameters<Post>[0]

function harness(answer: (body: Body) => Awaited<ReturnType<Post>>, limit?: number) {
  const bodies: Body[] = []
  const due: (() => void)[] = []
  const client = new JmapClient(
    async body => {
      bodies.push(body)
      return answer(body)
    },
    work => due.push(work),
    limit,
  )
  return { client, bodies, flush: () => due.splice(0).forEach(work => void work()) }
}
const echo = (body: Body) => ({
  methodResponses: body.methodCalls.map(([name, , id]): [string, Record<string, unknown>, string] => [
    name,
    { state: id },
    id,
  ]),
})

test('calls of one turn go out as one request and each gets its own answer', async () => {
  const { client, bodies, flush } = harness(echo)
  const first = client.call('Mailbox/get', { accountId: 'a' })
  const second = client.call('Identity/get', { accountId: 'a' })
  flush()
  expect(await first).toEqual({ state: '0.0' })
  expect(await second).toEqual({ state: '1.0' })
  expect(bodies).toHaveLength(1)
})

test('a reference names the call of its own group', async () => {
  const { client, bodies, flush } = harness(echo)
  void client.call('Mailbox/get', {})
  void client.group(
    call('Email/query', { accountId: 'a' }),
    call('Email/get', { accountId: 'a', '#ids': from(0, '/ids') }),
  )
  flush()
  expect(bodies[0]?.methodCalls[2]?.[1]).toEqual({
    accountId: 'a',
    '#ids': { resultOf: '1.0', name: 'Email/query', path: '/ids' },
  })
})

test('a group is not torn apart by the limit', async () => {
  const { client, bodies, flush } = harness(echo, 3)
  const groups = [0, 1].map(() => client.group(call('Email/query', {}), call('Email/get', {})))
  flush()
  await Promise.all(groups)
  expect(bodies.map(body => body.methodCalls.length)).toEqual([2, 2])
})

test('an error of one call leaves the others alone', async () => {
  const { client, flush } = harness(body => ({
    methodResponses: [['error', { type: 'accountNotFound' }, '0.0'], echo(body).methodResponses[1]!],
  }))
  const bad = client.call('Mailbox/get', {})
  const good = client.call('Identity/get', {})
  flush()
  await expect(bad).rejects.toThrow(MethodError)
  expect(await good).toEqual({ state: '1.0' })
})

test('an implied second response with the same id is not the answer', async () => {
  const { client, flush } = harness(() => ({
    methodResponses: [
      ['EmailSubmission/set', { newState: '2' }, '0.0'],
      ['Email/set', { newState: '3' }, '0.0'],
    ],
  }))
  const set = client.call('EmailSubmission/set', {})
  flush()
  expect(await set).toEqual({ newState: '2' })
})

test('a lost connection rejects every call that was in it', async () => {
  const { client, flush } = harness(() => {
    throw new Error('offline')
  })
  const calls = [client.call('Mailbox/get', {}), client.call('Identity/get', {})]
  flush()
  await expect(Promise.allSettled(calls)).resolves.toMatchObject([
    { status: 'rejected' },
    { status: 'rejected' },
  ])
})
