/**
 * Sending at a later time (RFC 8621 §7): which submissions wait for theirs and can be taken back. How long somebody
 * wants to be able to take back what they have just sent is theirs to say.
 */
export const sql = /* sql */ `
alter table submission
  add column undo_status text not null default 'final' check (undo_status in ('pending', 'final', 'canceled')),
  add column delayed boolean not null default false;
create index submission_pending on submission (send_at) where undo_status = 'pending';
create index submission_pending_email on submission (email_id) where undo_status = 'pending';
alter table person add column undo_send int not null default 10 check (undo_send between 0 and 60);
`
