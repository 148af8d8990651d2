/**
 * What a client calls itself. Nothing is refused for it (RFC 5321 §4.1.4 forbids that), but it goes into the
 * trace header and the log, so it is brought into a form that can't be taken for anything else there.
 */
const DOMAIN_OR_LITERAL = /^(?:[a-z0-9_]([a-z0-9_.-]{0,253}[a-z0-9_])?\.?|\[[a-z0-9:.]{2,60}\])$/i

/** @returns a domain or an address literal; `unknown` when the name is neither */
export function heloName(text: string | false | undefined): string {
  return text && DOMAIN_OR_LITERAL.test(text) ? text : 'unknown'
}
