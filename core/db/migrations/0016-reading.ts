/**
 * Reading a mailbox of a hundred thousand messages: counts that are kept, orders that an index has, words to search.
 *
 * A folder's counts are rows' business (RFC 8621 §2), kept by triggers, a statement a time: e-mails change in many
 * places, and counting is forgotten more easily than it is done. What a change means for conversations follows from
 * the e-mails of the conversations it touched, before it and after: what is left after is read, what was before is
 * that without the change. Whoever changes e-mails holds their mailbox's row until the commit; the trigger takes it,
 * too, so that two who forgot do not count each other out.
 *
 * `email_search` is written by the worker after ingest (worker/index), mailbox by mailbox in the order in which
 * e-mails were made: those up to `mailbox.indexed_modseq` are in it. Its words begin with some letters of the
 * mailbox's id, so that a look into the index reads what one mailbox has of a word, however many share the server.
 */
export const sql = /* sql */ `
alter table folder
  add column total int not null default 0,
  add column unread int not null default 0,
  add column threads int not null default 0,
  add column unread_threads int not null default 0;

create type email_move as (
  mailbox_id uuid, folder_id uuid, thread_id uuid, unread boolean, sign int, modseq bigint
);

create function count_moves(moves email_move[]) returns void language plpgsql as $$
begin
  perform from mailbox where id in (select mailbox_id from unnest(moves)) order by id for no key update;
  with move as (
    select * from unnest(moves)
  ), thread as (
    select distinct mailbox_id, thread_id from move
  ), piece as (
    select thread.mailbox_id, thread.thread_id, found.folder_id, 1 as n, found.unread::int as u, 0 as dn, 0 as du
    from thread cross join lateral (
      select folder_id, not (keywords && '{$seen,$draft}') as unread from email
      where email.mailbox_id = thread.mailbox_id and email.thread_id = thread.thread_id offset 0) as found
    union all
    select mailbox_id, thread_id, folder_id, 0, 0, sign, sign * unread::int from move
  ), place as (
    select mailbox_id, thread_id, folder_id, sum(n) > 0 as after, sum(u) as unread_after,
      sum(n - dn) > 0 as before, sum(u - du) as unread_before, sum(dn) as dn, sum(du) as du
    from piece group by mailbox_id, thread_id, folder_id
  ), classed as (
    select place.*, sum(unread_after) over same > 0 as thread_after, sum(unread_before) over same > 0 as thread_before
    from place join folder on folder.id = place.folder_id
    window same as (partition by place.mailbox_id, thread_id, coalesce(folder.role = 'trash', false))
  ), delta as (
    select mailbox_id, folder_id, sum(dn) as total, sum(du) as unread,
      sum(after::int - before::int) as threads,
      sum((after and thread_after)::int - (before and thread_before)::int) as unread_threads
    from classed group by mailbox_id, folder_id
  ), raised as (
    select mailbox_id, max(modseq) as modseq from move group by mailbox_id
  )
  update folder set total = folder.total + delta.total, unread = folder.unread + delta.unread,
    threads = folder.threads + delta.threads, unread_threads = folder.unread_threads + delta.unread_threads,
    counts_modseq = greatest(folder.counts_modseq, raised.modseq)
  from delta join raised using (mailbox_id)
  where folder.id = delta.folder_id
    and (delta.total <> 0 or delta.unread <> 0 or delta.threads <> 0 or delta.unread_threads <> 0);
end $$;

create function count_inserted() returns trigger language plpgsql as $$
declare
  moves email_move[] := array(
    select row(mailbox_id, folder_id, thread_id, not (keywords && '{$seen,$draft}'), 1, updated_modseq)::email_move
    from made);
begin
  if cardinality(moves) > 0 then perform count_moves(moves); end if;
  return null;
end $$;

create function count_updated() returns trigger language plpgsql as $$
declare
  moves email_move[] := array(
    select move from (
      select was.mailbox_id, was.thread_id, was.folder_id as old_folder, is_now.folder_id as new_folder,
        not (was.keywords && '{$seen,$draft}') as old_unread, not (is_now.keywords && '{$seen,$draft}') as new_unread,
        is_now.updated_modseq as modseq
      from was join is_now using (id)
    ) as both_times cross join lateral (values
      (row(mailbox_id, old_folder, thread_id, old_unread, -1, modseq)::email_move),
      (row(mailbox_id, new_folder, thread_id, new_unread, 1, modseq)::email_move)
    ) as moves (move)
    where old_folder <> new_folder or old_unread <> new_unread);
begin
  if cardinality(moves) > 0 then perform count_moves(moves); end if;
  return null;
end $$;

create function count_deleted() returns trigger language plpgsql as $$
declare
  moves email_move[] := array(
    select row(gone.mailbox_id, folder_id, thread_id, not (keywords && '{$seen,$draft}'), -1, mailbox.modseq)::email_move
    from gone join mailbox on mailbox.id = gone.mailbox_id);
begin
  if cardinality(moves) > 0 then perform count_moves(moves); end if;
  return null;
end $$;

create trigger email_counted_in after insert on email referencing new table as made
  for each statement execute function count_inserted();
create trigger email_counted after update on email referencing old table as was new table as is_now
  for each statement execute function count_updated();
create trigger email_counted_out after delete on email referencing old table as gone
  for each statement execute function count_deleted();

create function count_nothing() returns trigger language plpgsql as $$
begin
  update folder set total = 0, unread = 0, threads = 0, unread_threads = 0 where total > 0;
  return null;
end $$;
create trigger email_none_left after truncate on email for each statement execute function count_nothing();

with e as (
  select email.folder_id, email.mailbox_id, email.thread_id, coalesce(folder.role = 'trash', false) as trash,
    not (email.keywords && '{$seen,$draft}') as unread
  from email join folder on folder.id = email.folder_id
), t as (
  select mailbox_id, thread_id, trash, bool_or(unread) as unread from e group by mailbox_id, thread_id, trash
), counted as (
  select e.folder_id, count(*) as total, count(*) filter (where e.unread) as unread,
    count(distinct e.thread_id) as threads, count(distinct e.thread_id) filter (where t.unread) as unread_threads
  from e join t on t.mailbox_id = e.mailbox_id and t.thread_id = e.thread_id and t.trash = e.trash
  group by e.folder_id
)
update folder set total = counted.total, unread = counted.unread, threads = counted.threads,
  unread_threads = counted.unread_threads
from counted where counted.folder_id = folder.id;

create index email_in_order on email (mailbox_id, folder_id, received_at desc, id desc);
drop index email_mailbox_id_folder_id_received_at_id_idx;
create index email_in_thread on email (mailbox_id, thread_id, received_at desc, id desc) include (folder_id);
drop index email_mailbox_id_thread_id_idx;
create index email_unseen on email (mailbox_id, folder_id, received_at desc, id desc)
  where not (keywords @> '{$seen}'::text[]);
create index email_flagged on email (mailbox_id, received_at desc, id desc) where keywords @> '{$flagged}'::text[];

create table email_search (
  email_id uuid primary key references email on delete cascade,
  words tsvector not null
);
create index email_search_words on email_search using gin (words) with (gin_pending_list_limit = 512);
alter table mailbox add column indexed_modseq bigint not null default 0;
`
