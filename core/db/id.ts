/** Identifiers: UUID version 7 (RFC 9562 §5.7), so that they sort by the time they were made. */
import { v7 } from 'uuid'

export const newId = (): string => v7()
