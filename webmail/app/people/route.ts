/** Whom one might be writing to: people of one's organization, and people seen in one's own mail. */
import { services } from '../../server/services.ts'
import { currentPerson } from '../../server/session.ts'
import { suggestPeople } from '../../server/suggestions.ts'

export async function GET(request: Request): Promise<Response> {
  const person = await currentPerson()
  if (!person) return Response.json({ type: 'about:blank', status: 401 }, { status: 401 })
  const typed = new URL(request.url).searchParams.get('q') ?? ''
  const { db } = await services()
  return Response.json(
    { people: await suggestPeople(db, person, typed) },
    { headers: { 'cache-control': 'private, no-store' } },
  )
}
