/**
 * A configuration profile for Apple's systems (`.mobileconfig`): a property list with one mail account. The
 * password is never in it; the device asks for it. Its ids come from the address, so that a second profile
 * replaces the first and is no second account.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ClientSetup, clientUserName } from '@restante/core/directory/client-settings.ts'
import { text } from './xml.ts'

type Value = string | number | boolean | Value[] | { [key: string]: Value }

function plist(value: Value, indent = ''): string {
  if (typeof value === 'string') return `${indent}<string>${text(value)}</string>`
  if (typeof value === 'number') return `${indent}<integer>${value}</integer>`
  if (typeof value === 'boolean') return `${indent}<${value}/>`
  const inside = Array.isArray(value)
    ? value.map(one => plist(one, `${indent}  `))
    : Object.entries(value).map(
        ([key, one]) => `${indent}  <key>${text(key)}</key>\n${plist(one, `${indent}  `)}`,
      )
  const tag = Array.isArray(value) ? 'array' : 'dict'
  return `${indent}<${tag}>\n${inside.join('\n')}\n${indent}</${tag}>`
}

/** A UUID of version 8 (RFC 9562 §5.8) from a text. */
function uuidOf(seed: string): string {
  const hex = createHash('sha256').update(seed).digest('hex')
  const variant = ((Number.parseInt(hex[16] ?? '0', 16) & 3) | 8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** @param person with the address that mail is sent from */
export function profile(setup: ClientSetup, person: { name: string; address: string }): string {
  const incoming = setup.imap ?? setup.pop!
  const user = clientUserName(setup, person.address)
  const identifier = `${setup.domain.split('.').toReversed().join('.')}.mail`
  const account: Value = {
    PayloadType: 'com.apple.mail.managed',
    PayloadVersion: 1,
    PayloadIdentifier: `${identifier}.account`,
    PayloadUUID: uuidOf(`account ${person.address}`),
    PayloadDisplayName: setup.organization,
    EmailAccountType: setup.imap ? 'EmailTypeIMAP' : 'EmailTypePOP',
    EmailAccountName: person.name || person.address,
    EmailAccountDescription: setup.organization,
    EmailAddress: person.address,
    IncomingMailServerAuthentication: 'EmailAuthPassword',
    IncomingMailServerHostName: incoming.host,
    IncomingMailServerPortNumber: incoming.port,
    IncomingMailServerUseSSL: true,
    IncomingMailServerUsername: user,
    OutgoingMailServerAuthentication: 'EmailAuthPassword',
    OutgoingMailServerHostName: setup.smtp.host,
    OutgoingMailServerPortNumber: setup.smtp.port,
    OutgoingMailServerUseSSL: true,
    OutgoingMailServerUsername: user,
    OutgoingPasswordSameAsIncomingPassword: true,
  }
  const whole: Value = {
    PayloadType: 'Configuration',
    PayloadVersion: 1,
    PayloadIdentifier: identifier,
    PayloadUUID: uuidOf(`profile ${person.address}`),
    PayloadDisplayName: `${setup.organization}: ${person.address}`,
    PayloadOrganization: setup.organization,
    PayloadRemovalDisallowed: false,
    PayloadContent: [account],
  }
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
${plist(whole)}
</plist>
`
}

/**
 * The profile signed with our certificate (CMS, RFC 5652), so that the device names us and not "unsigned". By
 * the openssl command: Node has no CMS, and the machine that has a certificate has it.
 *
 * @param files of PEM: the certificate with its chain, and its key
 * @throws Error when openssl is missing or refuses them
 */
export async function signProfile(xml: string, files: { certificate: string; key: string }): Promise<Buffer> {
  const pem = await readFile(files.certificate, 'utf8')
  const chain = (pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []).slice(1)
  const folder = await mkdtemp(join(tmpdir(), 'restante-profile-'))
  try {
    const others = join(folder, 'chain.pem')
    await writeFile(others, chain.join('\n'))
    return await openssl(
      [
        ...['cms', '-sign', '-binary', '-nodetach', '-outform', 'DER'],
        ...['-signer', files.certificate, '-inkey', files.key],
        ...(chain.length > 0 ? ['-certfile', others] : []),
      ],
      xml,
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function openssl(words: string[], input: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = execFile('openssl', words, { encoding: 'buffer', timeout: 10_000 }, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    )
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}
