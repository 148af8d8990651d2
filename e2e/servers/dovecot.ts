/**
 * A real Dovecot on loopback as a backend: mail comes in by LMTP and is looked at by IMAP.
 *
 * It has its own folder and ports and runs as root or as an ordinary user. Every address is a mailbox with
 * the password `secret`, unless `users` names those that exist: then others are refused with 550 5.1.1, as
 * by a server that was rebuilt without its users.
 */
import { execFileSync } from 'node:child_process'
import { appendFileSync, chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { answers, freePorts } from '../ports.ts'
import { type Daemon, startDaemon } from './daemon.ts'

export const DOVECOT_PASSWORD = 'secret'

export type Dovecot = {
  lmtpPort: number
  imapPort: number
  folder: string
  start(): Promise<void>
  stop(): Promise<void>
  /** Ends it with SIGKILL, as a power cut would. */
  kill(): Promise<void>
  running(): boolean
  /** From the next start on only these exist; null: everybody. */
  setUsers(users: string[] | null): void
  /** Stops it and removes its folder. */
  remove(): Promise<void>
}

/** Makes the folder and starts the server. */
export async function startDovecot(
  options: { users?: string[] /** More lines of its configuration. */; settings?: string } = {},
): Promise<Dovecot> {
  const folder = mkdtempSync(join(tmpdir(), 'dovecot-'))
  chmodSync(folder, 0o755)
  const [imapPort, lmtpPort] = (await freePorts(2)) as [number, number]
  let users = options.users ?? null
  let daemon: Daemon | undefined

  const dovecot: Dovecot = {
    lmtpPort,
    imapPort,
    folder,
    running: () => daemon?.running() ?? false,
    setUsers(next) {
      users = next
    },
    async start() {
      if (daemon?.running()) return
      writeConfiguration(folder, { imapPort, lmtpPort, users })
      appendFileSync(join(folder, 'dovecot.conf'), options.settings ?? '')
      daemon = await startDaemon('/usr/sbin/dovecot', ['-F', '-c', join(folder, 'dovecot.conf')], {
        log: join(folder, 'log'),
        ready: async () => (await answers(lmtpPort)) && (await answers(imapPort)),
      })
    },
    async stop() {
      await daemon?.stop()
    },
    async kill() {
      await daemon?.kill()
    },
    async remove() {
      await daemon?.kill()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    },
  }
  try {
    await dovecot.start()
  } catch (error) {
    await dovecot.remove()
    throw error
  }
  return dovecot
}

function writeConfiguration(
  folder: string,
  { imapPort, lmtpPort, users }: { imapPort: number; lmtpPort: number; users: string[] | null },
): void {
  const me = userInfo()
  const root = me.uid === 0
  // Dovecot refuses to deliver as root: Debian's nobody owns the mail there.
  const owner = root ? { uid: 65534, gid: 65534 } : { uid: me.uid, gid: me.gid }
  for (const name of ['run', 'state', 'mail']) mkdirSync(join(folder, name), { recursive: true })
  if (root) chownSync(join(folder, 'mail'), owner.uid, owner.gid)
  const passwords = join(folder, 'users')
  if (users) {
    writeFileSync(passwords, users.map(user => `${user}:{PLAIN}${DOVECOT_PASSWORD}\n`).join(''), {
      mode: 0o644,
    })
  }
  const home = `uid=${owner.uid} gid=${owner.gid} home=${folder}/mail/%u`
  const own = root ? '' : `default_internal_user = ${me.username}\ndefault_login_user = ${me.username}\n`
  writeFileSync(
    join(folder, 'dovecot.conf'),
    `base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/log
${own}${root ? '' : `default_internal_group = ${group()}\n`}protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:${folder}/mail/%u
first_valid_uid = 1
mail_uid = ${owner.uid}
mail_gid = ${owner.gid}
mail_max_userip_connections = 50
passdb {
${
  users
    ? `  driver = passwd-file
  args = username_format=%u ${passwords}`
    : `  driver = static
  args = password=${DOVECOT_PASSWORD}`
}
}
userdb {
  driver = static
  args = ${home}
}
service imap-login {
  chroot =
  inet_listener imap {
    port = ${imapPort}
  }
  inet_listener imaps {
    port = 0
  }
}
service lmtp {
  inet_listener lmtp {
    port = ${lmtpPort}
  }
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
namespace inbox {
  inbox = yes
  mailbox Junk {
    auto = subscribe
    special_use = \\Junk
  }
  mailbox Sent {
    auto = subscribe
    special_use = \\Sent
  }
}
`,
  )
}

/** The name of this user's group: Dovecot takes no number there. */
function group(): string {
  return execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim()
}
