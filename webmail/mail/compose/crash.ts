/**
 * What was written and has not reached the server yet, kept in this browser: a page that is lost (a crash, an
 * empty battery) opens it again. A copy belongs to the window that writes it, as long as that lives: a lock says so,
 * which goes with its page whatever happens to it. Copies are deleted as soon as the server has the draft.
 */
import type { Draft } from '../draft.ts'
import type { Saved } from './keep.ts'

const PREFIX = 'restante.unsaved.'
/** Older copies are not brought back, in ms. */
const OLDEST = 14 * 24 * 60 * 60_000

export type Copy = { person: string; at: number; draft: Draft; saved: Saved }

/** A key that no other page has. */
export const newCopyKey = (): string => crypto.randomUUID()

/** Holds the copy as this page's own until the page goes or the result is called. */
export function holdCopy(key: string): () => void {
  let release = () => {}
  const held = new Promise<void>(resolve => {
    release = resolve
  })
  void navigator.locks?.request(PREFIX + key, () => held)
  return release
}

export function keepCopy(key: string, copy: Copy): void {
  try {
    const attachments = copy.draft.attachments.filter(file => file.blobId !== null)
    localStorage.setItem(PREFIX + key, JSON.stringify({ ...copy, draft: { ...copy.draft, attachments } }))
  } catch {
    // Storage is full or forbidden: the server's copy comes a second later.
  }
}

export function dropCopy(key: string): void {
  try {
    localStorage.removeItem(PREFIX + key)
  } catch {
    // There is none, then.
  }
}

/** Copies of this person's that no page holds any more, oldest first; each is taken by whoever gets it. */
export async function takeCopies(person: string, now: number): Promise<Copy[]> {
  const found: Copy[] = []
  for (const name of storedNames()) {
    await navigator.locks?.request(name, { ifAvailable: true }, lock => {
      const copy = lock && readCopy(name)
      if (!copy || (copy.person !== person && now - copy.at < OLDEST)) return
      localStorage.removeItem(name)
      if (copy.person === person && now - copy.at < OLDEST) found.push(copy)
    })
  }
  return found.sort((a, b) => a.at - b.at)
}

function storedNames(): string[] {
  try {
    return Object.keys(localStorage).filter(name => name.startsWith(PREFIX))
  } catch {
    return []
  }
}

function readCopy(name: string): Copy | null {
  try {
    return JSON.parse(localStorage.getItem(name) ?? 'null') as Copy | null
  } catch {
    return null
  }
}
