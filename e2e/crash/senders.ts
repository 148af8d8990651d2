/**
 * Somebody else's mail servers: they send, and what was not answered they send again, the same message, until
 * it is (RFC 5321 §4.5.4.1). They keep the count that everything is held against: what got 250, and how often
 * a connection broke when the answer was due, for then nobody knows.
 */
import { SmtpClient, stuff } from '../smtp.ts'
import { checksum } from './backend.ts'

export type Message = {
  id: string
  recipients: string[]
  /** When its 250 came; ms since the epoch. */
  acceptedAt?: number
  /** How often the end of data went out and no answer came. */
  unanswered: number
}

export type Senders = {
  messages: Map<string, Message>
  /** Replies 5xx, which nothing here deserves. */
  refused: string[]
  accepted(): number
  pause(): void
  resume(): void
  /** Ends after the message at hand; one that gets no answer within a second stays unanswered. */
  stop(): Promise<void>
}

export function startSenders(options: {
  port: number
  addresses: readonly string[]
  random: () => number
  /** Senders at the same time, and the pause of each between two messages in ms. */
  connections: number
  pause: number
  /** Begins every id. */
  name: string
}): Senders {
  const { addresses, random } = options
  const messages = new Map<string, Message>()
  const refused: string[] = []
  let accepted = 0
  let running = true
  let paused = false
  let number = 0
  const breath = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

  function compose(): { message: Message; content: Buffer } {
    number += 1
    const recipients = [...addresses].sort(() => random() - 0.5).slice(0, random() < 0.2 ? 2 : 1)
    const message: Message = { id: `${options.name}-${number}@load.example`, recipients, unanswered: 0 }
    // One in thirty goes the way of large contents.
    const length =
      random() < 0.03 ? 1_100_000 + Math.floor(random() * 500_000) : Math.floor(random() * 12_000)
    const line = `${message.id} ${'x'.repeat(60)}\r\n`
    const body = line.repeat(1 + Math.floor(length / line.length))
    const head = [
      'From: load@outside.example',
      `To: ${recipients.join(', ')}`,
      `Subject: load ${number}`,
      `Message-ID: <${message.id}>`,
      `X-Sum: ${checksum(body)}`,
    ]
    return { message, content: Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`, 'latin1') }
  }

  /** @returns whether it needs no further try */
  async function send(client: SmtpClient, message: Message, content: Buffer): Promise<boolean> {
    const steps = [
      'MAIL FROM:<load@outside.example>',
      ...message.recipients.map(to => `RCPT TO:<${to}>`),
      'DATA',
    ]
    for (const step of steps) {
      const reply = await client.command(step)
      if (reply.code >= 200 && reply.code < 400) continue
      if (reply.code >= 500) refused.push(`${step}: ${reply.code} ${reply.text}`)
      await client.command('RSET')
      return reply.code >= 500
    }
    message.unanswered += 1
    const answer = client.reply()
    client.socket.write(stuff(content))
    const reply = await answer
    message.unanswered -= 1
    if (reply.code === 250) {
      message.acceptedAt = Date.now()
      accepted += 1
      return true
    }
    if (reply.code >= 500) refused.push(`end of data: ${reply.code} ${reply.text}`)
    return reply.code >= 500
  }

  const senders = Array.from({ length: options.connections }, async () => {
    let client: SmtpClient | undefined
    while (running) {
      if (paused) {
        await breath(20)
        continue
      }
      const { message, content } = compose()
      messages.set(message.id, message)
      for (let tries = 0; running || tries < 10; tries++) {
        try {
          client ??= await SmtpClient.open(options.port)
          if (await send(client, message, content)) break
        } catch {
          client?.socket.destroy()
          client = undefined
        }
        await breath(100)
      }
      // Some hang up after each message, as many servers do.
      if (random() < 0.2) {
        client?.quit()
        client = undefined
      }
      await breath(options.pause * 2 * random())
    }
    client?.quit()
  })

  return {
    messages,
    refused,
    accepted: () => accepted,
    pause() {
      paused = true
    },
    resume() {
      paused = false
    },
    async stop() {
      running = false
      await Promise.all(senders)
    },
  }
}
