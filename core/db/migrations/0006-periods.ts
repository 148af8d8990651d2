/** Maintenance windows, drills and overrides for a domain or for chosen people; when somebody was last here. */
export const sql = /* sql */ `
create table period (
  id uuid primary key,
  organization_id uuid not null references organization on delete cascade,
  kind text not null check (kind in ('maintenance', 'drill', 'override')),
  backend_id uuid references backend on delete cascade,
  domain_id uuid references domain on delete cascade,
  name text not null,
  mail text not null check (mail in ('hold', 'deliver')),
  reason text not null default '',
  rule jsonb,
  starts_at timestamptz not null,
  ends_at timestamptz,
  opened_at timestamptz,
  closed_at timestamptz,
  baseline jsonb,
  report jsonb,
  created_by text not null,
  created_at timestamptz not null default now(),
  check (backend_id is null or domain_id is null)
);
create index on period (organization_id, starts_at);
create index period_open on period (starts_at) where closed_at is null;

create table period_mailbox (
  period_id uuid not null references period on delete cascade,
  mailbox_id uuid not null references mailbox on delete cascade,
  primary key (period_id, mailbox_id)
);
create index on period_mailbox (mailbox_id);

-- Addresses whose mail is held though their backend takes mail. Empty but for such periods.
create table held_address (
  period_id uuid not null references period on delete cascade,
  address text not null,
  primary key (address, period_id)
);
create index on held_address (period_id);

alter table delivery drop constraint delivery_hold_reason_check;
alter table delivery add constraint delivery_hold_reason_check
  check (hold_reason in ('backend', 'admin', 'guard', 'spam', 'quarantine', 'scan', 'period'));

alter table backend add column override_period uuid;
alter table backend add column access_url text;
alter table incident add column period_id uuid;
alter table person add column last_seen_at timestamptz;
alter table mailbox add column history_days int check (history_days between 0 and 90);
`
