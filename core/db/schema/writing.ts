/** What people write again and again. */
import type { Generated } from './columns.ts'

type SignatureTable = {
  id: string
  person_id: string
  name: string
  /** Sanitized when it was written. */
  html: string
  text: string
  created_at: Generated<Date>
}

/** Under messages from which address; none named: no signature. */
type SignatureChoiceTable = { person_id: string; address: string; signature_id: string }

export type WritingTables = {
  signature: SignatureTable
  signature_choice: SignatureChoiceTable
}
