/**
 * What bringing things back needs: what people changed in the webmail and how it was before, what has been
 * done about it at their own server, credentials for that, and the closing statements.
 *
 * `email_change` is written by a trigger, because e-mails change in many places and a change that is forgotten
 * there could never be found again. A row is how the e-mail was when it was last the same here and there.
 */
export const sql = /* sql */ `
alter table organization add column deleted_mail text not null default 'trash'
  check (deleted_mail in ('trash', 'none'));

create table imap_credentials (
  mailbox_id uuid primary key references mailbox on delete cascade,
  kind text not null check (kind in ('password', 'refresh-token')),
  user_name text not null,
  secret text not null,
  set_by text not null,
  set_at timestamptz not null default now()
);

create table email_change (
  email_id uuid primary key,
  mailbox_id uuid not null references mailbox on delete cascade,
  message_id uuid not null,
  copy boolean not null,
  folder_id uuid not null,
  keywords text[] not null,
  destroyed boolean not null default false,
  received_at timestamptz not null,
  size int not null,
  subject text not null,
  from_list jsonb not null,
  to_list jsonb not null,
  header_message_ids text[] not null,
  recipients jsonb not null default '[]',
  revision int not null default 1,
  first_at timestamptz not null default now(),
  last_at timestamptz not null default now()
);
create index on email_change (mailbox_id);
create index on email_change (last_at);

create function remember_email_change() returns trigger language plpgsql as $$
declare
  refs jsonb := '[]';
begin
  if tg_op = 'DELETE' then
    -- Its mailbox goes with it, or its time was over: nobody deleted it.
    if coalesce(current_setting('restante.expiring', true), '') = 'on'
      or not exists (select from mailbox where id = old.mailbox_id) then
      delete from email_change where email_id = old.id;
      return old;
    end if;
    select coalesce(jsonb_agg(jsonb_build_object('deliveryId', delivery_id, 'address', address)), '[]')
      into refs from email_recipient where email_id = old.id;
  end if;
  insert into email_change (email_id, mailbox_id, message_id, copy, folder_id, keywords, destroyed, received_at, size,
    subject, from_list, to_list, header_message_ids, recipients)
  values (old.id, old.mailbox_id, old.message_id, old.copy, old.folder_id, old.keywords, tg_op = 'DELETE',
    old.received_at, old.size, old.subject, old.from_list, old.to_list, old.header_message_ids, refs)
  on conflict (email_id) do update set revision = email_change.revision + 1, last_at = now(),
    destroyed = excluded.destroyed, recipients = excluded.recipients;
  return old;
end $$;

create trigger email_changed after update of folder_id, keywords on email for each row
  when (old.folder_id is distinct from new.folder_id or old.keywords is distinct from new.keywords)
  execute function remember_email_change();
create trigger email_destroyed before delete on email for each row execute function remember_email_change();

-- One for each incident, or period of chosen people, that is over: its id is theirs.
create table restoration (
  id uuid primary key,
  kind text not null check (kind in ('incident', 'period')),
  organization_id uuid not null references organization on delete cascade,
  backend_id uuid not null references backend on delete cascade,
  opened_at timestamptz not null,
  closed_at timestamptz not null,
  stated_at timestamptz,
  settled_at timestamptz,
  created_at timestamptz not null default now()
);
create index on restoration (backend_id, closed_at desc);
create index restoration_open on restoration (closed_at) where settled_at is null;
-- What was over before this version is not brought up again.
insert into restoration (id, kind, organization_id, backend_id, opened_at, closed_at, stated_at, settled_at)
  select incident.id, 'incident', backend.organization_id, backend.id, opened_at, closed_at, now(), now()
  from incident join backend on backend.id = incident.backend_id where closed_at is not null;

create table restore (
  restoration_id uuid not null references restoration on delete cascade,
  mailbox_id uuid not null references mailbox on delete cascade,
  state text not null default 'due' check (state in ('due', 'done', 'given-up')),
  way text check (way in ('imap', 'delivery', 'none')),
  attempts int not null default 0,
  next_at timestamptz not null default now(),
  leased_until timestamptz,
  error text,
  finished_at timestamptz,
  primary key (restoration_id, mailbox_id)
);
create index restore_due on restore (next_at) where state = 'due';
create index on restore (mailbox_id);

create table restored (
  restoration_id uuid not null references restoration on delete cascade,
  mailbox_id uuid not null references mailbox on delete cascade,
  email_id uuid not null,
  message_id uuid not null,
  copy boolean not null default false,
  action text not null check (action in
    ('changed', 'moved', 'trashed', 'expunged', 'appended', 'delivered', 'deleted', 'missing', 'failed')),
  folder text,
  error text,
  at timestamptz not null default now(),
  primary key (restoration_id, mailbox_id, email_id)
);
create index on restored (email_id);
create index on restored (mailbox_id);

create table statement (
  restoration_id uuid not null references restoration on delete cascade,
  mailbox_id uuid not null references mailbox on delete cascade,
  numbers jsonb not null,
  lines jsonb not null,
  made_at timestamptz not null default now(),
  primary key (restoration_id, mailbox_id)
);
create index on statement (mailbox_id);
`
