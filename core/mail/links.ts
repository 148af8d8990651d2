/**
 * Where a link really leads, when what it shows says something else, or when the name of the place is written
 * to be taken for another. Pure: the same for HTML on the server and for plain text in the browser.
 *
 * This decides nothing about safety; it tells the reader, who decides.
 */

export type LinkWarning = {
  /** `elsewhere`: the text names another place. `alike`: letters that look like others. */
  kind: 'elsewhere' | 'alike'
  /** Where it leads, as DNS writes it: a name in other letters shows itself as xn--… */
  host: string
}

/**
 * @param href as it stands in the message
 * @param shown the text of the link
 * @param toUnicode a host name as it is shown (RFC 3492 decoded); without it only the text is looked at
 * @returns null when there is nothing to say, or it leads to no host
 */
export function linkWarning(
  href: string,
  shown: string,
  toUnicode: (host: string) => string = host => host,
): LinkWarning | null {
  if (!/^https?:/i.test(href) || !URL.canParse(href)) return null
  const url = new URL(href)
  const host = url.hostname
  const text = shown.trim()
  const named = hostIn(text)
  if (isAlike(toUnicode(host)) || (named !== null && isAlike(named))) return { kind: 'alike', host }
  // https://bank.example@elsewhere.example leads elsewhere.
  if (url.username !== '') return { kind: 'elsewhere', host }
  if (named !== null && !sameSite(named, host) && !sameSite(named, toUnicode(host))) {
    return { kind: 'elsewhere', host }
  }
  return null
}

/** The host that a text names, when it is an address of the web and nothing else. */
function hostIn(text: string): string | null {
  const match =
    /^(?:https?:\/\/)?(?:[^\s/@]*@)?((?:[\p{L}\p{N}-]+\.)+[\p{L}]{2,}|xn--[\w-]+)(?::\d+)?(?:[/?#]\S*)?$/iu.exec(
      text,
    )
  return match?.[1]?.toLowerCase() ?? null
}

/** The same name, or one below the other: www.example.org and example.org. */
function sameSite(one: string, other: string): boolean {
  const [a, b] = [one.toLowerCase(), other.toLowerCase()].map(name => name.replace(/^www\./, ''))
  return a === b || a!.endsWith(`.${b}`) || b!.endsWith(`.${a}`)
}

/** Letters of other alphabets that are drawn like Latin ones (the common part of Unicode TR 39). */
const DRAWN_ALIKE = /^[авеикмнорстухѕіјһԁԛԝӏьɡαβεικνορτυχηʟɴ0-9-]+$/u

/** Whether a label mixes Latin letters with alike ones of other alphabets, or is made of those alone. */
export function isAlike(host: string): boolean {
  return host.split('.').some(label => {
    const other = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]/u.test(label)
    if (!other) return false
    return /\p{Script=Latin}/u.test(label) || (DRAWN_ALIKE.test(label) && /\.[a-z]{2,}$/.test(host))
  })
}
