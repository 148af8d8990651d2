/**
 * Mail that goes out: how much the sender of a delivery was told of its delay, and of which problems senders
 * know already; the policies of destinations, kept as long as they say (RFC 8461 §5.1); the keys we sign with.
 */
export const sql = /* sql */ `
alter table delivery add column told smallint not null default 0;
create index delivery_watched on delivery (created_at) where backend_id is null and state in ('queued', 'deferred');

create table told_problem (
  sender text not null,
  destination text not null,
  category text not null,
  told_at timestamptz not null,
  primary key (sender, destination, category)
);
create index on told_problem (told_at);

create table sts_policy (
  domain text primary key,
  id text not null,
  mode text not null check (mode in ('enforce', 'testing', 'none')),
  mx text[] not null,
  expires_at timestamptz not null
);

create table dkim_key (
  id uuid primary key,
  domain_id uuid not null references domain on delete cascade,
  selector text not null,
  algorithm text not null check (algorithm in ('rsa', 'ed25519')),
  private_key text not null,
  active boolean not null default false,
  created_at timestamptz not null default now(),
  unique (domain_id, selector)
);

create table sending_client (
  id uuid primary key,
  organization_id uuid not null references organization on delete cascade,
  name text not null,
  network text,
  certificate text,
  hash text unique,
  created_at timestamptz not null default now(),
  check (network is not null or hash is not null),
  unique (organization_id, name)
);
`
