/** POST /api/v1/channels/ID/test: a trial message now, and how it went. */
import { awaitTrial, testChannel } from '@restante/core/telling/channels.ts'
import { adminRoute, json } from '../../../handler.ts'
import { problem } from '../../../problem.ts'
import { tellingProblem } from '../../../telling-problem.ts'

export const dynamic = 'force-dynamic'

/** Longer than the worker gives an address, in ms. */
const PATIENCE = 15_000

export const POST = adminRoute<{ id: string }>(async ({ params, scope, services: { db } }) => {
  try {
    const trial = await testChannel(db, scope, params.id, new Date())
    return trial ? json(await awaitTrial(db, trial, PATIENCE)) : problem('not-found')
  } catch (error) {
    return tellingProblem(error)
  }
})
