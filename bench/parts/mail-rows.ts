/**
 * A server full of mail as rows, made by PostgreSQL itself: what a list, a count or a search looks at. Nothing of it
 * is in the spool, so nothing of it can be opened.
 *
 * Words come from a vocabulary in which few are common and most are rare (by a power law), conversations have one
 * message mostly and twenty seldom, nine in ten are read. The same number makes the same mailbox.
 */
import type { Db } from '@restante/core/db/connection.ts'
import { markOf } from '@restante/core/jmap/search-words.ts'
import { sql } from 'kysely'

export const VOCABULARY = 20_000
/** The word of a rank: 1 is the most common one. */
export const wordOf = (rank: number) => `word${rank.toString(36)}`
/** E-mails in one statement: some MB of rows. */
const CHUNK = 20_000
/** Indexes that are sooner made anew than kept up. */
const LATER = [
  'create index email_search_words on email_search using gin (words) with (gin_pending_list_limit = 512)',
] as const

export type Filled = { mailboxId: string; count: number }

/** @param mailboxes how many e-mails each gets in its Inbox; all received before `before` */
export async function fillMailboxes(db: Db, mailboxes: readonly Filled[], before: Date): Promise<void> {
  await sql`drop table if exists bench_word`.execute(db)
  await sql`create unlogged table bench_word (rank int primary key, word text not null)`.execute(db)
  const words = Array.from({ length: VOCABULARY }, (_, index) => wordOf(index + 1))
  await sql`insert into bench_word select rank, word
    from unnest(${words}::text[]) with ordinality as made (word, rank)`.execute(db)
  await sql`alter table email disable trigger user`.execute(db)
  await sql`drop index email_search_words`.execute(db)
  for (const one of mailboxes) await fill(db, one, before)
  for (const statement of LATER) await sql.raw(statement).execute(db)
  await sql`alter table email enable trigger user`.execute(db)
  await count(db, mailboxes)
  await sql`vacuum analyze email`.execute(db)
  await sql`vacuum analyze email_search`.execute(db)
  await sql`vacuum analyze message`.execute(db)
}

async function fill(db: Db, { mailboxId, count }: Filled, before: Date): Promise<void> {
  for (let from = 0; from < count; from += CHUNK) {
    const to = Math.min(count, from + CHUNK)
    await sql`
      with box as (
        select mailbox.id, mailbox.modseq, mailbox.organization_id, folder.id as folder_id from mailbox
        join folder on folder.mailbox_id = mailbox.id and folder.role = 'inbox' where mailbox.id = ${mailboxId}
      ), made as materialized (
        select number, gen_random_uuid() as id, gen_random_uuid() as message_id,
          md5(${mailboxId} || 'thread' || (case when number % 5 < 3 then number
            else number - number % 5 end)::text)::uuid as thread_id,
          ${before}::timestamptz - (number + 1) * interval '7 minutes' as at,
          array(select word from generate_series(1, 14) as place join bench_word on rank =
            1 + floor(power(((hashint8(number * 131 + place) & 65535) / 65536.0)::float8, 3) * ${VOCABULARY - 1})::int
          ) as words
        from generate_series(${from}::bigint, ${to - 1}::bigint) as number
      ), messages as (
        insert into message (id, organization_id, kind, sender, size, received_at, segment, position, subject)
        select message_id, organization_id, 'inbound', 'out' || number % 500 || '@elsewhere.example', 4096, at,
          'bench', number, words[1] from made, box
      ), emails as (
        insert into email (id, mailbox_id, message_id, folder_id, thread_id, received_at, sent_at, size, subject,
          from_list, to_list, preview, has_attachment, header_message_ids, keywords, search, created_modseq,
          updated_modseq, moved_at)
        select made.id, box.id, message_id, folder_id, thread_id, at, at, 4096, array_to_string(words[1:5], ' '),
          jsonb_build_array(jsonb_build_object('name', 'Sender ' || number % 500,
            'email', 'out' || number % 500 || '@elsewhere.example')),
          '[{"name": "Anna", "email": "anna@bench.example"}]', array_to_string(words, ' '), number % 11 = 0,
          array['m' || number || '@elsewhere.example'],
          case when number % 10 = 0 then '{}'::text[] when number % 97 = 0 then '{$seen,$flagged}' else '{$seen}' end,
          array_to_string(words, ' '), 1, 1 + number % 1000, at
        from made, box
      )
      insert into email_search (email_id, words)
      select id, array_to_tsvector(array(
        select distinct ${markOf(mailboxId)} || word from unnest(words || array[
          'sender', (number % 500)::text, 'out' || number % 500, 'elsewhere', 'example', 'anna', 'bench']) as word))
      from made`.execute(db)
  }
  await sql`update mailbox set modseq = greatest(modseq, 1000), indexed_modseq = greatest(modseq, 1000)
    where id = ${mailboxId}`.execute(db)
}

/** What the triggers would have counted. */
async function count(db: Db, mailboxes: readonly Filled[]): Promise<void> {
  await sql`
    with thread as (
      select folder_id, thread_id, count(*) as total, count(*) filter (where not keywords && '{$seen,$draft}') as unread
      from email where mailbox_id = any(${mailboxes.map(one => one.mailboxId)}::uuid[]) group by folder_id, thread_id
    ), counted as (
      select folder_id, sum(total) as total, sum(unread) as unread, count(*) as threads,
        count(*) filter (where unread > 0) as unread_threads from thread group by folder_id
    )
    update folder set total = counted.total, unread = counted.unread, threads = counted.threads,
      unread_threads = counted.unread_threads
    from counted where counted.folder_id = folder.id`.execute(db)
}
