/** Addresses as names: how reverse lookups and DNS block lists ask for them. */

/** The name under which DNS keeps what it knows of an address (RFC 1035 §3.5, RFC 3596 §2.5), without a zone. */
export function reversedAddress(address: string): string | undefined {
  if (/^\d+\.\d+\.\d+\.\d+$/.test(address)) return address.split('.').reverse().join('.')
  const full = expandIPv6(address)
  return full && [...full].reverse().join('.')
}

/** 32 hex digits. */
function expandIPv6(address: string): string | undefined {
  const [head = '', tail, more] = address.replace(/%.*$/, '').split('::')
  if (more !== undefined || !address.includes(':')) return undefined
  const groups = (text: string) =>
    text === ''
      ? []
      : text.split(':').flatMap(group => {
          const bytes = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(group)?.slice(1).map(Number)
          if (!bytes) return [group]
          const [a = 0, b = 0, c = 0, d = 0] = bytes
          return [(a * 256 + b).toString(16), (c * 256 + d).toString(16)]
        })
  const before = groups(head)
  const after = tail === undefined ? [] : groups(tail)
  const missing = 8 - before.length - after.length
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  const all = [...before, ...Array<string>(missing).fill('0'), ...after]
  if (!all.every(group => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return all.map(group => group.toLowerCase().padStart(4, '0')).join('')
}
