/** Where an organization's people come from besides being added by hand, and which of them came from there. */
export const sql = /* sql */ `
create table people_source (
  id uuid primary key,
  organization_id uuid not null references organization on delete cascade,
  kind text not null check (kind in ('ldap', 'csv')),
  settings text,
  every_minutes int not null default 60 check (every_minutes between 5 and 1440),
  next_at timestamptz,
  last_at timestamptz,
  last_result jsonb,
  created_at timestamptz not null default now(),
  unique (organization_id, kind)
);
create index people_source_next on people_source (next_at) where next_at is not null;

create table people_entry (
  source_id uuid not null references people_source on delete cascade,
  key text not null,
  mailbox_id uuid not null references mailbox on delete cascade,
  aliases text[] not null default '{}',
  primary key (source_id, key)
);
create index people_entry_mailbox on people_entry (mailbox_id);
`
