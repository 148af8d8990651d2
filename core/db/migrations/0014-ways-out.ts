/**
 * Ways out: where a mailbox's mail goes besides, outside (core/directory/forwards.ts), and deliveries that an admin
 * moved to another way than their organization's (core/queue/reroute.ts).
 */
export const sql = /* sql */ `
create table forward (
  mailbox_id uuid not null references mailbox on delete cascade,
  address text not null,
  primary key (mailbox_id, address)
);

alter table delivery add column way text;
alter table delivery add column way_name text;
`
