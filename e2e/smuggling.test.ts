/**
 * A stranger writes to the company, and puts after a false end of data the commands of a second message, from
 * its own director. The company's old mail server would take LF.LF, CR.CR and their like for an end, and
 * deliver the forgery; behind Restante it gets one message, with all of it as text.
 */
import { createServer, type Server } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Gateway, startGateway } from './gateway.ts'
import { addOrganization } from './organization.ts'
import { SmtpClient } from './smtp.ts'
import { until } from './until.ts'
import { untilKnown } from './watch.ts'

const domain = 'company.example'
const ann = `ann@${domain}`

type Taken = { sender: string; recipients: string[]; content: string }

/** A server that ends a message at any kind of line end around a dot, and takes what follows for commands. */
function startNaiveServer(): Promise<{ server: Server; port: number; taken: Taken[] }> {
  const taken: Taken[] = []
  const server = createServer(socket => {
    let [text, sender, content]: [string, string, string | null] = ['', '', null]
    let recipients: string[] = []
    const say = (line: string) => socket.write(`${line}\r\n`)
    socket.on('error', () => {})
    say('220 old.company.example ESMTP')
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
      for (;;) {
        if (content !== null) {
          const end = /(?:^|\r\n|\n|\r)\.(?:\r\n|\n|\r(?!\n))/.exec(text)
          if (!end) return
          taken.push({ sender, recipients, content: text.slice(0, end.index) })
          text = text.slice(end.index + end[0].length)
          content = null
          recipients = []
          say('250 taken')
          continue
        }
        const line = /^(.*?)(?:\r\n|\n|\r(?!\n))/s.exec(text)
        if (!line) return
        text = text.slice(line[0].length)
        const command = line[1] ?? ''
        if (/^MAIL FROM:/i.test(command)) sender = command.slice(10)
        if (/^RCPT TO:/i.test(command)) recipients.push(command.slice(8))
        if (/^DATA/i.test(command)) {
          content = ''
          say('354 go on')
        } else if (/^QUIT/i.test(command)) {
          socket.end('221 bye\r\n')
          return
        } else say('250 ok')
      }
    })
  })
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () =>
      resolve({ server, port: (server.address() as { port: number }).port, taken }),
    )
  })
}

let naive: Awaited<ReturnType<typeof startNaiveServer>>
let gateway: Gateway

beforeAll(async () => {
  naive = await startNaiveServer()
  gateway = await startGateway()
  await addOrganization(gateway, {
    name: 'Company',
    domain,
    backends: [`smtp://127.0.0.1:${naive.port}?tls=none`],
    people: [{ name: 'ann' }],
  })
  await untilKnown(gateway, ann)
})
afterAll(async () => {
  await gateway?.remove()
  naive?.server.close()
})

test('no pattern smuggles a second message into a server that would be fooled', async () => {
  const patterns = [
    '\n.\n',
    '\n.\r\n',
    '\r\n.\n',
    '\r.\r',
    '\r.\r\n',
    '\r\n.\r',
    '\n.\r',
    '\r.\n',
    '\r\n.\r\r\n',
    '\r\r\n.\r\r\n',
  ]
  let sent = 0
  for (const size of [1, 3, 17]) {
    for (const pattern of patterns) {
      const client = await SmtpClient.open(gateway.ports.relay)
      client.socket.setNoDelay(true)
      for (const command of ['MAIL FROM:<x@outside.example>', `RCPT TO:<${ann}>`, 'DATA']) {
        await client.command(command)
      }
      const forged = `MAIL FROM:<director@${domain}>${'\r\n'}RCPT TO:<${ann}>\r\nDATA\r\nSubject: forged ${sent}\r\n\r\npay`
      const bytes = Buffer.from(`Subject: honest ${sent}\r\n\r\nhello${pattern}${forged}\r\n.\r\n`, 'latin1')
      const reply = client.reply()
      for (let at = 0; at < bytes.length; at += size) client.socket.write(bytes.subarray(at, at + size))
      expect((await reply).code).toBe(250)
      client.quit()
      sent++
    }
  }
  const honest = () => naive.taken.filter(({ content }) => content.includes('Subject: honest'))
  await until('the backend has them all', () => honest().length >= sent, { seconds: 60 })
  expect(naive.taken).toHaveLength(sent)
  for (const { sender, recipients, content } of naive.taken) {
    expect(sender).toContain('x@outside.example')
    expect(recipients).toHaveLength(1)
    expect(content).toContain('Subject: forged')
    expect(content.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
  }
})
