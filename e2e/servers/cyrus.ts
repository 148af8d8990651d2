/**
 * A real Cyrus on loopback as a backend, as it comes: folders below INBOX, separated by dots, a Spam folder that
 * only its special use tells to be for junk. Mail comes in by LMTP; mailboxes are made with their first message.
 *
 * Debian's package can't stand beside Dovecot's, so it is unpacked and not installed (infra/services/debian.ts). It
 * runs in a folder and on ports of its own, as root (then it becomes nobody) or as an ordinary user. The only
 * password is that of its administrator, who may be anybody (RFC 4616, authorization identity).
 */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { cacheFolder } from '@restante/infra/services/cache.ts'
import { hasApt, unpackDebian } from '@restante/infra/services/debian.ts'
import { answers, freePorts } from '../ports.ts'
import { type Daemon, startDaemon } from './daemon.ts'

export const CYRUS_ADMIN = { user: 'master', password: 'over-all' }

export type Cyrus = {
  lmtpPort: number
  imapPort: number
  start(): Promise<void>
  stop(): Promise<void>
  /** Stops it and removes its folder. */
  remove(): Promise<void>
}

export const canRunCyrus = hasApt()

export async function startCyrus(): Promise<Cyrus> {
  const unpacked = await unpackDebian(
    ['cyrus-imapd', 'cyrus-common', 'sasl2-bin'],
    [],
    join(cacheFolder(), 'cyrus'),
    () => {},
  )
  const folder = mkdtempSync(join(tmpdir(), 'cyrus-'))
  chmodSync(folder, 0o755)
  // The cache may be where nobody else may look.
  const programs = join(folder, 'programs')
  for (const name of ['lib', 'sbin']) {
    cpSync(join(unpacked, 'usr', name), join(programs, name), { recursive: true, verbatimSymlinks: true })
  }
  const libraries = join(
    programs,
    'lib',
    readdirSync(join(programs, 'lib')).find(n => n.endsWith('-linux-gnu'))!,
  )
  const env = { ...process.env, LD_LIBRARY_PATH: libraries }
  const [imapPort, lmtpPort] = (await freePorts(2)) as [number, number]
  writeConfiguration(folder, join(programs, 'lib/cyrus/bin'), { imapPort, lmtpPort })
  execFileSync(
    join(programs, 'sbin/saslpasswd2'),
    ['-p', '-c', '-f', join(folder, 'state/sasldb2'), '-u', 'cyrus.example', CYRUS_ADMIN.user],
    { env, input: CYRUS_ADMIN.password },
  )
  const me = userInfo()
  if (me.uid === 0) execFileSync('chown', ['-R', 'nobody:nogroup', join(folder, 'state')])
  else chownSync(join(folder, 'state'), me.uid, me.gid)
  let daemon: Daemon | undefined
  const cyrus: Cyrus = {
    lmtpPort,
    imapPort,
    async start() {
      if (daemon?.running()) return
      const files = ['-C', join(folder, 'imapd.conf'), '-M', join(folder, 'cyrus.conf')]
      daemon = await startDaemon(
        join(programs, 'lib/cyrus/bin/master'),
        [...files, '-p', join(folder, 'state/pid'), '-D'],
        {
          log: join(folder, 'log'),
          env,
          ready: async () => (await answers(lmtpPort)) && (await answers(imapPort)),
        },
      )
    },
    async stop() {
      await daemon?.stop()
      // What it has begun with a client goes on without it.
      await daemon?.kill()
    },
    async remove() {
      await daemon?.kill()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    },
  }
  try {
    await cyrus.start()
  } catch (error) {
    await cyrus.remove()
    throw error
  }
  return cyrus
}

function writeConfiguration(
  folder: string,
  programs: string,
  { imapPort, lmtpPort }: { imapPort: number; lmtpPort: number },
): void {
  const state = join(folder, 'state')
  for (const name of ['conf', 'mail', 'socket']) mkdirSync(join(state, name), { recursive: true })
  const root = userInfo().uid === 0
  const settings = join(folder, 'imapd.conf')
  writeFileSync(
    settings,
    `configdirectory: ${state}/conf
defaultpartition: default
partition-default: ${state}/mail
proc_path: ${state}/proc
mboxname_lockpath: ${state}/lock
lmtpsocket: ${state}/socket/lmtp
idlesocket: ${state}/socket/idle
notifysocket: ${state}/socket/notify
sievedir: ${state}/sieve
cyrus_user: ${root ? 'nobody' : userInfo().username}
${root ? 'cyrus_group: nogroup\n' : ''}servername: cyrus.example
admins: ${CYRUS_ADMIN.user}
altnamespace: no
unixhierarchysep: no
allowplaintext: yes
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: ${state}/sasldb2
sasl_mech_list: PLAIN
autocreate_quota: 0
autocreate_post: yes
autocreate_inbox_folders: Sent|Drafts|Trash|Spam
xlist-sent: Sent
xlist-drafts: Drafts
xlist-trash: Trash
xlist-junk: Spam
duplicatesuppression: no
`,
    { mode: 0o644 },
  )
  const service = (name: string, flags: string, port: number) =>
    `cmd="${programs}/${name} -C ${settings}${flags}" listen="127.0.0.1:${port}" prefork=0 maxchild=100`
  writeFileSync(
    join(folder, 'cyrus.conf'),
    `START {
  recover cmd="${programs}/ctl_cyrusdb -C ${settings} -r"
}
SERVICES {
  imap ${service('imapd', '', imapPort)}
  lmtp ${service('lmtpd', ' -a', lmtpPort)}
}
EVENTS {
  checkpoint cmd="${programs}/ctl_cyrusdb -C ${settings} -c" period=30
}
`,
    { mode: 0o644 },
  )
}
