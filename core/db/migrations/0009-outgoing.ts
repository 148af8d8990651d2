/**
 * Mail that goes out, watched: times in which a destination took nothing of an organization's mail, found by the
 * worker itself (core/continuity/destination-incidents.ts); addresses that an organization does not write to for a
 * while, because they failed again and again (core/queue/suppression.ts).
 */
export const sql = /* sql */ `
create table destination_incident (
  id uuid primary key,
  organization_id uuid not null references organization on delete cascade,
  destination text not null,
  since timestamptz not null,
  opened_at timestamptz not null,
  closed_at timestamptz,
  ending text check (ending in ('accepted', 'nothing-left')),
  category text not null,
  host text,
  detail text,
  messages int not null,
  people int not null,
  others boolean not null default false
);
create unique index on destination_incident (organization_id, destination) where closed_at is null;
create index on destination_incident (opened_at);

create index delivery_accepted_outside on delivery (organization_id, settled_at)
  where backend_id is null and state = 'delivered';
create index delivery_accepted_there on delivery (organization_id, destination, settled_at)
  where backend_id is null and state = 'delivered';

create table suppression (
  organization_id uuid not null references organization on delete cascade,
  address text not null,
  failures int not null,
  outcome jsonb,
  since timestamptz not null,
  until timestamptz not null,
  lifted_at timestamptz,
  lifted_by text,
  primary key (organization_id, address)
);
`
