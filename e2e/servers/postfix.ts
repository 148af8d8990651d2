/**
 * A real Postfix on loopback as a backend, with its own configuration, queue and maildirs. Needs root, as
 * Postfix does.
 *
 * It knows the users it is given and refuses others with 550 5.1.1 at RCPT. With `lmtpPort` it hands mail on
 * to a Dovecot, as many companies run it; otherwise it delivers into maildirs that `read` looks into.
 */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answers, freePort } from '../ports.ts'
import { type Daemon, startDaemon } from './daemon.ts'

export type Postfix = {
  port: number
  folder: string
  start(): Promise<void>
  stop(): Promise<void>
  kill(): Promise<void>
  running(): boolean
  /** The messages in this user's maildir, in the order in which they came. */
  read(user: string): Buffer[]
  /** From the next start on only these exist. */
  setUsers(users: string[]): void
  remove(): Promise<void>
}

/** True where a Postfix of our own can run: as root, with the package there. */
export const canRunPostfix = process.getuid?.() === 0

const NOBODY = 65534

export async function startPostfix(options: {
  domain: string
  users: string[]
  lmtpPort?: number
  /** More lines of main.cf. */
  settings?: string
  /** Where it listens; else on a free port of 127.0.0.1. */
  listen?: { host: string; port: number }
}): Promise<Postfix> {
  const folder = mkdtempSync(join(tmpdir(), 'postfix-'))
  const { host, port } = options.listen ?? { host: '127.0.0.1', port: await freePort() }
  let users = options.users
  let daemon: Daemon | undefined
  chmodSync(folder, 0o755)
  const uid = (name: string) => Number(execFileSync('id', ['-u', name], { encoding: 'utf8' }))
  for (const name of ['etc', 'spool', 'lib', 'mail']) mkdirSync(join(folder, name))
  chownSync(join(folder, 'lib'), uid('postfix'), 0)
  chownSync(join(folder, 'mail'), NOBODY, NOBODY)
  writeFileSync(join(folder, 'etc/main.cf'), mainConfiguration(folder, options))
  writeFileSync(join(folder, 'etc/master.cf'), masterConfiguration(`${host}:${port}`))
  // Makes the queue's folders with their owners. After that we start the master itself: under `postfix
  // start-fg` it would lead a process group of its own and outlive what we can end by id.
  execFileSync('/usr/sbin/postfix', ['-c', join(folder, 'etc'), 'check'], { stdio: 'ignore' })

  const postfix: Postfix = {
    port,
    folder,
    running: () => daemon?.running() ?? false,
    setUsers(next) {
      users = next
    },
    async start() {
      if (daemon?.running()) return
      writeFileSync(join(folder, 'etc/users'), users.map(user => `${user} ${maildirOf(user)}\n`).join(''))
      daemon = await startDaemon('/usr/lib/postfix/sbin/master', ['-d', '-c', join(folder, 'etc')], {
        log: join(folder, 'out'),
        ready: () => answers(port, host),
      })
    },
    async stop() {
      await daemon?.stop()
    },
    async kill() {
      await daemon?.kill()
    },
    read(user) {
      const box = join(folder, 'mail', maildirOf(user))
      return ['new', 'cur']
        .flatMap(name => listed(join(box, name)).map(file => join(box, name, file)))
        .sort((a, b) => arrival(a) - arrival(b))
        .map(file => readFileSync(file))
    },
    async remove() {
      await daemon?.stop()
      await daemon?.kill()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    },
  }
  try {
    await postfix.start()
  } catch (error) {
    await postfix.remove()
    throw error
  }
  return postfix
}

const maildirOf = (user: string) => `${user.replace('@', '_')}/`

function listed(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** Postfix names a file `<seconds>.V<device>I<inode>M<microseconds>.<host>`: when it was written, in µs. */
function arrival(file: string): number {
  const match = /(\d+)\.V[0-9a-f]+I[0-9a-f]+M(\d+)\.[^/]*$/.exec(file)
  return match ? Number(match[1]) * 1e6 + Number(match[2]) : 0
}

function mainConfiguration(
  folder: string,
  { domain, lmtpPort, settings }: { domain: string; lmtpPort?: number; settings?: string },
) {
  return `compatibility_level = 3.6
queue_directory = ${folder}/spool
data_directory = ${folder}/lib
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = backend.${domain}
mydestination =
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = ${domain}
virtual_mailbox_base = ${folder}/mail
virtual_mailbox_maps = texthash:${folder}/etc/users
virtual_uid_maps = static:${NOBODY}
virtual_gid_maps = static:${NOBODY}
virtual_mailbox_limit = 0
${lmtpPort ? `virtual_transport = lmtp:inet:127.0.0.1:${lmtpPort}\n` : ''}maillog_file = ${folder}/maillog
maillog_file_prefixes = ${folder}
recipient_delimiter = +
smtpd_recipient_restrictions = reject_unauth_destination
smtpd_peername_lookup = no
${settings ?? ''}
`
}

/** Debian's own table of services, with our port and without the chroot that needs a copied /etc. */
function masterConfiguration(listen: string): string {
  return readFileSync('/usr/share/postfix/master.cf.dist', 'utf8')
    .split('\n')
    .map(line => {
      if (/^smtp +inet/.test(line)) return `${listen} inet n - n - - smtpd`
      const fields = /^(\w\S*\s+(?:unix|fifo|unix-dgram)\s+\S+\s+\S+\s+)y(\s.*)$/.exec(line)
      return fields ? `${fields[1]}n${fields[2]}` : line
    })
    .join('\n')
}
