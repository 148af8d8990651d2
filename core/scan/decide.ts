/**
 * From findings to one answer. Pure: each finding is weighed by the policy of each recipient's domain, the
 * hardest counts for that recipient, and what SMTP can only say once is made of all of them.
 *
 * Three rules. It is refused only when every recipient's policy would refuse it; otherwise those who would
 * get it quarantined, because a refusal would take it from the others. It is put off only when nobody takes
 * it. And a list that trusts the sender answers for spam, never for a virus or an attachment.
 */
import type { ScanPolicy } from '../directory/scan-policy.ts'
import type { Envelope } from '../spool/types.ts'
import type { StepResult } from './pipeline.ts'
import type { Disposition, Finding, Scanned, ScanRecord, ScanStep, StepName, Verdict } from './types.ts'

export type Decision = {
  answer:
    | { type: 'accept' }
    | { type: 'reject'; reason: string; detail?: string }
    | { type: 'defer'; reason: string; detail?: string }
  dispositions: Map<string, Disposition>
  record: ScanRecord
}

/** What one finding comes to for one recipient. */
type Weight = 'pass' | 'mark' | 'junk' | 'unscanned' | 'quarantine' | 'defer' | 'reject'

const RANK: Readonly<Record<Weight, number>> = {
  pass: 0,
  mark: 1,
  junk: 2,
  // Before junk: when it has been scanned, junk is found again.
  unscanned: 3,
  quarantine: 4,
  defer: 5,
  reject: 6,
}
const VERDICT: Readonly<Record<Weight, Verdict>> = {
  pass: 'pass',
  mark: 'mark',
  junk: 'quarantine',
  unscanned: 'quarantine',
  quarantine: 'quarantine',
  defer: 'defer',
  reject: 'reject',
}
const VERDICT_RANK: readonly Verdict[] = ['pass', 'mark', 'quarantine', 'defer', 'reject']

/** Each of these stands in for the other. */
const SPAM_ENGINES: readonly StepName[] = ['rspamd', 'spamd']

type Weighed = { weight: Weight; finding: Finding }

export function decide(
  results: readonly StepResult[],
  recipients: readonly string[],
  policyOf: (address: string) => ScanPolicy,
  kind: 'inbound' | 'submission' = 'inbound',
): Decision {
  const stoodIn = standIns(results)
  const hardest = new Map<string, Weighed>()
  const ofStep = new Map<StepName, Weighed>()
  for (const address of recipients) {
    const policy = policyOf(address)
    const trusted = results.some(result => findingsFor(result, address).some(isTrust))
    for (const result of results) {
      for (const finding of findingsFor(result, address)) {
        let weight = weigh(finding, result, policy, trusted, stoodIn)
        // What our people send goes into nobody's Junk folder, and they don't release it themselves.
        if (kind === 'submission' && weight === 'junk') weight = 'quarantine'
        const weighed = { weight, finding }
        keepHarder(hardest, address, weighed)
        keepHarder(ofStep, result.step, weighed)
      }
    }
  }
  const { answer, dispositions } = answerOf(recipients, hardest, kind)
  const steps = results.map(result => stepRecord(result, ofStep.get(result.step)))
  return { answer, dispositions, record: { verdict: verdictOf(answer, dispositions, steps), steps } }
}

function keepHarder<K>(into: Map<K, Weighed>, key: K, weighed: Weighed): void {
  const before = into.get(key)
  if (!before || RANK[weighed.weight] > RANK[before.weight]) into.set(key, weighed)
}

function findingsFor(result: StepResult, address: string): readonly Finding[] {
  const { findings, byRecipient } = result.outcome
  const own = byRecipient?.get(address)
  return own ? [...findings, ...own] : findings
}

const isTrust = (finding: Finding) => finding.type === 'clean' && finding.trusted === true
const isUnscanned = (finding: Finding) => finding.type === 'unscanned'

/** Spam engines that did not answer while the other one did. */
function standIns(results: readonly StepResult[]): ReadonlySet<StepName> {
  const engines = results.filter(result => SPAM_ENGINES.includes(result.step))
  const down = engines.filter(result => result.outcome.findings.some(isUnscanned))
  return new Set(down.length < engines.length ? down.map(result => result.step) : [])
}

