import { describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { readBody, readQuery } from './handler.ts'
import { document } from './openapi.ts'
import { isSameOrigin } from './origin.ts'
import { backendOverride, deliveryAction, deliveryQuery, deliveryRequest } from './schemas.ts'
import { scopeOf } from './scope.ts'

describe('a change', () => {
  test.each([
    ['the browser says same-origin', { 'sec-fetch-site': 'same-origin' }, true],
    [
      'the browser says cross-site',
      { 'sec-fetch-site': 'cross-site', origin: 'https://mail.example' },
      false,
    ],
    ['the browser says same-site', { 'sec-fetch-site': 'same-site' }, false],
    ['typed by hand', { 'sec-fetch-site': 'none' }, false],
    ['an old browser with our public address', { origin: 'https://mail.example' }, true],
    [
      'an old browser at the address it came by',
      { origin: 'http://10.0.0.1:3000', host: '10.0.0.1:3000' },
      true,
    ],
    ['an old browser from elsewhere', { origin: 'https://evil.example', host: 'mail.example' }, false],
    ['a sandboxed page', { origin: 'null', host: 'mail.example' }, false],
    ['neither', { host: 'mail.example' }, false],
  ])('%s: %o → %s', (_, headers, expected) => {
    expect(isSameOrigin(new Headers(headers as Record<string, string>), 'https://mail.example')).toBe(
      expected,
    )
  })
})

describe('who may administer what', () => {
  test.each([
    ['user', 'o1', null],
    ['admin', 'o1', { type: 'organization', id: 'o1' }],
    ['admin', null, null],
    ['operator', null, { type: 'all' }],
    ['operator', 'o1', { type: 'all' }],
  ] as const)('%s of %s', (role, organizationId, scope) => {
    expect(scopeOf({ role, organizationId })).toEqual(scope)
  })
})

describe('a request', () => {
  const post = (text: string, type = 'application/json') =>
    new Request('http://x/', { method: 'POST', body: text, headers: { 'content-type': type } })
  const refused = async (schema: z.ZodType, request: Request) => {
    const read = await readBody(schema, request)
    return read.ok ? null : ((await read.refusal.json()) as { status: number; errors?: unknown[] })
  }

  test.each([
    ['not JSON', '{', 'application/json'],
    ['a form', 'action=retry', 'application/x-www-form-urlencoded'],
    ['neither ids nor filter', '{"action":"retry"}', 'application/json'],
    ['both', '{"action":"retry","ids":[],"filter":{}}', 'application/json'],
    ['no ids', '{"action":"retry","ids":[]}', 'application/json'],
    ['an id that is none', '{"action":"retry","ids":["1"]}', 'application/json'],
    ['an unknown action', '{"action":"burn","filter":{}}', 'application/json'],
    ['an unknown field', '{"action":"hold","filter":{"organization":"x"}}', 'application/json'],
    ['too long', `{"action":"hold","filter":{"text":"${'x'.repeat(2_000_000)}"}}`, 'application/json'],
  ])('with %s is a bad one', async (_, text, type) => {
    expect(await refused(deliveryAction, post(text, type))).toMatchObject({
      type: 'urn:restante:problem:bad-request',
      status: 400,
    })
  })

  test.each([
    ['{"action":"reroute","to":"mx","filter":{"destination":"a.example"}}', true],
    ['{"action":"reroute","to":"usual","filter":{}}', true],
    ['{"action":"reroute","to":["smtp://a.example"],"filter":{}}', true],
    ['{"action":"reroute","to":[],"filter":{}}', false],
    ['{"action":"reroute","to":"elsewhere","filter":{}}', false],
    ['{"action":"reroute","filter":{}}', false],
    ['{"action":"retry","to":"mx","filter":{}}', false],
  ])('moving %s is understood: %s', async (text, good) => {
    expect((await refused(deliveryRequest, post(text))) === null).toBe(good)
  })

  test.each([
    ['{"to":"up"}', true],
    ['{"to":"down","reason":"disk","minutes":30}', true],
    ['{"to":"auto"}', true],
    ['{"to":"sideways"}', false],
    ['{"to":"up","minutes":0}', false],
    ['{"to":"up","minutes":100000}', false],
    ['{"to":"up","minutes":1.5}', false],
  ])('override %s is understood: %s', async (text, good) => {
    expect((await refused(backendOverride, post(text))) === null).toBe(good)
  })

  test('a query is read with its types, empty names are none', () => {
    const read = readQuery(
      deliveryQuery,
      new URL('http://x/?state=held,deferred&limit=10&q=&destination=EXAMPLE.org&sort=-size'),
    )
    expect(read).toEqual({
      ok: true,
      value: { state: ['held', 'deferred'], limit: 10, destination: 'example.org', sort: '-size' },
    })
    for (const bad of ['state=lost', 'limit=0', 'limit=x', 'sort=colour', 'backend=1']) {
      expect(readQuery(deliveryQuery, new URL(`http://x/?${bad}`)).ok, bad).toBe(false)
    }
  })
})

test('the description names every path with its schema', () => {
  const { paths } = document() as { paths: Record<string, Record<string, unknown>> }
  expect(paths['/deliveries/actions']?.post).toMatchObject({
    requestBody: { content: { 'application/json': { schema: { anyOf: expect.any(Array) } } } },
  })
  expect(JSON.stringify(paths['/deliveries'])).toContain('"name":"cursor"')
})
