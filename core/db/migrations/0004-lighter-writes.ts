/**
 * What is written for each message, made lighter.
 *
 * That a message's deliveries changed is a change of the e-mails that show it. It stands in a table of its own, a row
 * for many of them: an e-mail's row is long and has many indexes, and was written a second time for each delivery.
 *
 * No index of `delivery` knows of leases any more, so that taking one changes a row in place, if its page has room
 * (HOT), and touches none of the others; open attempts lead to the leases. Of the e-mail's GIN indexes one was used by
 * nobody, and the other's list of what is pending was read through at every look.
 */
export const sql = /* sql */ `
create table touch (
  mailbox_id uuid not null references mailbox on delete cascade,
  modseq bigint not null,
  email_ids uuid[] not null,
  at timestamptz not null default now(),
  primary key (mailbox_id, modseq)
);
create index on touch (at);
alter table mailbox add column touches_from bigint not null default 0;

create index attempt_open on attempt (delivery_id) where finished_at is null;
drop index delivery_leased;
alter table delivery set (fillfactor = 50);
alter table recipient set (fillfactor = 50);

drop index email_header_ids;
alter index email_thread_keys set (fastupdate = off);
`
