/** GET /api/v1/openapi.json: the API's own description, made from the schemas that requests are checked by. */
import { json } from '../handler.ts'
import { document } from '../openapi.ts'

export const dynamic = 'force-static'

export async function GET(): Promise<Response> {
  return json(document())
}
