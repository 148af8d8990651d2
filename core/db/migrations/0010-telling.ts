/**
 * Telling: where people are told (channels, among them second contacts), what there is to tell (a thread a
 * matter, with its events) and what was sent of it. Keys for Web Push.
 */
export const sql = /* sql */ `
create table telling_channel (
  id uuid primary key,
  organization_id uuid references organization on delete cascade,
  person_id uuid references person on delete cascade,
  kind text not null check (kind in ('mail', 'webhook', 'slack', 'teams', 'ntfy', 'push')),
  name text not null,
  target text not null,
  locale text not null default 'en' check (locale in ('ca', 'en', 'es', 'it')),
  stage smallint not null default 1 check (stage in (1, 2)),
  confirmed_at timestamptz,
  code_hash text,
  code_expires_at timestamptz,
  code_tries smallint not null default 0,
  created_by text not null,
  created_at timestamptz not null default now()
);
create index on telling_channel (organization_id);
create index on telling_channel (person_id);

create table telling_policy (
  organization_id uuid primary key references organization on delete cascade,
  repeat_minutes int not null default 60 check (repeat_minutes between 0 and 10080),
  escalate_minutes int not null default 30 check (escalate_minutes between 0 and 10080),
  queue_minutes int not null default 60 check (queue_minutes between 0 and 10080),
  people boolean not null default true,
  status_slug text unique
);

create table telling_thread (
  id uuid primary key,
  organization_id uuid references organization on delete cascade,
  subject text not null,
  kind text not null,
  severity smallint not null,
  facts jsonb not null,
  opened_at timestamptz not null,
  closed_at timestamptz,
  acknowledged_at timestamptz,
  acknowledged_by text,
  acknowledged_severity smallint,
  silent_until timestamptz
);
create unique index telling_thread_open on telling_thread (subject) where closed_at is null;
create index on telling_thread (subject, closed_at);
create index on telling_thread (closed_at);
create index on telling_thread (organization_id, opened_at);

create table telling_event (
  id uuid primary key,
  thread_id uuid not null references telling_thread on delete cascade,
  at timestamptz not null,
  phase text not null check (phase in ('begin', 'change', 'end')),
  kind text not null,
  severity smallint not null,
  facts jsonb not null
);
create index on telling_event (thread_id, at);

create table telling_delivery (
  id uuid primary key,
  channel_id uuid not null references telling_channel on delete cascade,
  thread_id uuid references telling_thread on delete cascade,
  what text not null check (what in ('begin', 'worse', 'repeat', 'end', 'test', 'confirm')),
  severity smallint not null default 0,
  key text not null unique,
  payload jsonb not null,
  state text not null check (state in ('due', 'sent', 'failed', 'dropped')),
  attempts smallint not null default 0,
  created_at timestamptz not null,
  next_at timestamptz not null,
  settled_at timestamptz,
  error text
);
create index telling_delivery_due on telling_delivery (next_at) where state = 'due';
create index on telling_delivery (thread_id, channel_id);
create index on telling_delivery (channel_id, created_at);

create table telling_key (
  name text primary key,
  value text not null,
  created_at timestamptz not null default now()
);
`
