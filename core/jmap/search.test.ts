/**
 * What people type, and what it finds: by words in four languages, with accents or without, before the index has
 * a message and after.
 */
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { letter } from '../ingest/testing.ts'
import { indexMailbox } from './search-index.ts'
import { type Client, type Company, clientFor, ingest, type Json, openCompany } from './testing.ts'

let company: Company
let anna: Client
let accountId: string

const MAIL: { subject: string; body: string; from?: string; to?: string }[] = [
  { subject: 'Reunions de dilluns', body: 'Les factures són a la carpeta. Bon dia!' },
  { subject: 'Reunión de ventas', body: 'Adjunto las canciones del año pasado.' },
  { subject: 'Fatture di ottobre', body: 'In allegato trova le fatture pagate ieri.' },
  { subject: 'Invoices for October', body: 'The running costs were paid; see “project kiwi” below.' },
  { subject: 'Lunch', body: 'kiwi project', from: 'José Müller <jose@kitchen.example>' },
  { subject: 'Copy', body: 'nothing', to: 'Søren Ødegård <soren@fjord.example>' },
  { subject: '東京の天気', body: '今日は晴れです。' },
  { subject: 'Col·lecció 2026', body: '100% <b>done</b> & l·l' },
]

beforeAll(async () => {
  company = await openCompany()
  anna = clientFor(company, company.people.anna)
  accountId = company.mailboxes.anna
  for (const mail of MAIL) {
    // Headers as raw UTF-8, which is what many send (RFC 6532).
    await company.accept(letter(mail))
  }
  await ingest(company)
})
afterAll(async () => {
  await company.close()
})

async function find(filter: Json): Promise<string[]> {
  const { ids, total } = await anna.call('Email/query', { accountId, filter, calculateTotal: true })
  expect(total).toBe(ids.length)
  const { list } = await anna.call('Email/get', { accountId, ids, properties: ['subject'] })
  return list.map((email: Json) => email.subject).sort()
}

test('what was not indexed yet is found by what stands there', async () => {
  expect(await find({ text: 'dilluns' })).toEqual(['Reunions de dilluns'])
  expect(await find({ text: 'canciones jose' })).toEqual([])
  expect(await find({ from: 'muller' })).toEqual(['Lunch'])
})

describe('indexed', () => {
  beforeAll(async () => {
    const counts = [await indexMailbox(company.db, accountId), await indexMailbox(company.db, accountId)]
    expect(counts).toEqual([MAIL.length, 0])
    await indexMailbox(company.db, accountId)
    const { indexed_modseq, modseq } = await company.db
      .selectFrom('mailbox')
      .select(['indexed_modseq', 'modseq'])
      .where('id', '=', accountId)
      .executeTakeFirstOrThrow()
    expect(indexed_modseq).toBe(modseq)
  })

  test.each([
    // Stems: Catalan, Spanish, Italian, English.
    ['reunió ', ['Reunions de dilluns']],
    ['factura ', ['Reunions de dilluns']],
    ['canción ', ['Reunión de ventas']],
    ['fattura ', ['Fatture di ottobre']],
    ['invoice ', ['Invoices for October']],
    ['cost run ', ['Invoices for October']],
    // Accents, upper case, letters of the north.
    ['REUNIÓN ', ['Reunions de dilluns', 'Reunión de ventas']],
    ['VENTAS ', ['Reunión de ventas']],
    ['Año', ['Reunión de ventas']],
    ['ano ', ['Reunión de ventas']],
    ['soren odegard ', ['Copy']],
    ['colleccio ', ['Col·lecció 2026']],
    // The last word is still being typed; others are whole.
    ['reun', ['Reunions de dilluns', 'Reunión de ventas']],
    ['oct', ['Invoices for October']],
    ['oct ', []],
    ['octo* cost', ['Invoices for October']],
    // All words, in whatever order; in quotes together.
    ['kiwi project', ['Invoices for October', 'Lunch']],
    ['"project kiwi"', ['Invoices for October']],
    ['"kiwi project"', ['Lunch']],
    ['jose@kitchen.example', ['Lunch']],
    ['kitchen', ['Lunch']],
    ['100%', ['Col·lecció 2026']],
    ['東京', ['東京の天気']],
    ['"; drop table email; --', []],
    ["it's & | ! ( ) :* \\ '", []],
  ] as [string, string[]][])('%j finds %j', async (text, subjects) => {
    expect(await find({ text })).toEqual(subjects)
  })

  test('each field is looked at alone', async () => {
    expect(await find({ subject: 'kiwi' })).toEqual([])
    expect(await find({ body: 'kiwi' })).toEqual(['Invoices for October', 'Lunch'])
    expect(await find({ body: 'lunch' })).toEqual([])
    expect(await find({ subject: 'lunch' })).toEqual(['Lunch'])
    expect(await find({ from: 'jose' })).toEqual(['Lunch'])
    expect(await find({ to: 'soren' })).toEqual(['Copy'])
    expect(await find({ cc: 'soren' })).toEqual([])
    expect(await find({ to: 'jose' })).toEqual([])
    expect(await find({ header: ['Subject', 'fatture'] })).toEqual(['Fatture di ottobre'])
    expect(await find({ header: ['In-Reply-To'] })).toEqual([])
    expect(await anna.fail('Email/query', { accountId, filter: { header: ['X-Odd'] } })).toBe(
      'unsupportedFilter',
    )
  })

  test('another mailbox has words of its own', async () => {
    const eve = clientFor(company, company.people.eve)
    const filter = { text: 'kiwi' }
    expect((await eve.call('Email/query', { accountId: company.mailboxes.eve, filter })).ids).toEqual([])
  })

  test('snippets mark what was found, as it is written, and nothing else', async () => {
    const snippet = async (text: string) => {
      const filter = { text }
      const { ids } = await anna.call('Email/query', { accountId, filter })
      const { list } = await anna.call('SearchSnippet/get', { accountId, filter, emailIds: ids })
      return list[0]
    }
    expect(await snippet('invoice ')).toMatchObject({
      subject: '<mark>Invoices</mark> for October',
      preview: null,
    })
    expect((await snippet('cancion ')).preview).toContain('las <mark>canciones</mark> del')
    expect((await snippet('done')).preview).toContain('&lt;b&gt;<mark>done</mark>&lt;/b&gt; &amp;')
  })
})

