/**
 * GET: what a browser needs to ask for a passkey; `?for=second` after a password. POST: its answer, which opens a
 * session. The challenge stays with the browser in a sealed cookie, and counts once.
 */
import { authenticationOptions, partyOf, verifyPasskey } from '@restante/core/access/passkeys.ts'
import { FAILURES_PER_NETWORK } from '@restante/core/access/sign-in-limits.ts'
import { networkOf } from '@restante/core/config/networks.ts'
import type { AuthenticationResponseJSON } from '@simplewebauthn/browser'
import { z } from 'zod'
import { openBrowserSession } from '../../../auth/finish.ts'
import { localPath } from '../../../auth/local-path.ts'
import { keepChallenge, readStep, takeChallenge } from '../../../auth/step.ts'
import { currentClient } from '../../../server/client.ts'
import { services } from '../../../server/services.ts'
import { json, readBody } from '../../api/v1/handler.ts'
import { isSameOrigin } from '../../api/v1/origin.ts'
import { problem } from '../../api/v1/problem.ts'

export const dynamic = 'force-dynamic'

const answer = z.object({
  for: z.enum(['sign-in', 'second']),
  next: z.string().max(2_000).default('/'),
  response: z.looseObject({ id: z.string().max(2_000) }),
})

export async function GET(request: Request): Promise<Response> {
  const { db, settings } = await services()
  const party = partyOf(settings.PUBLIC_URL)
  const second = new URL(request.url).searchParams.get('for') === 'second'
  const step = second ? await readStep() : null
  if (second && !step) return problem('not-signed-in')
  const options = await authenticationOptions(db, party, step?.personId)
  await keepChallenge(options.challenge, second ? 'second' : 'sign-in')
  return json(options)
}

export async function POST(request: Request): Promise<Response> {
  const { db, limiter, settings, log } = await services()
  if (!isSameOrigin(request.headers, settings.PUBLIC_URL)) return problem('other-origin')
  const body = await readBody(answer, request)
  if (!body.ok) return body.refusal
  const { response, next } = body.value
  const challenge = await takeChallenge(body.value.for)
  if (!challenge) return problem('not-signed-in')
  // Nobody guesses a passkey; but a check costs.
  const network = networkOf((await currentClient()).address)
  if (!(await limiter.take(FAILURES_PER_NETWORK, network)).allowed) return problem('not-signed-in')
  const step = body.value.for === 'second' ? await readStep() : null
  const person = await verifyPasskey(
    { db, limiter },
    { response: response as unknown as AuthenticationResponseJSON, challenge },
    partyOf(settings.PUBLIC_URL),
    new Date(),
  ).catch(error => {
    log.warn({ event: 'webmail.passkey-failed', error })
    return null
  })
  if (!person) return problem('not-signed-in')
  const asked = body.value.for === 'second'
  if (asked && (step?.personId !== person.id || step.epoch !== person.sessionEpoch))
    return problem('not-signed-in')
  await limiter.giveBack(FAILURES_PER_NETWORK, network)
  await openBrowserSession(person, step?.by ?? 'passkey')
  return json({ next: localPath(step?.next ?? next) })
}
