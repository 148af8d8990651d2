/**
 * A JMAP request from one end to the other (RFC 8620 §3): checked as a whole, then its calls one after the
 * other, each answered by its result or by an error that leaves the others alone.
 */

import type { Arguments } from './arguments.ts'
import { blobCopy } from './blob.ts'
import { type JmapContext, openRun, type Run } from './context.ts'
import { emailChanges, threadChanges } from './email-changes.ts'
import { emailCopy, emailImport } from './email-create.ts'
import { emailGet, threadGet } from './email-get.ts'
import { emailParse } from './email-parse.ts'
import { emailQuery, emailQueryChanges } from './email-query.ts'
import { emailSet } from './email-set.ts'
import { MethodError, type Problem, problems } from './errors.ts'
import { identityChanges, identityGet, identitySet } from './identity.ts'
import { CORE_LIMITS } from './limits.ts'
import { mailboxChanges, mailboxGet, mailboxQuery, mailboxQueryChanges } from './mailbox.ts'
import { mailboxSet } from './mailbox-set.ts'
import { type Invocation, resolveReferences } from './references.ts'
import { sentAct } from './sent.ts'
import { CAPABILITIES, sessionState } from './session.ts'
import { snippetGet } from './snippet.ts'
import { submissionChanges, submissionGet, submissionQuery, submissionQueryChanges } from './submission.ts'
import { submissionSet } from './submission-set.ts'

type Result = Record<string, unknown>
/** Most answer once; some with an implied call of another method after it. */
type Method = (given: Arguments, run: Run) => Promise<Result | [name: string, result: Result][]>

const methods: Readonly<Record<string, { capability: string; run: Method }>> = {
  'Core/echo': { capability: CAPABILITIES.core, run: async given => given },
  'Blob/copy': { capability: CAPABILITIES.core, run: blobCopy },
  ...under(CAPABILITIES.mail, {
    'Mailbox/get': mailboxGet,
    'Mailbox/changes': mailboxChanges,
    'Mailbox/query': mailboxQuery,
    'Mailbox/queryChanges': mailboxQueryChanges,
    'Mailbox/set': mailboxSet,
    'Thread/get': threadGet,
    'Thread/changes': threadChanges,
    'Email/get': emailGet,
    'Email/changes': emailChanges,
    'Email/query': emailQuery,
    'Email/queryChanges': emailQueryChanges,
    'Email/set': emailSet,
    'Email/copy': emailCopy,
    'Email/import': emailImport,
    'Email/parse': emailParse,
    'SearchSnippet/get': snippetGet,
  }),
  ...under(CAPABILITIES.submission, {
    'Identity/get': identityGet,
    'Identity/changes': identityChanges,
    'Identity/set': identitySet,
    'EmailSubmission/get': submissionGet,
    'EmailSubmission/changes': submissionChanges,
    'EmailSubmission/query': submissionQuery,
    'EmailSubmission/queryChanges': submissionQueryChanges,
    'EmailSubmission/set': submissionSet,
  }),
  ...under(CAPABILITIES.continuity, { 'restante:Sent/act': sentAct }),
}

function under(capability: string, named: Record<string, Method>) {
  return Object.fromEntries(Object.entries(named).map(([name, run]) => [name, { capability, run }]))
}

/** All that there is. */
export const METHODS: readonly string[] = Object.keys(methods)

export type Handled =
  | {
      type: 'ok'
      body: { methodResponses: Invocation[]; sessionState: string; createdIds?: Record<string, string> }
    }
  | { type: 'refused'; problem: Problem }

/** Requests of one person that are being worked on in this process. */
const atWork = new Map<string, number>()

/**
 * @param request the body as JSON.parse gave it. Its size and its JSON are the transport's to check
 * (`problems.limit('maxSizeRequest')`, `problems.notJson`)
 * @throws nothing that has to do with the request
 */
