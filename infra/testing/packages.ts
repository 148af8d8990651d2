/**
 * The real servers and programs that tests talk to, as Debian packages, and how they come to be here.
 *
 * As root, or with sudo that asks no password, they are installed, without starting their services. Otherwise
 * a test whose program is missing skips itself and says so: TEST_MISSING holds the names, separated by blanks.
 * In CI nothing may be missing.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { findProgram } from '../services/guard.ts'

const run = promisify(execFile)

/** package → what is skipped without it. */
export const testPackages: Readonly<Record<string, string>> = {
  chromium: 'tests through the browser',
  'dovecot-imapd': 'tests with a real Dovecot as backend',
  'dovecot-lmtpd': 'tests with a real Dovecot as backend',
  'dovecot-sieve': 'the test of the Sieve rule with a real Pigeonhole',
  rspamd: 'tests with a real rspamd',
  'clamav-daemon': 'tests with a real clamd',
  'clamav-testfiles': 'the test files of ClamAV',
  spamd: "tests with SpamAssassin's real spamd",
  postfix: 'tests with a real Postfix as backend',
  libidn12: 'tests with a real Exim as a destination',
  'libnss-wrapper': 'tests with a real Exim as a destination',
  'libgnutls-dane0': 'tests with a real Exim as a destination',
  slapd: 'tests with a real LDAP server',
  'redis-server': 'tests that need a Redis of their own',
  swaks: 'tests that speak SMTP as a stranger would',
  'libpython3.11-testsuite': 'the corpus of odd mail',
  strace: 'the test that watches fdatasync',
  'swift-proxy': "the spool's S3 store on a real S3 server",
  'swift-account': "the spool's S3 store on a real S3 server",
  'swift-container': "the spool's S3 store on a real S3 server",
  'swift-object': "the spool's S3 store on a real S3 server",
  memcached: "the spool's S3 store on a real S3 server",
  knot: 'tests of sender authentication with a real DNS server',
  unbound: 'tests of DANE with a real validating resolver',
  prometheus: "the check of the alert rules by Prometheus's own promtool",
  openssl: 'the check of signed profiles',
  'opendkim-tools': 'the check of our DKIM signatures by another implementation',
  'python3-dkim': 'the check of our ARC seals by another implementation',
}

/** Those of the packages that dpkg does not have installed; all of them where there is no dpkg. */
export async function missingPackages(
  names: readonly string[] = Object.keys(testPackages),
): Promise<string[]> {
  const { stdout } = await run('dpkg-query', [
    '-W',
    '-f',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own form
    '${db:Status-Abbrev} ${Package}\n',
    ...names,
  ]).catch((error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }))
  const there = new Set(
    stdout
      .split('\n')
      .filter(line => line.startsWith('ii'))
      .map(line => line.split(/\s+/)[1]),
  )
  return names.filter(name => !there.has(name))
}

/** The words before a command that make it run as root; undefined when that can't be had silently. */
async function asRoot(): Promise<string[] | undefined> {
  if (process.getuid?.() === 0) return []
  const sudo = findProgram('sudo')
  if (!sudo) return undefined
  try {
    await run(sudo, ['-n', 'true'])
    return [sudo, '-n']
  } catch {
    return undefined
  }
}

/**
 * Installs, with services held back: Debian starts a daemon as soon as its package is there, and asks
 * /usr/sbin/policy-rc.d whether it may. One that stands there already is left as it is.
 */
const INSTALL = `
set -e
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f $policy' EXIT
  printf '#!/bin/sh\\nexit 101\\n' > $policy
  chmod 755 $policy
fi
export DEBIAN_FRONTEND=noninteractive
wait='-o DPkg::Lock::Timeout=300'
apt-get $wait -qq update || true
apt-get $wait -qq -y --no-install-recommends install "$@"
`

/** @returns whether they are installed now */
export async function installPackages(
  names: readonly string[],
  say: (line: string) => void,
): Promise<boolean> {
  const root = await asRoot()
  if (!root || !findProgram('apt-get')) return false
  say(`installing for the tests, without starting services: ${names.join(' ')}`)
  const [program = '', ...words] = [...root, '/bin/sh', '-c', INSTALL, 'sh', ...names]
  try {
    await run(program, words, { maxBuffer: 1 << 26 })
  } catch (error) {
    const words = (error as { stderr?: string }).stderr?.trim().split('\n').at(-1)
    say(`apt-get failed: ${words ?? (error as Error).message}`)
  }
  return (await missingPackages(names)).length === 0
}
