/** What people put under their messages, and which of it under those from which address. */
export const sql = /* sql */ `
create table signature (
  id uuid primary key,
  person_id uuid not null references person on delete cascade,
  name text not null,
  html text not null,
  text text not null,
  created_at timestamptz not null default now()
);
create index on signature (person_id);

create table signature_choice (
  person_id uuid not null references person on delete cascade,
  address text not null,
  signature_id uuid not null references signature on delete cascade,
  primary key (person_id, address)
);
create index on signature_choice (signature_id);
`
