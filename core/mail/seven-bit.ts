/**
 * A message in seven bits: parts with bytes beyond ASCII are written as quoted-printable or base64, so that any server
 * can take it (RFC 6152 §3) and no server on the way has to change what was signed (RFC 6376 §5.3).
 *
 * Only bodies are encoded anew, and only where it is safe: a part inside of multipart/signed or multipart/encrypted, or
 * a message that somebody signed already, stays as it is, and so does what is built in a way that is not
 * understood: then the answer is null and it goes out as it came. Header fields stay as they are (RFC 6532 is
 * their own extension).
 */

/** Deeper than anybody nests. */
const DEEPEST = 20
/** Line length of encoded bodies (RFC 2045 §6.7, §6.8). */
const LINE = 76

/** @returns null: nothing has to be changed, or nothing may be */
export function sevenBit(message: Buffer): Buffer | null {
  const { header, body } = split(message)
  if (!hasHighBytes(body)) return null
  if (/^dkim-signature[ \t]*:/im.test(header)) return null
  return entity(message, 0)
}

/** @returns null: as it is */
function entity(bytes: Buffer, depth: number): Buffer | null {
  const { header, body, gap } = split(bytes)
  if (!hasHighBytes(body)) return null
  if (depth > DEEPEST) return null
  const type = (fieldOf(header, 'content-type') ?? 'text/plain').trim()
  const encoding = (fieldOf(header, 'content-transfer-encoding') ?? '7bit').trim().toLowerCase()
  if (/^multipart\/(signed|encrypted)\b/i.test(type)) return null
  if (/^multipart\//i.test(type)) {
    const inner = parts(body, type, depth)
    return inner && Buffer.concat([latin(withEncoding(header, '7bit')), gap, inner])
  }
  if (/^message\//i.test(type)) {
    const inner = entity(body, depth + 1)
    return inner && Buffer.concat([latin(withEncoding(header, '7bit')), gap, inner])
  }
  // An encoding that says it has no such bytes, and has.
  if (encoding !== '8bit' && encoding !== 'binary' && encoding !== '7bit') return null
  const text = /^text\//i.test(type)
  const encoded = text ? latin(quoted(body)) : latin(inLines(body.toString('base64')))
  return Buffer.concat([latin(withEncoding(header, text ? 'quoted-printable' : 'base64')), gap, encoded])
}

function parts(body: Buffer, type: string, depth: number): Buffer | null {
  const match = /boundary[ \t]*=[ \t]*(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(type)
  const boundary = match?.[1] ?? match?.[2]
  if (!boundary) return null
  const text = body.toString('latin1')
  const mark = new RegExp(
    `(?:^|\\r\\n)--${boundary.replace(/[^A-Za-z0-9]/g, '\\$&')}(?:--)?[ \\t]*(?=\\r\\n|$)`,
    'g',
  )
  const marks = [...text.matchAll(mark)]
  if (marks.length < 2) return null
  const out: Buffer[] = [body.subarray(0, marks[0]!.index)]
  for (const [index, found] of marks.entries()) {
    const from = found.index + found[0].length
    const to = marks[index + 1]?.index ?? text.length
    out.push(latin(found[0]))
    const closing = found[0].trimEnd().endsWith(`${boundary}--`)
    if (closing || index === marks.length - 1) {
      out.push(body.subarray(from, text.length))
      break
    }
    // A part begins behind the line end of its mark.
    const part = body.subarray(from + 2, to)
    const changed = entity(part, depth + 1)
    if (changed === null && hasHighBytes(part)) return null
    out.push(latin('\r\n'), changed ?? part)
  }
  const whole = Buffer.concat(out)
  return hasHighBytes(whole) ? null : whole
}

/** Line ends stay line ends (RFC 2045 §6.7). */
const quoted = (body: Buffer): string =>
  body
    .toString('latin1')
    .split('\r\n')
    .map(line => wrapped(line.replace(TO_ESCAPE, escaped)))
    .join('\r\n')

/** All but printable ASCII, tab and space; the equals sign; what is white at the end of a line. */
const TO_ESCAPE = /[^\t\x20-\x3c\x3e-\x7e]|[\t ]$/g
const escaped = (character: string) =>
  `=${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`

/** Soft line breaks, never inside of an escape. */
function wrapped(line: string): string {
  const out: string[] = []
  let rest = line
  while (rest.length > LINE) {
    let cut = LINE - 1
    if (rest[cut - 1] === '=') cut -= 1
    else if (rest[cut - 2] === '=') cut -= 2
    out.push(`${rest.slice(0, cut)}=`)
    rest = rest.slice(cut)
  }
  return [...out, rest].join('\r\n')
}

const inLines = (text: string): string => text.replace(new RegExp(`.{${LINE}}(?=.)`, 'g'), '$&\r\n')

function split(bytes: Buffer): { header: string; gap: Buffer; body: Buffer } {
  // A part may begin with the empty line: it has no header.
  if (bytes.subarray(0, 2).toString('latin1') === '\r\n') {
    return { header: '', gap: bytes.subarray(0, 2), body: bytes.subarray(2) }
  }
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return { header: bytes.toString('latin1'), gap: Buffer.alloc(0), body: Buffer.alloc(0) }
  return {
    header: bytes.toString('latin1', 0, end + 2),
    gap: bytes.subarray(end + 2, end + 4),
    body: bytes.subarray(end + 4),
  }
}

function fieldOf(header: string, name: string): string | null {
  const unfolded = header.replace(/\r\n[ \t]+/g, ' ')
  const found = new RegExp(`^${name}[ \\t]*:(.*)$`, 'im').exec(unfolded)
  return found?.[1] ?? null
}

/** The header with this encoding in the place of its own, or at its end. */
function withEncoding(header: string, encoding: string): string {
  const field = `Content-Transfer-Encoding: ${encoding}\r\n`
  const own = /^content-transfer-encoding[ \t]*:.*\r\n(?:[ \t].*\r\n)*/im
  return own.test(header) ? header.replace(own, field) : header + field
}

const latin = (text: string): Buffer => Buffer.from(text, 'latin1')

function hasHighBytes(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte > 127) return true
  return false
}
