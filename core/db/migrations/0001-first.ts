/**
 * The first schema. Addresses and domain names are stored in lower case (domains as A-labels).
 *
 * Everything from `message` on is a view of the spool and can be rebuilt from it; everything before is the
 * directory, which the spool does not know.
 */
export const sql = /* sql */ `
create table organization (
  id uuid primary key,
  name text not null unique,
  history_days int not null default 14 check (history_days between 0 and 90),
  smarthosts text,
  created_at timestamptz not null default now()
);

create table backend (
  id uuid primary key,
  organization_id uuid not null references organization on delete cascade,
  name text not null,
  hosts text not null,
  imap text,
  health text not null default 'up' check (health in ('up', 'degraded', 'down', 'recovering')),
  health_since timestamptz not null default now(),
  cause text,
  detail text,
  machine jsonb not null default '{}',
  override text check (override in ('up', 'down')),
  override_reason text,
  override_until timestamptz,
  override_by text,
  created_at timestamptz not null default now()
);
create index on backend (organization_id);

create table domain (
  id uuid primary key,
  organization_id uuid not null references organization on delete cascade,
  name text not null unique,
  backend_id uuid not null references backend,
  history_days int check (history_days between 0 and 90),
  recipients text not null default 'directory' check (recipients in ('directory', 'ask')),
  unverified text not null default 'later' check (unverified in ('later', 'hold')),
  created_at timestamptz not null default now()
);
create index on domain (organization_id);

create table learned_recipient (
  address text primary key,
  learned_at timestamptz not null
);
create index on learned_recipient (learned_at);

create table mailbox (
  id uuid primary key,
  organization_id uuid not null references organization on delete cascade,
  address text not null unique,
  name text not null default '',
  kind text not null check (kind in ('personal', 'shared')),
  modseq bigint not null default 1,
  created_at timestamptz not null default now()
);
create index on mailbox (organization_id);

create table address (
  address text not null,
  mailbox_id uuid not null references mailbox on delete cascade,
  primary key (address, mailbox_id)
);
create index on address (mailbox_id);

create table person (
  id uuid primary key,
  organization_id uuid references organization on delete cascade,
  address text not null unique,
  name text not null default '',
  role text not null default 'user' check (role in ('user', 'admin', 'operator')),
  locale text not null default 'en' check (locale in ('ca', 'en', 'es', 'it')),
  password_hash text,
  session_epoch int not null default 0,
  created_at timestamptz not null default now()
);
create index on person (organization_id);

create table member (
  person_id uuid not null references person on delete cascade,
  mailbox_id uuid not null references mailbox on delete cascade,
  primary key (person_id, mailbox_id)
);
create index on member (mailbox_id);

create table app_password (
  id uuid primary key,
  person_id uuid not null references person on delete cascade,
  name text not null,
  hash text not null unique,
  created_at timestamptz not null default now(),
  last_used_at timestamptz
);
create index on app_password (person_id);

create table audit (
  id uuid primary key,
  at timestamptz not null default now(),
  organization_id uuid,
  actor text not null,
  action text not null,
  target text,
  detail jsonb not null default '{}'
);
create index on audit (organization_id, at desc);

create table health_change (
  id uuid primary key,
  backend_id uuid not null references backend on delete cascade,
  at timestamptz not null,
  from_health text not null,
  to_health text not null,
  cause text,
  detail text,
  actor text
);
create index on health_change (backend_id, at desc);

create table incident (
  id uuid primary key,
  backend_id uuid not null references backend on delete cascade,
  opened_at timestamptz not null,
  closed_at timestamptz,
  cause text,
  detail text
);
create unique index incident_open on incident (backend_id) where closed_at is null;
create index on incident (backend_id, opened_at desc);

create table folder (
  id uuid primary key,
  mailbox_id uuid not null references mailbox on delete cascade,
  name text not null,
  role text check (role in ('inbox', 'archive', 'drafts', 'sent', 'junk', 'trash')),
  parent_id uuid references folder on delete cascade,
  sort_order int not null default 10,
  created_modseq bigint not null default 1,
  updated_modseq bigint not null default 1,
  counts_modseq bigint not null default 1
);
create unique index folder_role on folder (mailbox_id, role) where role is not null;
create unique index folder_name on folder (mailbox_id, coalesce(parent_id, mailbox_id), lower(name));

create table upload (
  id uuid primary key,
  mailbox_id uuid not null references mailbox on delete cascade,
  person_id uuid not null references person on delete cascade,
  type text not null,
  content bytea not null,
  created_at timestamptz not null default now()
);

create table checkpoint (
  segment text primary key,
  position bigint not null,
  caught_up bigint not null default 0,
  updated_at timestamptz not null default now()
);

create table message (
  id uuid primary key,
  organization_id uuid references organization on delete cascade,
  kind text not null check (kind in ('inbound', 'submission', 'notice', 'stored')),
  sender text not null,
  size int not null,
  received_at timestamptz not null,
  client jsonb not null default '{}',
  envelope jsonb not null default '{}',
  segment text not null,
  position bigint not null,
  header_message_id text,
  subject text not null default '',
  removed_at timestamptz
);
create index on message (organization_id, received_at desc);
create index on message (segment);

create table delivery (
  id uuid primary key,
  message_id uuid not null references message on delete cascade,
  organization_id uuid references organization on delete cascade,
  backend_id uuid references backend on delete cascade,
  destination text not null,
  state text not null check (state in ('queued', 'held', 'deferred', 'delivered', 'failed', 'cancelled')),
  hold_reason text check (hold_reason in ('backend', 'admin', 'guard')),
  backlog boolean not null default false,
  attempts int not null default 0,
  created_at timestamptz not null,
  next_attempt_at timestamptz,
  last_attempt_at timestamptz,
  leased_until timestamptz,
  leased_by int,
  settled_at timestamptz,
  outcome jsonb
);
create index on delivery (message_id);
create index delivery_open on delivery (backend_id, state, created_at) where state in ('queued', 'held', 'deferred');
create index delivery_due on delivery (next_attempt_at) where state = 'deferred';
create index delivery_leased on delivery (leased_until) where leased_until is not null;
create index delivery_organization on delivery (organization_id, state, created_at);
create index delivery_created on delivery (created_at);
create index delivery_waiting on delivery (organization_id, created_at, id) where state in ('queued', 'held', 'deferred');
create index delivery_waiting_all on delivery (created_at, id) where state in ('queued', 'held', 'deferred');
create index delivery_settled on delivery (settled_at) where settled_at is not null;

create table recipient (
  delivery_id uuid not null references delivery on delete cascade,
  address text not null,
  original text,
  notify text,
  state text not null default 'waiting' check (state in ('waiting', 'delivered', 'failed', 'cancelled')),
  outcome jsonb,
  settled_at timestamptz,
  primary key (delivery_id, address)
);
create index on recipient (address);

create table attempt (
  delivery_id uuid not null references delivery on delete cascade,
  number int not null,
  started_at timestamptz not null,
  finished_at timestamptz,
  host text,
  outcome jsonb,
  primary key (delivery_id, number)
);

create table email (
  id uuid primary key,
  mailbox_id uuid not null references mailbox on delete cascade,
  message_id uuid not null references message on delete cascade,
  folder_id uuid not null references folder,
  thread_id uuid not null,
  received_at timestamptz not null,
  sent_at timestamptz,
  size int not null,
  subject text not null default '',
  from_list jsonb not null default '[]',
  to_list jsonb not null default '[]',
  cc_list jsonb not null default '[]',
  bcc_list jsonb not null default '[]',
  reply_to_list jsonb not null default '[]',
  sender_list jsonb not null default '[]',
  preview text not null default '',
  has_attachment boolean not null default false,
  header_message_ids text[] not null default '{}',
  in_reply_to text[] not null default '{}',
  reference_ids text[] not null default '{}',
  thread_keys text[] not null default '{}',
  copy boolean not null default false,
  keywords text[] not null default '{}',
  search text not null default '',
  created_modseq bigint not null,
  updated_modseq bigint not null,
  moved_at timestamptz not null default now(),
  unique (mailbox_id, message_id, copy)
);
create index on email (mailbox_id, folder_id, received_at desc, id);
create index on email (mailbox_id, updated_modseq);
create index on email (mailbox_id, thread_id);
create index on email (message_id);
create index email_header_ids on email using gin (header_message_ids);
create index email_thread_keys on email using gin (thread_keys);

create table email_recipient (
  email_id uuid not null references email on delete cascade,
  delivery_id uuid not null references delivery on delete cascade,
  address text not null,
  primary key (email_id, delivery_id, address)
);
create index on email_recipient (delivery_id, address);

create table submission (
  id uuid primary key,
  mailbox_id uuid not null references mailbox on delete cascade,
  email_id uuid,
  message_id uuid not null,
  identity_id text not null,
  sender text not null,
  recipients jsonb not null,
  send_at timestamptz not null,
  created_modseq bigint not null,
  updated_modseq bigint not null
);
create index on submission (mailbox_id, updated_modseq);
create index on submission (message_id);

create table tombstone (
  mailbox_id uuid not null references mailbox on delete cascade,
  type text not null check (type in ('Email', 'Mailbox', 'EmailSubmission')),
  object_id uuid not null,
  modseq bigint not null,
  created_modseq bigint not null default 0,
  thread_id uuid,
  at timestamptz not null default now(),
  primary key (mailbox_id, type, object_id)
);
create index on tombstone (mailbox_id, modseq);

create table set_aside (
  segment text not null,
  position bigint not null,
  message_id uuid,
  reason text not null,
  at timestamptz not null default now(),
  primary key (segment, position)
);
`
