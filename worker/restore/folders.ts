/**
 * Which folder of a person's own server is meant by one of ours. Pure.
 *
 * Special folders are found by what the server says of them (SPECIAL-USE, RFC 6154), else by the names that mail
 * programs give them in the languages we speak; there is no third way, and one that is not found is made. Other
 * folders keep their names and their parents. Names are Unicode here: modified UTF-7 (RFC 3501 §5.1.3) is the
 * library's.
 */
import type { FolderRole } from '@restante/core/db/schema/mail.ts'

export type ServerFolder = {
  path: string
  name: string
  delimiter: string
  /** Names of the folders it is in. */
  parent: readonly string[]
  /** `\Sent`, as the server itself says. */
  specialUse?: string
  selectable: boolean
}

/** RFC 2342, of the person's own folders: `INBOX.` and `.`, or nothing and `/`. */
export type Namespace = { prefix: string; delimiter: string }

export type OurFolder = { id: string; name: string; role: FolderRole | null; parentId: string | null }

type SpecialRole = Exclude<FolderRole, 'inbox'>

const USE: Record<SpecialRole, string> = {
  sent: '\\Sent',
  drafts: '\\Drafts',
  trash: '\\Trash',
  junk: '\\Junk',
  archive: '\\Archive',
}

/** The first is what a folder is called that has to be made. Lower case, but for that one. */
const NAMES: Record<SpecialRole, readonly string[]> = {
  sent: [
    'Sent',
    'sent items',
    'sent messages',
    'sent mail',
    'enviats',
    'elements enviats',
    'missatges enviats',
    'correu enviat',
    'enviados',
    'elementos enviados',
    'mensajes enviados',
    'correo enviado',
    'inviata',
    'inviati',
    'posta inviata',
    'elementi inviati',
    'messaggi inviati',
  ],
  drafts: ['Drafts', 'draft', 'draft messages', 'esborranys', 'borradores', 'borrador', 'bozze', 'bozza'],
  trash: [
    'Trash',
    'deleted items',
    'deleted messages',
    'deleted',
    'bin',
    'paperera',
    'elements suprimits',
    'elements eliminats',
    'papelera',
    'elementos eliminados',
    'mensajes eliminados',
    'cestino',
    'posta eliminata',
    'elementi eliminati',
  ],
  junk: [
    'Junk',
    'junk email',
    'junk e-mail',
    'junk mail',
    'spam',
    'bulk mail',
    'correu brossa',
    'correu no desitjat',
    'brossa',
    'correo no deseado',
    'correo basura',
    'no deseado',
    'posta indesiderata',
    'indesiderata',
  ],
  archive: [
    'Archive',
    'archives',
    'archived',
    'arxiu',
    'arxivats',
    'archivo',
    'archivados',
    'archivio',
    'archiviati',
  ],
}

const plain = (name: string) => name.normalize('NFKC').trim().toLowerCase()

/** The server's folder for a role; null when it has none. */
export function findSpecial(folders: readonly ServerFolder[], role: FolderRole): ServerFolder | null {
  if (role === 'inbox') return folders.find(folder => folder.path.toUpperCase() === 'INBOX') ?? null
  const usable = folders.filter(folder => folder.selectable)
  const said = usable.filter(folder => folder.specialUse === USE[role])
  if (said.length > 0) return shallowest(said)
  // Not below a folder of somebody's own: "Projects/Sent" is a project's.
  const near = usable.filter(
    folder =>
      folder.specialUse === undefined &&
      (folder.parent.length === 0 ||
        (folder.parent.length === 1 && /^(inbox|\[gmail\]|\[google mail\])$/i.test(folder.parent[0] ?? ''))),
  )
  for (const name of NAMES[role]) {
    const found = near.filter(folder => plain(folder.name) === plain(name))
    if (found.length > 0) return shallowest(found)
  }
  return null
}

function shallowest(folders: readonly ServerFolder[]): ServerFolder {
  return folders.reduce((best, folder) => (folder.parent.length < best.parent.length ? folder : best))
}

export type Place = { path: string /** false: it has to be made. */; exists: boolean }

/**
 * Where one of our folders is at the server, or has to be made.
 * @returns null when there is no such folder of ours
 */
export function placeOf(
  folderId: string,
  ours: readonly OurFolder[],
  folders: readonly ServerFolder[],
  namespace: Namespace,
): Place | null {
  const folder = ours.find(one => one.id === folderId)
  return folder ? placeOfFolder(folder, ours, folders, namespace, 0) : null
}

/** Folders in folders, at most; one that is in itself would be endless. */
const DEEPEST = 20

function placeOfFolder(
  folder: OurFolder,
  ours: readonly OurFolder[],
  folders: readonly ServerFolder[],
  namespace: Namespace,
  depth: number,
): Place {
  if (folder.role === 'inbox') return { path: 'INBOX', exists: true }
  if (folder.role) {
    const found = findSpecial(folders, folder.role)
    if (found) return { path: found.path, exists: true }
    return existing(`${namespace.prefix}${NAMES[folder.role][0]}`, folders)
  }
  const parent =
    depth < DEEPEST && folder.parentId !== null ? ours.find(one => one.id === folder.parentId) : undefined
  const name = safeName(folder.name, namespace.delimiter)
  if (!parent) {
    // A folder of that name is not the Inbox, whatever its spelling (RFC 3501 §5.1).
    const top = name.toUpperCase() === 'INBOX' ? `${name}_` : name
    return existing(`${namespace.prefix}${top}`, folders)
  }
  const above = placeOfFolder(parent, ours, folders, namespace, depth + 1)
  return existing(`${above.path}${namespace.delimiter}${name}`, folders)
}

/** The path as the server spells it, when it has it. */
function existing(path: string, folders: readonly ServerFolder[]): Place {
  const same =
    folders.find(folder => folder.path === path) ??
    folders.find(folder => folder.path.toLowerCase() === path.toLowerCase())
  return same ? { path: same.path, exists: same.selectable } : { path, exists: false }
}

/** What would end the name, begin a sub-folder, or be a wildcard (RFC 3501 §6.3.8) can't stand in it. */
function safeName(name: string, delimiter: string): string {
  const clean = name
    .normalize('NFC')
    .replace(/[\p{Cc}*%]/gu, '_')
    .split(delimiter === '' ? '\0' : delimiter)
    .join('_')
    .trim()
  return clean === '' ? '_' : clean
}
