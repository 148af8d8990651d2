/**
 * The corpus: what mail has been made of, and could be made of, so that whoever opens it runs or asks for something.
 * Written for this; each case has a number, which it says when it succeeds (vector.ts).
 *
 * Used twice: against the sanitizer (xss.test.ts), and in a real Chromium through the real webmail (e2e/xss.test.ts).
 */
import { addresses } from './addresses.ts'
import { encodedCases } from './charsets.ts'
import { elements } from './elements.ts'
import { fileCases } from './files.ts'
import { handlers } from './handlers.ts'
import { headerCases } from './headers.ts'
import { mutations } from './mutations.ts'
import { scripts } from './scripts.ts'
import { styles } from './styles.ts'
import { snippets, texts } from './texts.ts'
import { numbered } from './vector.ts'

/** text/html in UTF-8. */
export const htmlCases = numbered(
  { scripts, ...handlers, ...addresses, ...elements, ...mutations, ...styles },
  1,
)
/** Parts in other charsets and encodings, or of other types. */
export const charsetCases = encodedCases(2_001)
export const textCases = numbered(texts, 3_001)
/** Plain text that is looked for with the word `needle`. */
export const snippetCases = numbered(snippets, 4_001)
export const headers = headerCases(5_001)
export const files = fileCases(6_001)
