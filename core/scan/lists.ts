/**
 * The recipient's own word: allow and block lists of its organization and its mailbox. It goes after
 * authentication, because an entry that allows somebody counts only when it is really them.
 */
import type { ListsOf } from '../directory/list-match.ts'
import { matchLists } from '../directory/list-match.ts'
import { authorsOf, fieldsOf, readHeader } from './authentication/header.ts'
import type { Finding, Step, StepOutcome } from './types.ts'

export function listsStep(options: { listsOf: (address: string) => ListsOf | undefined }): Step {
  return {
    name: 'lists',
    after: ['authentication'],
    timeLimit: 5_000,
    kind: 'facts',
    async run(subject, context): Promise<StepOutcome> {
      const { envelope } = subject
      if (envelope.kind !== 'inbound') return { findings: [] }
      const lists = envelope.recipients.flatMap(({ address }) => {
        const found = options.listsOf(address)
        return found ? [[address, found] as const] : []
      })
      if (lists.length === 0) return { findings: [] }
      // Without a word of authentication nothing is proven; whom a list blocks, it blocks by what he claims.
      const senders = context.outcomeOf('authentication')?.senders
      const from = senders?.from ?? (await claimedBy(subject))
      const claim = {
        names: [...new Set([envelope.sender.toLowerCase(), ...from])].filter(Boolean),
        proven: senders?.proven ?? [],
        network: envelope.client?.address,
      }
      const byRecipient = new Map<string, Finding[]>()
      for (const [address, list] of lists) {
        const entry = matchLists(list, claim)
        if (!entry) continue
        byRecipient.set(address, [
          entry.kind === 'allow'
            ? { type: 'clean', reason: 'list-allowed', detail: entry.value, trusted: true }
            : { type: 'blocked', reason: 'list-blocked', detail: entry.value },
        ])
      }
      return { findings: [], ...(byRecipient.size > 0 && { byRecipient }) }
    },
  }
}

async function claimedBy(subject: Parameters<typeof readHeader>[0]): Promise<string[]> {
  const header = await readHeader(subject)
  return authorsOf(header, await fieldsOf(header)).map(author => author.address)
}
