/**
 * Debian's Postfix as a plain relay in front of the sink: no scanning, no recipient check, its defaults
 * otherwise. Needs root, as Postfix does.
 */
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { answers } from '@restante/e2e/ports.ts'
import { until } from '@restante/e2e/until.ts'

export type Postfix = { port: number; masterPid: number; stop(): Promise<void> }

/** @param more lines of main.cf */
export async function startPostfixRelay(
  folder: string,
  port: number,
  sinkPort: number,
  more: readonly string[] = [],
): Promise<Postfix> {
  for (const name of ['etc', 'spool', 'lib']) mkdirSync(join(folder, name), { recursive: true })
  // Its own users must get in; mkdtemp lets nobody but us.
  for (const open of [dirname(folder), folder]) chmodSync(open, 0o755)
  execFileSync('chown', ['postfix', join(folder, 'lib')])
  const etc = join(folder, 'etc')
  writeFileSync(
    join(etc, 'main.cf'),
    `compatibility_level = 3.6
queue_directory = ${folder}/spool
data_directory = ${folder}/lib
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.bench.test
mydestination =
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:${sinkPort}
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
maillog_file = ${folder}/maillog
maillog_file_prefixes = ${dirname(folder)}
${more.join('\n')}
`,
  )
  const master = readFileSync('/usr/share/postfix/master.cf.dist', 'utf8')
    .replace(/^smtp( +)inet.*/m, `127.0.0.1:${port} inet n - n - - smtpd`)
    .replace(
      /^(pickup|cleanup|qmgr|tlsmgr|rewrite|bounce|defer|trace|verify|flush|proxymap|proxywrite|smtp|relay|showq|error|retry|discard|local|virtual|lmtp|anvil|scache|postlog)( .*?) y( .*)$/gm,
      '$1$2 n$3',
    )
  writeFileSync(join(etc, 'master.cf'), master)
  const starter = spawn('postfix', ['-c', etc, 'start'], { stdio: 'ignore' })
  await new Promise(resolve => starter.once('exit', resolve))
  await until('postfix answers', () => answers(port), { seconds: 20 })
  const masterPid = Number(readFileSync(join(folder, 'spool/pid/master.pid'), 'utf8'))
  return {
    port,
    masterPid,
    async stop() {
      process.kill(masterPid, 'SIGTERM')
      await until('postfix has ended', async () => !(await answers(port)))
    },
  }
}
