/**
 * Which workers there are, so that a dead one is found without looking through deliveries (core/queue/leases.ts).
 * What a begun delivery is stands in its own row now; an attempt is written once, with its result.
 */
export const sql = /* sql */ `
create table worker (
  number int primary key,
  since timestamptz not null default now()
);
`
