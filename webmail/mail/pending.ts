/**
 * What somebody has just done and the server has not confirmed yet. It is laid over what was read, so that an
 * action shows at once; when the server's own word has been read again it is taken away. A failed action is
 * taken away too, and the screen tells the truth again.
 */
import type { Id, Member } from '../jmap/types.ts'
import { createStore } from './store.ts'

export type Patch = {
  /** Moved there; null: destroyed. */
  folder?: Id | null
  /** Keywords set and taken away. */
  keywords?: Record<string, boolean>
}

export type Overlay = ReadonlyMap<Id, Patch>

/** The two together; the later one wins. */
export function combine(earlier: Patch | undefined, later: Patch): Patch {
  return {
    ...earlier,
    ...later,
    ...(earlier?.keywords || later.keywords
      ? { keywords: { ...earlier?.keywords, ...later.keywords } }
      : undefined),
  }
}

/** A message as it looks after the patch. */
export function patched<T extends Pick<Member, 'keywords' | 'mailboxIds'>>(
  email: T,
  patch: Patch | undefined,
): T {
  if (!patch) return email
  const keywords = { ...email.keywords }
  for (const [keyword, on] of Object.entries(patch.keywords ?? {})) {
    if (on) keywords[keyword] = true
    else delete keywords[keyword]
  }
  const mailboxIds =
    patch.folder === undefined
      ? email.mailboxIds
      : patch.folder === null
        ? {}
        : { [patch.folder]: true as const }
  return { ...email, keywords, mailboxIds }
}

/** Whether the message is no longer in `folder` after the patch. */
export function leaves(patch: Patch | undefined, folder: Id | null): boolean {
  if (patch?.folder === undefined) return false
  return patch.folder === null || (folder !== null && patch.folder !== folder)
}

const overlay = createStore<Overlay>(new Map())
const versions = new Map<Id, number>()
let counter = 0

/** Lays a patch over some messages. Returns what takes it away, unless something newer lies there by then. */
export function lay(ids: readonly Id[], patch: Patch): () => void {
  const version = ++counter
  const next = new Map(overlay.get())
  for (const id of ids) {
    next.set(id, combine(next.get(id), patch))
    versions.set(id, version)
  }
  overlay.set(next)
  return () => {
    const left = new Map(overlay.get())
    for (const id of ids) {
      if (versions.get(id) !== version) continue
      left.delete(id)
      versions.delete(id)
    }
    overlay.set(left)
  }
}

export const useOverlay = overlay.use
