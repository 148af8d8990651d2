/**
 * The example mail server of `npm run demo`: GET says whether it runs and what it received, POST starts or
 * stops it. 404 unless the demo runs, that is, unless the supervisor has named its control address.
 */
import { z } from 'zod'
import { adminRoute, json, readBody } from '../../handler.ts'
import { problem } from '../../problem.ts'
import { demoAction } from '../../schemas.ts'

export const dynamic = 'force-dynamic'

const PATIENCE = 5_000

const demoState = z.object({
  running: z.boolean(),
  received: z
    .array(
      z.object({
        at: z.string(),
        from: z.string(),
        to: z.union([z.string(), z.array(z.string())]),
        subject: z.string().default(''),
      }),
    )
    .default([]),
})

async function ask(path: string, method: 'GET' | 'POST'): Promise<Response | null> {
  const control = process.env.RESTANTE_DEMO_CONTROL
  if (!control) return null
  return await fetch(new URL(path, control), { method, signal: AbortSignal.timeout(PATIENCE) })
}

async function state(): Promise<Response> {
  const answer = await ask('/', 'GET').catch(() => undefined)
  if (answer === null) return problem('not-found')
  if (!answer?.ok) return problem('unavailable', 'the example mail server does not answer')
  return json(demoState.parse(await answer.json()))
}

export const GET = adminRoute(async () => await state())

export const POST = adminRoute(async ({ request }) => {
  if (!process.env.RESTANTE_DEMO_CONTROL) return problem('not-found')
  const body = await readBody(demoAction, request)
  if (!body.ok) return body.refusal
  const answer = await ask(`/${body.value.action}`, 'POST').catch(() => undefined)
  if (!answer?.ok) return problem('unavailable', 'the example mail server does not answer')
  return await state()
})