test('a mailbox where nearly everything matches is searched as rightly', async () => {
  const ben = clientFor(company, company.people.ben)
  const account = company.mailboxes.ben
  const count = 2_100
  await fillBen(count)
  const query = { accountId: account, filter: { text: 'everywhere' }, limit: 5, calculateTotal: true }
  const before = await ben.call('Email/query', query)
  while ((await indexMailbox(company.db, account)) > 0);
  const after = await ben.call('Email/query', query)
  expect(after).toEqual(before)
  expect(after.total).toBe(count)
  const collapsed = await ben.call('Email/query', { ...query, collapseThreads: true, position: 1_690 })
  const all = await ben.call('Email/query', {
    ...query,
    collapseThreads: true,
    position: 1_000,
    limit: 1_000,
  })
  expect(collapsed.ids).toEqual(all.ids.slice(690, 695))
  expect(collapsed.total).toBe(1_000 + all.ids.length)
  const byAnchor = await ben.call('Email/query', {
    ...query,
    collapseThreads: true,
    anchor: all.ids[690],
    limit: 2,
  })
  expect(byAnchor).toMatchObject({ position: 1_690, ids: all.ids.slice(690, 692) })
  const filter = { operator: 'AND', conditions: [{ text: 'everywhere' }, { text: '"number 17"' }] }
  expect((await ben.call('Email/query', { ...query, filter })).total).toBe(1)
})

/** Rows alone: every third answers the one before. */
async function fillBen(count: number): Promise<void> {
  await sql`
    with made as (
      select number, gen_random_uuid() as id, gen_random_uuid() as message_id,
        timestamptz '2026-01-01' + number * interval '1 minute' as at
      from generate_series(1, ${count}::int) as number
    ), box as (
      update mailbox set modseq = modseq + 1 where id = ${company.mailboxes.ben} returning id, modseq
    ), messages as (
      insert into message (id, kind, sender, size, received_at, segment, position)
      select message_id, 'inbound', 'x@y.example', 1, at, 'none', number from made
    )
    insert into email (id, mailbox_id, message_id, folder_id, thread_id, received_at, size, subject, search,
      created_modseq, updated_modseq)
    select made.id, box.id, message_id, folder.id, md5(((number - (number % 6 = 1)::int))::text)::uuid, at, 1,
      'everywhere', 'everywhere number ' || number || ';', box.modseq, box.modseq
    from made, box join folder on folder.mailbox_id = box.id and folder.role = 'inbox'`.execute(company.db)
}
