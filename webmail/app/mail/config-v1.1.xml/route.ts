/** Thunderbird's autoconfiguration. */
import { autoconfigResponse } from '../../../setup/answer.ts'

export const dynamic = 'force-dynamic'

export const GET = (request: Request): Promise<Response> => autoconfigResponse(request)
