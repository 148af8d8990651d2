/** GET: what a browser needs to make a passkey for whoever is signed in. POST: the passkey it made. */

import { audit } from '@restante/core/access/audit.ts'
import { addPasskey, partyOf, registrationOptions } from '@restante/core/access/passkeys.ts'
import { tellSecurity } from '@restante/core/telling/sign-in.ts'
import type { RegistrationResponseJSON } from '@simplewebauthn/browser'
import { z } from 'zod'
import { isRecent } from '../../../account/recent.ts'
import { keepChallenge, takeChallenge } from '../../../auth/step.ts'
import { services } from '../../../server/services.ts'
import { currentPerson } from '../../../server/session.ts'
import { json, readBody } from '../../api/v1/handler.ts'
import { isSameOrigin } from '../../api/v1/origin.ts'
import { problem } from '../../api/v1/problem.ts'

export const dynamic = 'force-dynamic'

const made = z.object({
  name: z.string().max(100),
  response: z.looseObject({
    id: z.string().max(2_000),
    response: z.looseObject({ transports: z.array(z.string().max(20)).max(10).optional() }),
  }),
})

export async function GET(): Promise<Response> {
  const person = await currentPerson()
  if (!person || !isRecent(person)) return problem('not-signed-in')
  const { db, settings } = await services()
  const options = await registrationOptions(db, person, partyOf(settings.PUBLIC_URL))
  await keepChallenge(options.challenge, 'add')
  return json(options)
}

export async function POST(request: Request): Promise<Response> {
  const person = await currentPerson()
  if (!person || !isRecent(person)) return problem('not-signed-in')
  const { db, limiter, settings } = await services()
  if (!isSameOrigin(request.headers, settings.PUBLIC_URL)) return problem('other-origin')
  const body = await readBody(made, request)
  if (!body.ok) return body.refusal
  const challenge = await takeChallenge('add')
  if (!challenge) return problem('bad-request')
  const response = body.value.response as unknown as RegistrationResponseJSON
  const now = new Date()
  const result = await addPasskey(
    { db, limiter },
    person.id,
    { response, challenge, name: body.value.name },
    partyOf(settings.PUBLIC_URL),
    now,
  )
  if (result.type !== 'ok') return problem('bad-request', result.type)
  await audit(db, {
    organizationId: person.organizationId,
    actor: person.address,
    action: 'passkey.add',
    target: person.address,
    detail: { name: result.passkey.name },
  })
  await tellSecurity(db, person.id, 'passkey-added', now)
  return json({ id: result.passkey.id })
}
