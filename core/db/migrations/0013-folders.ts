/**
 * Folders that people make, rename and move in the webmail, in the order in which they did, so that the same can
 * be done at their own server; and whether the credentials that somebody gave for their own server are good.
 *
 * `folder_change` is written by triggers, like `email_change`. Paths are lists of names from the top, each with
 * the role of the folder that it names: where a special folder is at the server is found out there.
 */
export const sql = /* sql */ `
create table folder_change (
  id bigint generated always as identity primary key,
  mailbox_id uuid not null references mailbox on delete cascade,
  folder_id uuid not null,
  from_path jsonb,
  to_path jsonb not null,
  at timestamptz not null default now()
);
create index on folder_change (mailbox_id, id);
create index on folder_change (folder_id);

create function folder_path(leaf uuid) returns jsonb language sql stable as $$
  with recursive up as (
    select name, role, parent_id, 0 as depth from folder where id = leaf
    union all
    select folder.name, folder.role, folder.parent_id, depth + 1
    from folder join up on folder.id = up.parent_id where depth < 20
  )
  select coalesce(jsonb_agg(jsonb_build_object('name', name, 'role', role) order by depth desc), '[]') from up
$$;

create function remember_folder_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    delete from folder_change where folder_id = old.id;
    return old;
  end if;
  insert into folder_change (mailbox_id, folder_id, from_path, to_path)
  values (new.mailbox_id, new.id,
    case when tg_op = 'UPDATE' then
      folder_path(old.parent_id) || jsonb_build_array(jsonb_build_object('name', old.name, 'role', null)) end,
    folder_path(new.id));
  return new;
end $$;

create trigger folder_made after insert on folder for each row when (new.role is null)
  execute function remember_folder_change();
create trigger folder_changed after update of name, parent_id on folder for each row
  when (new.role is null and (old.name is distinct from new.name or old.parent_id is distinct from new.parent_id))
  execute function remember_folder_change();
create trigger folder_gone after delete on folder for each row execute function remember_folder_change();

alter table imap_credentials
  add column checked_at timestamptz,
  add column problem text check (problem in ('refused', 'unreachable', 'certificate', 'no-way', 'failed')),
  add column said text;
create index imap_credentials_unchecked on imap_credentials (set_at) where checked_at is null;
`
