/** DNS block lists in settings: `zen.spamhaus.org=reject, bl.example=mark`; without a word: mark. */

export type Zone = { name: string; listed: 'reject' | 'mark' }

/** @throws Error with one line that names the entry which is wrong */
export function parseZones(text: string): Zone[] {
  return text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(entry => {
      const [name = '', listed = 'mark', ...more] = entry.toLowerCase().split('=')
      const valid = /^(?:[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*$/.test(name)
      if (!valid || more.length > 0 || (listed !== 'reject' && listed !== 'mark'))
        throw new Error(`${entry} is not a block list like zen.spamhaus.org=reject or bl.example=mark`)
      return { name, listed }
    })
}
