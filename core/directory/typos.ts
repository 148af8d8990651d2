/**
 * Domains that look like a slip of the fingers: near to a provider that many people have, or to a domain of one's
 * own, and not one of these themselves. Pure.
 */

/** Where many people have their mail. What stands here is never taken for a mistake. */
export const PROVIDERS: readonly string[] = [
  'gmail.com',
  'googlemail.com',
  'outlook.com',
  'outlook.es',
  'outlook.it',
  'hotmail.com',
  'hotmail.es',
  'hotmail.it',
  'hotmail.co.uk',
  'hotmail.fr',
  'live.com',
  'live.it',
  'msn.com',
  'yahoo.com',
  'yahoo.es',
  'yahoo.it',
  'yahoo.co.uk',
  'yahoo.fr',
  'ymail.com',
  'icloud.com',
  'me.com',
  'mac.com',
  'aol.com',
  'mail.com',
  'email.com',
  'gmx.com',
  'gmx.net',
  'gmx.de',
  'web.de',
  't-online.de',
  'proton.me',
  'protonmail.com',
  'fastmail.com',
  'zoho.com',
  'yandex.com',
  'orange.fr',
  'wanadoo.fr',
  'free.fr',
  'laposte.net',
  'libero.it',
  'virgilio.it',
  'tiscali.it',
  'alice.it',
  'tim.it',
  'telefonica.net',
  'movistar.es',
  'btinternet.com',
]

/** Shorter names are too near to each other by nature. */
const SHORTEST = 6
/** From this length on two slips are still a mistake rather than another name. */
const LONG = 9

/**
 * The domain that was probably meant.
 * @param domain in lower case
 * @param own further domains that are known to be right
 */
export function probablyMeant(domain: string, own: readonly string[] = []): string | null {
  const known = [...own, ...PROVIDERS]
  if (domain.length < SHORTEST || known.includes(domain)) return null
  let best: { name: string; distance: number } | null = null
  for (const name of known) {
    const most = Math.min(name.length, domain.length) >= LONG ? 2 : 1
    const distance = slips(domain, name, most)
    if (distance <= most && (!best || distance < best.distance)) best = { name, distance }
  }
  return best?.name ?? null
}

/**
 * How many slips lead from one text to the other: a letter left out, put in, another one, or two swapped
 * (Damerau–Levenshtein, each place touched once). More than `most` is answered as `most` + 1.
 */
export function slips(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + same)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, before[j - 2]! + 1)
      row.push(cost)
    }
    before = last
    last = row
  }
  return Math.min(last[b.length]!, most + 1)
}