function weigh(
  finding: Finding,
  { kind, step }: StepResult,
  policy: ScanPolicy,
  trusted: boolean,
  stoodIn: ReadonlySet<StepName>,
): Weight {
  switch (finding.type) {
    case 'clean':
      return 'pass'
    case 'suspicious':
      return kind === 'spam' && (trusted || policy.spam === 'off') ? 'pass' : 'mark'
    case 'spam':
      if (policy.spam === 'off') return 'pass'
      if (trusted || policy.spam === 'mark') return 'mark'
      return policy.spam === 'reject' && finding.sure ? 'reject' : 'junk'
    case 'virus':
      return policy.virus === 'off' ? 'pass' : policy.virus
    case 'attachment':
      return policy.attachments === 'off' ? 'pass' : policy.attachments
    case 'encrypted':
      return policy.encrypted === 'off' ? 'pass' : policy.encrypted
    case 'dmarc':
      if (policy.dmarc === 'ignore') return 'pass'
      if (trusted || policy.dmarc === 'mark' || finding.wish === 'none') return 'mark'
      return finding.wish === 'reject' ? 'reject' : 'junk'
    case 'blocked':
      return trusted ? 'mark' : 'reject'
    case 'later':
      return trusted ? 'pass' : 'defer'
    case 'unscanned':
      // Waiting would not make it shorter.
      if (finding.reason === 'too-large-to-scan') return 'mark'
      if (kind === 'facts' || stoodIn.has(step)) return 'mark'
      if (kind === 'spam')
        return policy.spam === 'off' ? 'pass' : trusted ? 'mark' : down(policy.spamEngineDown)
      if (step === 'clamd' && policy.virus === 'off') return 'pass'
      if (step === 'attachments' && policy.attachments === 'off') return 'pass'
      return down(policy.virusScannerDown)
    default:
      return finding satisfies never
  }
}

const down = (wish: ScanPolicy['spamEngineDown']): Weight => (wish === 'hold' ? 'unscanned' : wish)

function answerOf(
  recipients: readonly string[],
  hardest: ReadonlyMap<string, Weighed>,
  kind: 'inbound' | 'submission',
): Pick<Decision, 'answer' | 'dispositions'> {
  const dispositions = new Map<string, Disposition>()
  let refused: Finding | undefined
  let putOff: Finding | undefined
  let taken = 0
  for (const address of recipients) {
    const weighed = hardest.get(address)
    if (weighed?.weight === 'reject') refused ??= weighed.finding
    else if (weighed?.weight === 'defer') putOff ??= weighed.finding
    else taken++
  }
  if (taken === 0 && putOff) return { answer: { type: 'defer', ...wordsOf(putOff) }, dispositions }
  if (taken === 0 && refused) return { answer: { type: 'reject', ...wordsOf(refused) }, dispositions }
  for (const address of recipients) {
    const weighed = hardest.get(address)
    const disposition = weighed && dispositionOf(weighed)
    if (disposition)
      dispositions.set(address, kind === 'submission' && disposition === 'junk' ? 'quarantine' : disposition)
  }
  return { answer: { type: 'accept' }, dispositions }
}

/** Of a recipient of a message that somebody takes. */
function dispositionOf({ weight, finding }: Weighed): Disposition | undefined {
  switch (weight) {
    case 'pass':
    case 'mark':
      return undefined
    case 'junk':
    case 'quarantine':
    case 'unscanned':
      return weight
    case 'defer':
      // It can't come again for one of them. Never silently unscanned: held, then; greylisting is given up.
      return finding.type === 'unscanned' ? 'unscanned' : undefined
    case 'reject':
      // Its addressee may want spam after all; nobody may want a virus.
      return finding.type === 'spam' || finding.type === 'dmarc' || finding.type === 'blocked'
        ? 'junk'
        : 'quarantine'
    default:
      return weight satisfies never
  }
}

const wordsOf = ({ reason, detail }: Finding) => ({ reason, ...(detail !== undefined && { detail }) })

function stepRecord({ step, outcome, ms }: StepResult, weighed: Weighed | undefined): ScanStep {
  const finding = weighed?.finding ?? outcome.findings[0]
  const verdict = weighed ? VERDICT[weighed.weight] : 'pass'
  if (!finding) return { step, verdict, reason: 'clean', ms: rounded(ms) }
  const scored = 'score' in finding ? finding : outcome.findings.find(one => 'score' in one)
  return {
    step,
    verdict,
    ...wordsOf(finding),
    reason: finding.reason,
    ...(scored && 'score' in scored && { score: scored.score }),
    ...(scored && 'symbols' in scored && { symbols: scored.symbols }),
    ...(outcome.engine !== undefined && { engine: outcome.engine }),
    ms: rounded(ms),
  }
}

const rounded = (ms: number) => Math.round(ms * 10) / 10

function verdictOf(
  answer: Decision['answer'],
  dispositions: ReadonlyMap<string, Disposition>,
  steps: readonly ScanStep[],
): Verdict {
  if (answer.type !== 'accept') return answer.type
  if (dispositions.size > 0) return 'quarantine'
  const hardest = Math.max(0, ...steps.map(step => VERDICT_RANK.indexOf(step.verdict)))
  return hardest === 0 ? 'pass' : 'mark'
}

/** The envelope with what the scan came to, as it goes into the spool. */
export function decided(
  envelope: Envelope,
  { record, dispositions, clientName }: Pick<Scanned, 'record' | 'dispositions' | 'clientName'>,
): Envelope {
  // What a filter in front of us said of it counts more: it has seen the client itself.
  const client =
    clientName && envelope.client && !envelope.client.name
      ? { client: { ...envelope.client, name: clientName } }
      : {}
  if (dispositions.size === 0) return { ...envelope, ...client, scan: record }
  const recipients = envelope.recipients.map(recipient => {
    const disposition = dispositions.get(recipient.address)
    return disposition ? { ...recipient, disposition } : recipient
  })
  return { ...envelope, ...client, recipients, scan: record }
}
