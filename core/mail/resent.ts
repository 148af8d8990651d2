/** A message that is sent once more, to somebody else: the fields that say so, before its own (RFC 5322 §3.6.6). */

export type ResentFields = {
  from: string
  to: string
  date: Date
  /** Without angle brackets. */
  id: string
}

/** @param of addresses are single lines, as `parseAddress` leaves them */
export async function* resent(content: AsyncIterable<Buffer>, of: ResentFields): AsyncGenerator<Buffer> {
  const date = of.date.toUTCString().replace('GMT', '+0000')
  yield Buffer.from(
    [
      `Resent-Date: ${date}`,
      `Resent-From: ${of.from}`,
      `Resent-To: ${of.to}`,
      `Resent-Message-ID: <${of.id}>`,
      '',
    ].join('\r\n'),
  )
  yield* content
}
