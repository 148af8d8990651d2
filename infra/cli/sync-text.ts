/** What a reading of people changed, or would change, in lines for a terminal. */
import type { SyncResult } from '@restante/core/directory/sync/apply.ts'
import type { SetAside } from '@restante/core/directory/sync/plan.ts'

const WHY: Record<SetAside, string> = {
  'too-many': 'too many vanished at once to be believed',
  incomplete: 'not all could be read',
  empty: 'there was nobody at all',
  'not-asked': 'nobody asked for it',
}

/** @param accept what to call so that those who vanished are removed */
export function syncText(result: SyncResult, accept: string): string {
  const { added, changed, removed, setAside, problems, unchanged, elsewhere, done } = result
  const lines = [
    `${done ? '' : 'nothing was changed; it would be: '}${added.length} added, ${changed.length} changed, ${removed.length} removed, ${unchanged} as they were`,
    ...added.map(address => `  + ${address}`),
    ...changed.map(address => `  ~ ${address}`),
    ...removed.map(address => `  - ${address}`),
  ]
  if (setAside) {
    lines.push(
      `${setAside.addresses.length} vanished and were kept, because ${WHY[setAside.reason]}; to remove them: ${accept}`,
      ...setAside.addresses.map(address => `  ? ${address}`),
    )
  }
  if (elsewhere > 0)
    lines.push(`${elsewhere} without an address of a domain of the organization were left out`)
  lines.push(
    ...problems.map(one => `  ! ${one.line === undefined ? '' : `line ${one.line}: `}${one.message}`),
  )
  return lines.join('\n')
}
