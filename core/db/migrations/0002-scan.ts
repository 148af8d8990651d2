/** What the scan needs: policies of domains, lists, results kept with each message, its reasons to hold. */
export const sql = /* sql */ `
alter table domain add column scan jsonb not null default '{}';
alter table message add column scan jsonb;

alter table delivery drop constraint delivery_hold_reason_check;
alter table delivery add constraint delivery_hold_reason_check
  check (hold_reason in ('backend', 'admin', 'guard', 'spam', 'quarantine', 'scan'));
create index delivery_quarantine on delivery (organization_id, created_at desc, id)
  where hold_reason in ('spam', 'quarantine', 'scan');

create table list_entry (
  id uuid primary key,
  organization_id uuid not null references organization on delete cascade,
  mailbox_id uuid references mailbox on delete cascade,
  kind text not null check (kind in ('allow', 'block')),
  value text not null,
  comment text not null default '',
  created_by text not null,
  created_at timestamptz not null default now()
);
create unique index list_entry_value on list_entry (organization_id, coalesce(mailbox_id, organization_id), value);

create table lesson (
  message_id uuid primary key references message on delete cascade,
  class text not null check (class in ('spam', 'ham')),
  at timestamptz not null default now(),
  due_at timestamptz default now(),
  taught_at timestamptz,
  tries int not null default 0,
  changes int not null default 0
);
create index lesson_due on lesson (due_at) where due_at is not null;

alter table organization add column digest text not null default 'off' check (digest in ('off', 'daily'));
alter table person add column digest text check (digest in ('off', 'daily'));
create table digest (
  person_id uuid not null references person on delete cascade,
  day date not null,
  until timestamptz not null,
  message_id uuid,
  primary key (person_id, day)
);
create table unusual_sending (
  person_id uuid primary key references person on delete cascade,
  organization_id uuid references organization on delete cascade,
  first_at timestamptz not null,
  last_at timestamptz not null,
  refused int not null default 1,
  seen_at timestamptz,
  seen_by text
);
`
