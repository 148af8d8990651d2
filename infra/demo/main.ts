/**
 * `npm run demo`: a gateway with an example company, its people and a mail server of their own that can be
 * switched off, so that one person sees the whole story in two minutes. Everything stays on this machine.
 *
 * Its data folder is its own and kept; a killed run is picked up by the next. The company's mail server and
 * "the rest of the world" live in this process.
 */
import { join, resolve } from 'node:path'
import { loadSettings, SettingsError } from '@restante/core/config/settings.ts'
import { connect } from '@restante/core/db/connection.ts'
import { findServices } from '../services/attach.ts'
import { clara, domain, knownAddresses, organization } from './cast.ts'
import { serveControl } from './control.ts'
import { startGateway } from './gateway.ts'
import { firstLetters, nextLetter } from './letters.ts'
import { MailServer, type Received } from './mail-server.ts'
import { post } from './post.ts'
import { seed } from './seed.ts'
import { choosePorts, loadState, saveState } from './state.ts'
import { listenKeys, news, paint, say } from './terminal.ts'
import { watchHealth } from './watch.ts'

const root = join(import.meta.dirname, '../..')

async function demo(): Promise<void> {
  const data = resolve(process.env.RESTANTE_DATA || join(root, 'data/demo'))
  const state = loadState(data)
  const ports = await choosePorts(state.ports, process.env)
  Object.assign(state, { ports })
  saveState(data, state)

  const backend = new MailServer({
    name: `mail.${domain}`,
    port: ports.backend,
    folder: join(data, 'backend'),
    accepts: address => knownAddresses.has(address),
    onReceived: letter => news(paint('green', '✉'), `delivered to the mail server: ${describe(letter)}`),
  })
  const outside = new MailServer({
    name: 'outside.example',
    port: ports.outside,
    folder: join(data, 'outside'),
    accepts: () => true,
    onReceived: letter => news(paint('cyan', '→'), `went out to ${letter.to.join(', ')}: ${letter.subject}`),
  })
  await backend.start()
  await outside.start()
  const control = await serveControl(backend, running => tellSwitch(running))

  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    RESTANTE_DATA: data,
    RESTANTE_HOSTNAME: process.env.RESTANTE_HOSTNAME || `mx.${domain}`,
    RELAY_HOST: process.env.RELAY_HOST || '127.0.0.1',
    // A story on a full laptop is still a story.
    SPOOL_MINIMUM_FREE: process.env.SPOOL_MINIMUM_FREE || '0',
    WEBMAIL_HOST: process.env.WEBMAIL_HOST || '127.0.0.1',
    RELAY_PORT: String(ports.RELAY_PORT),
    SUBMISSION_PORT: String(ports.SUBMISSION_PORT),
    SUBMISSIONS_PORT: String(ports.SUBMISSIONS_PORT),
    WEBMAIL_PORT: String(ports.WEBMAIL_PORT),
    METRICS_PORT: String(ports.METRICS_PORT),
    RESTANTE_DEMO_CONTROL: control.url,
  }
  const settings = loadSettings(environment, data)
  const gateway = startGateway(data, environment, line => say(`  ${line}`))
  let ending = false
  const closers: (() => unknown)[] = []
  const end = async (code: number) => {
    if (ending) return
    ending = true
    say(`ending the demo; its data stays in ${data}`)
    for (const close of closers.reverse()) await close()
    await gateway.end()
    control.server.close()
    await Promise.all([backend.stop(), outside.stop()])
    process.exit(code)
  }
  process.on('SIGTERM', () => void end(0))
  process.on('SIGINT', () => void end(0))
  void gateway.ended.then(() => end(1))

  await gateway.ready
  const services = findServices(data)
  if (!services) throw new Error(`the gateway does not say where its database is (${data}/run/services.json)`)
  const db = connect(services.databaseUrl, { max: 2, name: 'restante-demo', onError: () => {} })
  closers.push(() => db.destroy())
  const made = await seed(db, settings, ports, { text: state.password, isNew: !state.seeded })
  state.seeded = true
  saveState(data, state)
  if (made) say(`  made ${organization} with its people`)
  if (!state.begun) {
    say('  sending the first letters over SMTP')
    await post(ports.RELAY_PORT, firstLetters(new Date()))
    state.begun = true
    saveState(data, state)
  }
  closers.push(watchHealth(db, services.databaseUrl, line => news(paint('yellow', '●'), line)))

  tellStory(settings.PUBLIC_URL, state.password, Boolean(process.stdin.isTTY))
  let busy = false
  closers.push(
    listenKeys(key => {
      if (key === 'q') return void end(0)
      if (busy) return
      busy = true
      press(key)
        .catch(error => news(paint('red', '!'), (error as Error).message))
        .finally(() => {
          busy = false
        })
    }),
  )

  // The world goes on writing while the server is off, also when nobody is at the keyboard.
  let ticksOff = 0
  const world = setInterval(() => {
    ticksOff = backend.running ? 0 : ticksOff + 1
    if (ticksOff > 0 && ticksOff <= 6 && !busy) writeLetter().catch(() => {})
  }, 10_000)
  closers.push(() => clearInterval(world))

  async function press(key: string): Promise<void> {
    if (key === 's') {
      await (backend.running ? backend.stop() : backend.start())
      tellSwitch(backend.running)
    } else if (key === 'm') await writeLetter()
  }

  async function writeLetter(): Promise<void> {
    const letter = nextLetter(state.letters, new Date())
    await post(ports.RELAY_PORT, [letter])
    state.letters++
    saveState(data, state)
    news(paint('magenta', '✉'), `sent to ${clara.address}: ${letter.subject}`)
  }
}

function tellSwitch(running: boolean): void {
  news(
    running ? paint('green', '▲') : paint('red', '■'),
    running ? 'the mail server is switched on' : 'the mail server is switched off',
  )
}

function describe(letter: Received): string {
  return `${letter.subject || '(no subject)'} ${paint('dim', `from ${letter.from || 'nobody'} to ${letter.to.join(', ')}`)}`
}

function tellStory(url: string, password: string, keys: boolean): void {
  const key = (name: string) => paint('bold', `[${name}]`)
  const lines = [
    '',
    `  ${paint('bold', 'Webmail')}    ${paint('underline', url)}`,
    `  ${paint('bold', 'Address')}    ${clara.address}`,
    `  ${paint('bold', 'Password')}   ${password}`,
    '',
    '  The story, in two minutes:',
    `   1. Sign in. ${clara.name}'s mail is there, and was delivered to her company's mail server too.`,
    `   2. Switch that server off${keys ? ` with ${key('s')}, or` : ''} on the admin page (${url}/admin).`,
    `   3. New mail${keys ? `, ${key('m')},` : ''} still arrives in the webmail. Within a minute a banner says why.`,
    '   4. Answer a letter: the answer goes out. Delete another.',
    '   5. Switch the server on again: what waited is delivered, oldest first; what you deleted is not.',
    '',
    keys
      ? `  ${key('s')} switch the mail server off and on   ${key('m')} new mail   ${key('q')} quit`
      : '  No keyboard here: use the admin page; SIGTERM ends the demo.',
    '',
  ]
  for (const line of lines) say(line)
}

try {
  await demo()
} catch (error) {
  process.stderr.write(`${(error as Error).message.split('\n')[0]}\n`)
  process.exit(error instanceof SettingsError ? 2 : 1)
}
