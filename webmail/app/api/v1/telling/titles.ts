/** Threads with the line that is said of them, in the reader's language. */
import type { Locale } from '@restante/core/db/schema/directory.ts'
import { isKind } from '@restante/core/telling/matters.ts'
import { say } from '@restante/core/telling/say.ts'
import type { ThreadView } from '@restante/core/telling/threads.ts'

export type TitledThread = ThreadView & { title: string }

export function withTitles(threads: readonly ThreadView[], locale: Locale): TitledThread[] {
  return threads.map(thread => {
    const { kind, facts, id } = thread
    const title = isKind(kind)
      ? say(
          { type: 'news', what: 'begin', audience: 'admin', kind, facts, thread: id, organization: null },
          locale,
          undefined,
        ).title
      : kind
    return { ...thread, title }
  })
}
