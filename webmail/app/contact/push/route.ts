/** GET /contact/push: the key that a browser subscribes with. POST: its subscription. For whoever is signed in. */
import { addBrowser } from '@restante/core/telling/contacts.ts'
import { TellingError } from '@restante/core/telling/errors.ts'
import { pushKeys } from '@restante/core/telling/keys.ts'
import { z } from 'zod'
import { services } from '../../../server/services.ts'
import { currentPerson } from '../../../server/session.ts'
import { json, readBody } from '../../api/v1/handler.ts'
import { isSameOrigin } from '../../api/v1/origin.ts'
import { problem } from '../../api/v1/problem.ts'

export const dynamic = 'force-dynamic'

const subscription = z.object({
  endpoint: z.url().max(2_000),
  keys: z.object({ p256dh: z.string().max(200), auth: z.string().max(100) }),
})

export async function GET(): Promise<Response> {
  if (!(await currentPerson())) return problem('not-signed-in')
  const { db, sealKey } = await services()
  return json({ publicKey: (await pushKeys(db, sealKey)).publicKey })
}

export async function POST(request: Request): Promise<Response> {
  const person = await currentPerson()
  if (!person) return problem('not-signed-in')
  const { db, sealKey, settings } = await services()
  if (!isSameOrigin(request.headers, settings.PUBLIC_URL)) return problem('other-origin')
  const body = await readBody(subscription, request)
  if (!body.ok) return body.refusal
  try {
    return json({ id: await addBrowser(db, person, body.value, sealKey, new Date()) })
  } catch (error) {
    if (error instanceof TellingError) return problem('bad-request', error.message)
    throw error
  }
}
