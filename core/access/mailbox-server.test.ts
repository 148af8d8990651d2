/** What counts as a server's no, and what as silence: answers as real servers give them, and some that break off. */
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type Answer, createAskServer, type PasswordServer, parsePasswordServer } from './mailbox-server.ts'

let open: { server: Server; sockets: Set<Socket> }[] = []
afterEach(async () => {
  for (const { server, sockets } of open) {
    for (const socket of sockets) socket.destroy()
    await new Promise(resolve => server.close(resolve))
  }
  open = []
})

/** A server that greets and answers line by line. */
async function scripted(greeting: string, answer: (line: string, socket: Socket) => string): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.write(greeting)
    let rest = ''
    socket.on('data', chunk => {
      const lines = (rest + chunk.toString()).split('\r\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const reply = answer(line, socket)
        if (!socket.destroyed && reply) socket.write(reply)
      }
    })
  })
  open.push({ server, sockets })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as { port: number }).port
}

const at = (url: string, away = false): PasswordServer => ({ id: url, away, ...parsePasswordServer(url) })
const imap = (login: string) => (line: string, socket: Socket) => {
  const [tag, command = ''] = line.split(' ')
  switch (command.toUpperCase()) {
    case 'CAPABILITY':
      return `* CAPABILITY IMAP4rev1\r\n${tag} OK done\r\n`
    case 'LOGIN':
      if (login === '') socket.destroy()
      return login && `${tag} ${login}\r\n`
    case 'LOGOUT':
      socket.end(`* BYE\r\n${tag} OK done\r\n`)
      return ''
    default:
      return `${tag} OK done\r\n`
  }
}

test.each<[string, Answer]>([
  ['OK [CAPABILITY IMAP4rev1] Logged in', 'accepted'],
  ['NO [AUTHENTICATIONFAILED] Authentication failed.', 'refused'],
  ['NO Login failed', 'refused'],
  ['NO [UNAVAILABLE] Temporary authentication failure.', 'silent'],
  ['NO [LIMIT] Too many connections', 'silent'],
  ['BAD what', 'silent'],
  ['', 'silent'],
])('IMAP: %j is %s', async (login, expected) => {
  const port = await scripted('* OK IMAP4rev1 ready\r\n', imap(login))
  expect(await createAskServer()(at(`imap://127.0.0.1:${port}?tls=none`), 'bea@acme.example', 'box')).toBe(
    expected,
  )
})

const smtp =
  (auth: string, offers = true) =>
  (line: string) => {
    const command = line.split(' ')[0]!.toUpperCase()
    if (command === 'EHLO') return offers ? '250-mail\r\n250 AUTH PLAIN LOGIN\r\n' : '250 mail\r\n'
    if (command === 'AUTH') return `${auth}\r\n`
    return '250 ok\r\n'
  }

test.each<[string, boolean, Answer]>([
  ['235 2.7.0 welcome', true, 'accepted'],
  ['535 5.7.8 no', true, 'refused'],
  ['454 4.7.0 Temporary authentication failure', true, 'silent'],
  ['503 5.5.1 no AUTH here', false, 'silent'],
])('SMTP: %j (offered: %j) is %s', async (auth, offers, expected) => {
  const port = await scripted('220 mail\r\n', smtp(auth, offers))
  expect(await createAskServer()(at(`smtp://127.0.0.1:${port}?tls=none`), 'bea@acme.example', 'box')).toBe(
    expected,
  )
})

test('a password is not sent without TLS, unless the address says that the way is safe', async () => {
  const said: string[] = []
  const port = await scripted('220 mail\r\n', line => {
    said.push(line)
    return smtp('235 2.7.0 welcome')(line)
  })
  expect(await createAskServer()(at(`smtp://127.0.0.1:${port}`), 'bea@acme.example', 'box')).toBe('silent')
  const imapPort = await scripted('* OK ready\r\n', (line, socket) => {
    said.push(line)
    return imap('OK in')(line, socket)
  })
  expect(await createAskServer()(at(`imap://127.0.0.1:${imapPort}`), 'bea@acme.example', 'box')).toBe(
    'silent',
  )
  expect(said.filter(line => /AUTH|LOGIN/i.test(line.split(' ').slice(0, 2).join(' ')))).toEqual([])
})

test('one that says nothing is silent in bounded time, and then is left alone for a while', async () => {
  let connections = 0
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    connections++
    sockets.add(socket.on('error', () => {}))
  })
  open.push({ server, sockets })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const clock = { now: 1_000 }
  const ask = createAskServer(() => clock.now)
  const it = at(`imap://127.0.0.1:${port}?tls=none`, true)
  expect(await ask(it, 'bea@acme.example', 'box')).toBe('silent')
  expect(connections).toBe(1)
  expect(await ask(it, 'bea@acme.example', 'box')).toBe('silent')
  expect(connections).toBe(1)
  clock.now += 11_000
  expect(await ask(it, 'bea@acme.example', 'box')).toBe('silent')
  expect(connections).toBe(2)
})

test('where nobody listens is silence; a password with a line end in it is asked of nobody', async () => {
  const ask = createAskServer()
  expect(await ask(at('imap://127.0.0.1:1?tls=none'), 'bea@acme.example', 'box')).toBe('silent')
  expect(await createAskServer()(at('imap://127.0.0.1:1?tls=none'), 'bea@acme.example', 'a\r\nb')).toBe(
    'refused',
  )
})

test.each(['http://mail', 'smtp://user:x@mail', 'lmtp://mail', 'nonsense'])('%s is no such server', url => {
  expect(() => parsePasswordServer(url)).toThrow(expect.objectContaining({ code: 'bad-backend' }))
})
