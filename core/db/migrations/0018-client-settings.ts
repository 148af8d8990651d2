/** Which mail server people's own programs use, for each domain; when somebody last looked at how to set theirs up. */
export const sql = /* sql */ `
alter table domain add column client_settings jsonb not null default '{}';
alter table person add column setup_seen_at timestamptz;
`
