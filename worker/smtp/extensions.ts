/** What a peer announced (RFC 5321 §4.1.1.1). */
export type Extensions = {
  has(name: string): boolean
  /** The words behind a name, in capitals: for XCLIENT, which attributes it takes. */
  words(name: string): readonly string[]
  /** RFC 1870; 0: no limit named. */
  maxSize: number
  /** Of AUTH, in capitals. */
  methods: readonly string[]
}

/** @param ehlo the reply to EHLO or LHLO */
export function readExtensions(ehlo: string): Extensions {
  const lines = ehlo
    .split(/\r?\n/)
    .slice(1)
    .map(line => line.slice(4).trim().toUpperCase())
  const names = new Set(lines.map(line => line.split(/[ =]/)[0] ?? ''))
  const size = lines.find(line => line.startsWith('SIZE '))
  const maxSize = size ? Number(size.slice(5)) : 0
  // "AUTH=LOGIN" is what servers said before RFC 2554.
  const methods = lines.filter(line => /^AUTH[ =]/.test(line)).flatMap(line => line.slice(5).split(/\s+/))
  return {
    has: name => names.has(name),
    words: name => (lines.find(line => line.startsWith(`${name} `)) ?? '').split(/ +/).slice(1),
    maxSize: Number.isSafeInteger(maxSize) ? maxSize : 0,
    methods,
  }
}
