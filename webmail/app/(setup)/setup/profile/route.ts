/** The profile for Apple's systems of who is signed in; signed where there is a certificate. */
import { domainOfAddress } from '@restante/core/directory/client-settings.ts'
import { services } from '../../../../server/services.ts'
import { currentPerson } from '../../../../server/session.ts'
import { setupOf } from '../../../../setup/answer.ts'
import { profile, signProfile } from '../../../../setup/profile.ts'

export const dynamic = 'force-dynamic'

export async function GET(): Promise<Response> {
  const person = await currentPerson()
  if (!person) return new Response('sign in first\n', { status: 401 })
  const setup = await setupOf(domainOfAddress(person.address) ?? '')
  if (!setup) return new Response('nothing is set up for this domain\n', { status: 404 })
  const { settings, log } = await services()
  const xml = profile(setup, person)
  const { TLS_CERT: certificate, TLS_KEY: key } = settings
  let body: string | Uint8Array<ArrayBuffer> = xml
  if (certificate && key) {
    try {
      body = new Uint8Array(await signProfile(xml, { certificate, key }))
    } catch (error) {
      // Unsigned it works as well; the device only says so.
      log.warn({ event: 'setup.not-signed', error })
    }
  }
  return new Response(body, {
    headers: {
      'content-type': 'application/x-apple-aspen-config',
      'content-disposition': `attachment; filename="${setup.domain}.mobileconfig"`,
      'cache-control': 'no-store',
    },
  })
}
