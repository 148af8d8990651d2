/**
 * Ways of signing in: the mailbox's own password, sessions as rows, second factors, passkeys, one-time codes and an
 * organization's own sign-in (OpenID Connect).
 *
 * Secrets that have to be read again (seeds, the client's secret) are sealed; all others are kept as hashes.
 */
export const sql = /* sql */ `
alter table organization add column mailbox_password boolean not null default true;
alter table backend add column sign_in text;
alter table person add column second_factor boolean not null default false;

create table mailbox_password (
  person_id uuid primary key references person on delete cascade,
  hash text not null,
  since timestamptz not null,
  confirmed_at timestamptz not null
);

create table session (
  id uuid primary key,
  person_id uuid not null references person on delete cascade,
  epoch int not null,
  method text not null,
  address text not null,
  agent text not null,
  created_at timestamptz not null,
  last_used_at timestamptz not null
);
create index on session (person_id);
create index on session (last_used_at);

create table known_network (
  person_id uuid not null references person on delete cascade,
  network text not null,
  last_at timestamptz not null,
  primary key (person_id, network)
);

create table totp (
  person_id uuid primary key references person on delete cascade,
  secret text not null,
  confirmed_at timestamptz,
  last_step bigint not null default 0,
  created_at timestamptz not null
);

create table recovery_code (
  person_id uuid not null references person on delete cascade,
  hash text not null,
  used_at timestamptz,
  primary key (person_id, hash)
);

create table passkey (
  id uuid primary key,
  person_id uuid not null references person on delete cascade,
  credential text not null unique,
  public_key text not null,
  counter bigint not null,
  transports text[] not null default '{}',
  name text not null,
  created_at timestamptz not null,
  last_used_at timestamptz
);
create index on passkey (person_id);

create table sign_in_code (
  id uuid primary key,
  person_id uuid not null references person on delete cascade,
  kind text not null check (kind in ('sent', 'printed')),
  hash text not null,
  created_by text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);
create index on sign_in_code (person_id, expires_at);

create table sign_in_provider (
  organization_id uuid primary key references organization on delete cascade,
  name text not null,
  issuer text not null,
  client_id text not null,
  client_secret text not null,
  trust_address boolean not null default false,
  created_at timestamptz not null
);

alter table telling_delivery drop constraint telling_delivery_what_check;
alter table telling_delivery add constraint telling_delivery_what_check
  check (what in ('begin', 'worse', 'repeat', 'end', 'test', 'confirm', 'sign-in', 'notice'));
`
