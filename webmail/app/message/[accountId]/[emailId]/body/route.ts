/**
 * A message's body for the sandboxed frame: made safe, with a policy of its own that lets nothing load.
 * `?remote=1` lets https pictures through, `?plain=1` prefers the plain text, `?info=1` answers only what the
 * page around it wants to know. `?measured=1` is the same document laid out unseen, for its height.
 */
import { openMessage } from '@restante/core/jmap/blob.ts'
import { problems } from '@restante/core/jmap/errors.ts'
import { bodyDocument, documentPolicy } from '@restante/core/mail/document.ts'
import { getTranslations } from 'next-intl/server'
import { jmapRoute, json, problem } from '../../../../../server/jmap.ts'
import { grantedEmail } from '../../../../../server/message-access.ts'

export const dynamic = 'force-dynamic'

class Gone extends Error {}

export const GET = jmapRoute<{ accountId: string; emailId: string }>(async ({ params, url, run }) => {
  const found = await grantedEmail(run, params)
  if (!found) return problem(problems.notFound())
  const { account, row } = found
  const remote = url.searchParams.get('remote') === '1'
  const open = async () => {
    const opened = await openMessage(run.context, account, row.message_id)
    if (!opened) throw new Gone()
    return opened.content
  }
  try {
    const plain = url.searchParams.get('plain') === '1'
    const quoted = (await getTranslations('message'))('quoted')
    const { html, blocked, hasHtml } = await bodyDocument(open, {
      remote,
      plain,
      quoted,
      show: globalThis.restanteShow,
    })
    if (url.searchParams.get('info') === '1') return json({ blocked, hasHtml })
    return new Response(html, {
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': documentPolicy(remote, url.searchParams.get('measured') === '1'),
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'x-restante-blocked': String(blocked),
        'cache-control': 'private, no-store',
      },
    })
  } catch (error) {
    if (error instanceof Gone) return problem(problems.notFound())
    throw error
  }
})
