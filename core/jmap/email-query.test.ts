/** Filters of Email/query on a small mailbox, before anything is indexed (RFC 8621 §4.4). */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { letter } from '../ingest/testing.ts'
import { type Client, type Company, clientFor, ingest, type Json, openCompany } from './testing.ts'

let company: Company
let anna: Client
let accountId: string
beforeEach(async () => {
  company = await openCompany()
  anna = clientFor(company, company.people.anna)
  accountId = company.mailboxes.anna
})
afterEach(async () => {
  await company.close()
})

test('search finds by word, person, time, keyword and attachment, and marks what it found', async () => {
  await company.accept(letter({ subject: 'Quarterly report', body: 'numbers 100% fine' }), {
    receivedAt: '2026-01-01T00:00:00Z',
  })
  await company.accept(letter({ subject: 'Lunch', from: 'Ben <ben@example.org>' }), {
    receivedAt: '2026-02-01T00:00:00Z',
  })
  await ingest(company)
  const find = async (filter: Json) => {
    const { ids } = await anna.call('Email/query', { accountId, filter })
    const { list } = await anna.call('Email/get', { accountId, ids, properties: ['subject'] })
    return list.map((email: Json) => email.subject)
  }
  expect(await find({ text: 'REPORT numbers' })).toEqual(['Quarterly report'])
  expect(await find({ text: '"100% fine"' })).toEqual(['Quarterly report'])
  expect(await find({ text: '1_0' })).toEqual([])
  expect(await find({ from: 'ben' })).toEqual(['Lunch'])
  expect(await find({ before: '2026-01-15T00:00:00Z' })).toEqual(['Quarterly report'])
  expect(await find({ after: '2026-01-15T00:00:00Z' })).toEqual(['Lunch'])
  expect(await find({ hasKeyword: '$seen' })).toEqual([])
  expect(await find({ operator: 'NOT', conditions: [{ subject: 'lunch' }] })).toEqual(['Quarterly report'])
  expect(
    await find({ operator: 'OR', conditions: [{ subject: 'lunch' }, { subject: 'report' }] }),
  ).toHaveLength(2)
  expect(await find({ hasAttachment: true })).toEqual([])
  expect(await anna.fail('Email/query', { accountId, filter: { colour: 'red' } })).toBe('unsupportedFilter')
  expect(await anna.fail('Email/query', { accountId, sort: [{ property: 'colour' }] })).toBe(
    'unsupportedSort',
  )
  const { ids } = await anna.call('Email/query', { accountId, filter: { text: 'report' } })
  const { list } = await anna.call('SearchSnippet/get', {
    accountId,
    filter: { text: 'report' },
    emailIds: ids,
  })
  expect(list[0]).toMatchObject({ subject: 'Quarterly <mark>report</mark>' })
})
