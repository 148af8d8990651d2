/**
 * Bytes of any charset to text. Mail lies about its charset and names ones that don't exist, so nothing here
 * throws: what can't be known is read as UTF-8 when it is valid UTF-8, as windows-1252 otherwise.
 *
 * NUL and lone surrogates are taken out, because PostgreSQL refuses the first and JSON readers the second.
 */

/** Names that mail uses and the WHATWG registry does not know. */
const aliases: Readonly<Record<string, string>> = {
  ansi: 'windows-1252',
  'ansi_x3.110-1983': 'windows-1252',
  cp850: 'windows-1252',
  default: 'utf-8',
  'iso-8859-8-i': 'iso-8859-8',
  'ks_c_5601-1987': 'euc-kr',
  'unicode-1-1-utf-7': 'utf-7',
  'unknown-8bit': 'utf-8',
  utf8mb4: 'utf-8',
  'x-unknown': 'utf-8',
}

export type DecodedText = { value: string /** The charset was unknown, or wrong. */; problem: boolean }

/** @param charset as the message names it; null or '' when it names none (RFC 2046 §4.1.2: us-ascii) */
export function decodeText(bytes: Buffer, charset: string | null): DecodedText {
  const named = (charset ?? '')
    .trim()
    .replace(/^["']|["']$/g, '')
    .toLowerCase()
  const name = aliases[named] ?? named
  if (name === 'utf-7') return { value: clean(decodeUtf7(bytes)), problem: false }
  if (name && name !== 'us-ascii' && name !== 'ascii') {
    const decoder = decoderFor(name)
    if (decoder) {
      const value = decoder.decode(bytes)
      return { value: clean(value), problem: value.includes('\ufffd') }
    }
  }
  try {
    const value = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return { value: clean(value), problem: name !== '' && !/^(us-)?ascii$/.test(name) }
  } catch {
    return { value: clean(new TextDecoder('windows-1252').decode(bytes)), problem: true }
  }
}

function decoderFor(name: string): TextDecoder | undefined {
  try {
    return new TextDecoder(name)
  } catch {
    return undefined
  }
}

/** RFC 2152: base64 of UTF-16 between + and -. */
function decodeUtf7(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/\+([A-Za-z0-9+/]*)-?/g, (_, shifted: string) => {
    if (shifted === '') return '+'
    const units = Buffer.from(shifted, 'base64')
    return units
      .subarray(0, units.length & ~1)
      .swap16()
      .toString('utf16le')
  })
}

/** Text that a database and JSON take: without NUL, without lone surrogates. */
export function clean(text: string): string {
  return text.replaceAll('\u0000', '').toWellFormed()
}
