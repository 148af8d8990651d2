/** Whether somebody writes of an attachment that is not there, in the languages of the interface. */

const WORDS: readonly RegExp[] = [
  /\b(?:attached|attachments?|i attach|attaching|enclosed)\b/iu,
  /\b(?:adjunt(?:o|a|os|as|amos|é|e)|en adjunto|archivo adjunto)\b/iu,
  /\b(?:adjunt(?:s|es|em|ada|at)?|us adjunto|fitxers? adjunts?)\b/iu,
  /\b(?:allegat[oaie]|allego|alleghiamo|in allegato)\b/iu,
]

/** The word that says so, as it was written; null: nothing speaks of one. What is quoted is not looked at. */
export function speaksOfAttachment(subject: string, text: string): string | null {
  const own: string[] = []
  for (const line of text.split('\n')) {
    // What follows the signature's mark or the head of a forwarded message is not what was just written.
    if (line === '-- ' || /^-{5,} /.test(line)) break
    if (!line.startsWith('>')) own.push(line)
  }
  const words = `${subject.replace(/^\s*(?:re|fwd?|r|rv)\s*:.*/i, '')}\n${own.join('\n')}`
  for (const word of WORDS) {
    const found = word.exec(words)
    if (found) return found[0]
  }
  return null
}
