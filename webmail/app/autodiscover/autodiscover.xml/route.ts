/** Outlook's Autodiscover, the XML way: the settings of the domain of the address that is posted. */
import { domainOfAddress } from '@restante/core/directory/client-settings.ts'
import { setupOf, xmlResponse } from '../../../setup/answer.ts'
import { errorAnswer, readRequest, settingsAnswer } from '../../../setup/autodiscover.ts'

export const dynamic = 'force-dynamic'

/** Bytes of a request that are read. */
const MOST = 64 * 1024

export async function POST(request: Request): Promise<Response> {
  if (Number(request.headers.get('content-length') ?? MOST + 1) > MOST) return xmlResponse(errorAnswer(600))
  const asked = readRequest(await request.text())
  if (!asked) return xmlResponse(errorAnswer(600))
  const domain = domainOfAddress(asked.address)
  const setup = domain ? await setupOf(domain) : null
  return xmlResponse(setup ? settingsAnswer(asked, setup) : errorAnswer(500))
}
