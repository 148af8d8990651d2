/**
 * Handing a draft over, as calls of JMAP (RFC 8621 §7): at once, at a time, or so that it can be taken back for a
 * moment. What waits stays in Drafts; the server puts it into Sent when it goes out.
 */
import { type Call, call } from '../../jmap/client.ts'
import type { EmailAddress, Folder, Id, SetError } from '../../jmap/types.ts'
import type { useConnection } from '../connection.tsx'
import { type Draft, toEmail } from '../draft.ts'

type Client = ReturnType<typeof useConnection>['client']

export type When = { type: 'now' } | { type: 'undoable'; seconds: number } | { type: 'at'; at: Date }

/** Between the last moment in which somebody can press the button and the one in which it goes out, in s. */
const GRACE = 1

/** The draft is made anew in the place of `before`, and submitted. */
export function sendCalls(of: {
  draft: Draft
  sender: EmailAddress
  identityId: Id
  when: When
  before: Id | null
  folders: readonly Folder[]
}): [Call<'Email/set'>, Call<'EmailSubmission/set'>] {
  const { draft, sender, identityId, when, before } = of
  const { accountId } = draft
  const folder = (role: Folder['role']) => of.folders.find(one => one.role === role)?.id
  const [drafts = '', sent] = [folder('drafts'), folder('sent')]
  const envelope = {
    mailFrom: { email: sender.email, parameters: parametersOf(when) },
    rcptTo: [...draft.to, ...draft.cc, ...draft.bcc].map(({ email }) => ({ email })),
  }
  return [
    call('Email/set', {
      accountId,
      create: { draft: toEmail(draft, sender, drafts, when.type === 'at' ? when.at : null) },
      ...(before && { destroy: [before] }),
    }),
    call('EmailSubmission/set', {
      accountId,
      create: { submission: { identityId, emailId: '#draft', envelope } },
      ...(when.type === 'now' && {
        onSuccessUpdateEmail: {
          '#submission': {
            ...(sent && { [`mailboxIds/${drafts}`]: null, [`mailboxIds/${sent}`]: true }),
            'keywords/$draft': null,
          },
        },
      }),
    }),
  ]
}

/** RFC 4865 §4. */
function parametersOf(when: When): Record<string, string> | null {
  switch (when.type) {
    case 'now':
      return null
    case 'undoable':
      return { HOLDFOR: String(when.seconds + GRACE) }
    case 'at':
      return { HOLDUNTIL: when.at.toISOString() }
    default:
      return when satisfies never
  }
}

/** @returns null when it is taken back, else why not: `cannotUnsend`, it has gone out */
export async function takeBack(client: Client, accountId: Id, submissionId: Id): Promise<SetError | null> {
  const { notUpdated } = await client.call('EmailSubmission/set', {
    accountId,
    update: { [submissionId]: { undoStatus: 'canceled' } },
  })
  return notUpdated?.[submissionId] ?? null
}
