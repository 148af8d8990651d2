/** Outlook's Autodiscover, the JSON way: where the XML one is. */
import { services } from '../../../server/services.ts'
import { jsonAnswer } from '../../../setup/autodiscover.ts'

export const dynamic = 'force-dynamic'

export async function GET(request: Request): Promise<Response> {
  const query = new URL(request.url).searchParams
  const protocol = [...query].find(([name]) => name.toLowerCase() === 'protocol')?.[1] ?? null
  const { settings } = await services()
  const { status, body } = jsonAnswer(protocol, settings.PUBLIC_URL)
  return Response.json(body, { status, headers: { 'cache-control': 'no-store' } })
}
