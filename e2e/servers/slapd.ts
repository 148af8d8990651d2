/**
 * A real OpenLDAP on loopback with a tree of its own: `dc=example,dc=test`, read by cn=reader, LDAP with STARTTLS
 * and LDAPS by the certificate it is given. Its people are what the test says, by LDIF.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answers, freePorts } from '../ports.ts'
import { type Daemon, startDaemon } from './daemon.ts'

export const LDAP_BASE = 'dc=example,dc=test'
export const LDAP_READER = `cn=reader,${LDAP_BASE}`
export const LDAP_PASSWORD = 'reader secret'

export type LdapEntry = {
  cn: string
  objectClass?: string
  [attribute: string]: string | string[] | undefined
}

export type Slapd = {
  port: number
  securePort: number
  start(): Promise<void>
  stop(): Promise<void>
  /** From the next start on these are its people. */
  setPeople(people: readonly LdapEntry[]): void
  remove(): Promise<void>
}

/** @param limit entries that it gives in one search at most, pages together */
export async function startSlapd(options: {
  certificate: { cert: string; key: string }
  people: readonly LdapEntry[]
  limit?: number
}): Promise<Slapd> {
  const folder = mkdtempSync(join(tmpdir(), 'slapd-'))
  const [port, securePort] = (await freePorts(2)) as [number, number]
  let people = options.people
  let daemon: Daemon | undefined
  writeFileSync(join(folder, 'cert.pem'), options.certificate.cert)
  writeFileSync(join(folder, 'key.pem'), options.certificate.key)
  writeFileSync(join(folder, 'slapd.conf'), configuration(folder, options.limit))
  const slapd: Slapd = {
    port,
    securePort,
    setPeople(next) {
      people = next
    },
    async start() {
      if (daemon?.running()) return
      rmSync(join(folder, 'db'), { recursive: true, force: true })
      mkdirSync(join(folder, 'db'))
      writeFileSync(join(folder, 'tree.ldif'), ldif(people))
      const conf = join(folder, 'slapd.conf')
      execFileSync('/usr/sbin/slapadd', ['-q', '-f', conf, '-l', join(folder, 'tree.ldif')], {
        stdio: 'pipe',
      })
      const urls = `ldap://127.0.0.1:${port} ldaps://127.0.0.1:${securePort}`
      daemon = await startDaemon('/usr/sbin/slapd', ['-d', '0', '-f', conf, '-h', urls], {
        log: join(folder, 'log'),
        ready: async () => (await answers(port)) && (await answers(securePort)),
      })
    },
    async stop() {
      await daemon?.stop()
    },
    async remove() {
      await daemon?.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  try {
    await slapd.start()
  } catch (error) {
    await slapd.remove()
    throw error
  }
  return slapd
}

function configuration(folder: string, limit: number | undefined): string {
  return `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
attributetype ( 1.2.840.113556.1.2.210 NAME 'proxyAddresses' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 EQUALITY caseIgnoreMatch )
attributetype ( 1.3.6.1.4.1.7914.1.2.1.3 NAME 'mailAlternateAddress' SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 EQUALITY caseIgnoreIA5Match )
objectclass ( 1.3.6.1.4.1.7914.1.2.2.9 NAME 'mailThing' SUP top AUXILIARY MAY ( mail $ proxyAddresses $ mailAlternateAddress ) )
pidfile ${folder}/pid
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile ${folder}/cert.pem
TLSCertificateKeyFile ${folder}/key.pem
disallow bind_anon
database mdb
maxsize 104857600
directory ${folder}/db
suffix "${LDAP_BASE}"
rootdn "cn=root,${LDAP_BASE}"
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="${LDAP_READER}" read by * none
${limit === undefined ? 'sizelimit unlimited' : `sizelimit size.soft=${limit} size.hard=${limit} size.prtotal=${limit}`}
`
}

function ldif(people: readonly LdapEntry[]): string {
  const top = [
    `dn: ${LDAP_BASE}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n`,
    `dn: ${LDAP_READER}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: reader\nuserPassword: ${LDAP_PASSWORD}\n`,
    `dn: ou=people,${LDAP_BASE}\nobjectClass: organizationalUnit\nou: people\n`,
  ]
  return [...top, ...people.map(entry)].join('\n')
}

function entry({ cn, objectClass = 'inetOrgPerson', ...attributes }: LdapEntry): string {
  const lines = [
    `dn: cn=${cn},ou=people,${LDAP_BASE}`,
    `objectClass: ${objectClass}`,
    'objectClass: mailThing',
  ]
  const all = { cn, ...(objectClass === 'inetOrgPerson' && { sn: cn }), ...attributes }
  for (const [name, value] of Object.entries(all)) {
    for (const one of value === undefined ? [] : [value].flat()) {
      lines.push(`${name}:: ${Buffer.from(one).toString('base64')}`)
    }
  }
  return `${lines.join('\n')}\n`
}
