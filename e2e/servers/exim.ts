/**
 * A real Exim on loopback as somebody else's mail server, with its own configuration, spool and maildirs.
 *
 * Debian lets no Exim be installed beside Postfix, so its package is unpacked into a folder and run from there, as an
 * ordinary user. The user whose name is compiled in is looked up in a file of ours (nss_wrapper).
 */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cacheFolder } from '@restante/infra/services/cache.ts'
import { hasApt, unpackDebian } from '@restante/infra/services/debian.ts'
import { answers } from '../ports.ts'
import { startDaemon } from './daemon.ts'

export type Exim = {
  /** The messages that this user has. */
  read(user: string): Buffer[]
  remove(): Promise<void>
}

const PACKAGE = 'exim4-daemon-light'
export const canRunExim = hasApt() && !(process.env.TEST_MISSING ?? '').split(' ').includes('libnss-wrapper')

const NOBODY = 65534
const root = process.getuid?.() === 0
const owner = root ? NOBODY : (process.getuid?.() ?? NOBODY)

/** @param options.users local parts; `full` has no room left. @throws when the package can't be had */
export async function startExim(options: {
  domain: string
  users: string[]
  listen: { host: string; port: number }
}): Promise<Exim> {
  const folder = mkdtempSync(join(tmpdir(), 'exim-'))
  chmodSync(folder, 0o755)
  const program = await unpacked(folder)
  for (const name of ['spool', 'mail']) {
    mkdirSync(join(folder, name))
    if (root) chownSync(join(folder, name), NOBODY, NOBODY)
  }
  const names = { NSS_WRAPPER_PASSWD: join(folder, 'passwd'), NSS_WRAPPER_GROUP: join(folder, 'group') }
  const own = `Debian-exim:x:${owner}:${owner}::${folder}:/bin/false\n`
  writeFileSync(names.NSS_WRAPPER_PASSWD, `${own}${readFileSync('/etc/passwd', 'utf8')}`)
  writeFileSync(names.NSS_WRAPPER_GROUP, `Debian-exim:x:${owner}:\n${readFileSync('/etc/group', 'utf8')}`)
  writeFileSync(join(folder, 'configuration'), configuration(folder, program, options))
  const { host, port } = options.listen
  const as = root ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : []
  const [command = program, ...words] = [...as, program]
  const daemon = await startDaemon(command, [...words, '-C', join(folder, 'configuration'), '-bdf'], {
    log: join(folder, 'out'),
    env: { ...process.env, ...names, LD_PRELOAD: wrapper() },
    ready: () => answers(port, host),
  })
  return {
    read(user) {
      const box = join(folder, 'mail', user, 'new')
      return existsSync(box) ? readdirSync(box).map(name => readFileSync(join(box, name))) : []
    },
    async remove() {
      await daemon.kill()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    },
  }
}

/** Without its setuid bit, under which nothing of ours would be loaded. */
async function unpacked(folder: string): Promise<string> {
  const packages = await unpackDebian([PACKAGE], [], join(cacheFolder(), 'exim'), () => {})
  const program = join(folder, 'exim4')
  copyFileSync(join(packages, 'usr/sbin/exim4'), program)
  chmodSync(program, 0o755)
  return program
}

function wrapper(): string {
  const listed = execFileSync('dpkg', ['-L', 'libnss-wrapper'], { encoding: 'utf8' }).split('\n')
  const file = listed.find(name => name.endsWith('/libnss_wrapper.so'))
  if (!file) throw new Error('libnss-wrapper is not installed')
  return file
}

function configuration(
  folder: string,
  program: string,
  { domain, users, listen }: { domain: string; users: string[]; listen: { host: string; port: number } },
): string {
  return `exim_path = ${program}
primary_hostname = mx.${domain}
spool_directory = ${folder}/spool
log_file_path = ${folder}/spool/%slog
pid_file_path = ${folder}/spool/pid
never_users =
keep_environment = ^LD_PRELOAD : ^NSS_WRAPPER
domainlist ours = ${domain}
acl_smtp_rcpt = check
acl_smtp_data = accept
local_interfaces = ${listen.host}
daemon_smtp_ports = ${listen.port}
tls_advertise_hosts =
host_lookup =
rfc1413_query_timeout = 0s
begin acl
check:
  defer local_parts = full
        message = mailbox is full: quota exceeded
  require domains = +ours
  require verify = recipient
  accept
begin routers
people:
  driver = accept
  local_parts = ${users.join(' : ')}
  transport = box
begin transports
box:
  driver = appendfile
  directory = ${folder}/mail/$local_part_data
  create_directory
  maildir_format
`
}