export async function handle(request: unknown, context: JmapContext): Promise<Handled> {
  const checked = checkRequest(request)
  if (checked.type === 'refused') return checked
  const { using, calls, createdIds } = checked
  const busy = atWork.get(context.person.id) ?? 0
  if (busy >= CORE_LIMITS.maxConcurrentRequests) {
    return { type: 'refused', problem: problems.limit('maxConcurrentRequests', 429) }
  }
  atWork.set(context.person.id, busy + 1)
  try {
    const run = await openRun(context)
    for (const [key, id] of Object.entries(createdIds ?? {})) run.createdIds.set(key, id)
    const responses: Invocation[] = []
    for (const [name, given, callId] of calls) {
      for (const [answer, result] of await answerCall(name, given, using, responses, run)) {
        responses.push([answer, result, callId])
      }
    }
    return {
      type: 'ok',
      body: {
        methodResponses: responses,
        sessionState: sessionState(run.accounts),
        ...(createdIds && { createdIds: Object.fromEntries(run.createdIds) }),
      },
    }
  } finally {
    const left = (atWork.get(context.person.id) ?? 1) - 1
    if (left > 0) atWork.set(context.person.id, left)
    else atWork.delete(context.person.id)
  }
}

type Checked =
  | {
      type: 'ok'
      using: ReadonlySet<string>
      calls: readonly Invocation[]
      createdIds: Record<string, string> | undefined
    }
  | { type: 'refused'; problem: Problem }

function checkRequest(request: unknown): Checked {
  const refused = (problem: Problem): Checked => ({ type: 'refused', problem })
  if (!isObject(request)) return refused(problems.notRequest('the request is not an object'))
  const { using, methodCalls, createdIds } = request
  if (!Array.isArray(using) || !using.every(name => typeof name === 'string')) {
    return refused(problems.notRequest('using must be a list of capabilities'))
  }
  if (!Array.isArray(methodCalls) || !methodCalls.every(isInvocation)) {
    return refused(problems.notRequest('methodCalls must be a list of [name, arguments, id]'))
  }
  if (createdIds !== undefined && !(isObject(createdIds) && Object.values(createdIds).every(isString))) {
    return refused(problems.notRequest('createdIds must be a map of ids'))
  }
  const unknown = using.find(name => !(Object.values(CAPABILITIES) as string[]).includes(name))
  if (unknown !== undefined) return refused(problems.unknownCapability(unknown))
  if (methodCalls.length > CORE_LIMITS.maxCallsInRequest) return refused(problems.limit('maxCallsInRequest'))
  return {
    type: 'ok',
    using: new Set(using),
    calls: methodCalls,
    createdIds: createdIds as Record<string, string> | undefined,
  }
}

const isString = (value: unknown) => typeof value === 'string'
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isInvocation = (value: unknown): value is Invocation =>
  Array.isArray(value) && value.length === 3 && isString(value[0]) && isObject(value[1]) && isString(value[2])

async function answerCall(
  name: string,
  given: Arguments,
  using: ReadonlySet<string>,
  responses: readonly Invocation[],
  run: Run,
): Promise<[name: string, result: Result][]> {
  try {
    const method = Object.hasOwn(methods, name) ? methods[name] : undefined
    if (!method || !using.has(method.capability)) throw new MethodError('unknownMethod')
    const result = await method.run(resolveReferences(given, responses), run)
    return Array.isArray(result) ? result : [[name, result]]
  } catch (error) {
    if (error instanceof MethodError) {
      const described = error.message !== error.type
      return [['error', { type: error.type, ...(described && { description: error.message }) }]]
    }
    run.context.log.error({ event: 'jmap.failed', method: name.slice(0, 100), error })
    return [['error', { type: isAway(error) ? 'serverUnavailable' : 'serverFail' }]]
  }
}

/** Whether the database or the spool could not be reached: trying again later helps. */
function isAway(error: unknown): boolean {
  const code = String((error as { code?: unknown } | null)?.code ?? '')
  return /^(08|53|57P|ECONN|ETIMEDOUT|EPIPE|full$|failed$)/.test(code)
}
