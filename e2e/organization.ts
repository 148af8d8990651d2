/**
 * An example organization, set up as an admin would: with the `restante` command.
 */
import type { Gateway } from './gateway.ts'
import { JmapClient } from './jmap.ts'

export const PASSWORD = 'correct horse battery staple'

export type Organization = { name: string; domain: string }

/** Makes an organization with one domain and its people (local parts). */
export async function addOrganization(
  gateway: Gateway,
  options: {
    name: string
    domain: string
    backends: string[]
    imap?: string
    smarthosts?: string[]
    /** `undoSend`: seconds in which they can take back what they sent; what a test waits for need not wait for them. */
    people: { name: string; role?: 'user' | 'admin' | 'operator'; locale?: string; undoSend?: number }[]
  },
): Promise<Organization> {
  const { name, domain } = options
  await gateway.cli(['org', 'add', name])
  if (options.smarthosts?.length) {
    await gateway.cli(['org', 'set', name, ...options.smarthosts.flatMap(url => ['--smarthost', url])])
  }
  await gateway.cli([
    'domain',
    'add',
    domain,
    '--org',
    name,
    ...options.backends.flatMap(url => ['--backend', url]),
    ...(options.imap ? ['--imap', options.imap] : []),
  ])
  for (const person of options.people) {
    const more = [
      ...(person.role ? ['--role', person.role] : []),
      ...(person.locale ? ['--locale', person.locale] : []),
    ]
    await gateway.cli(
      ['person', 'add', `${person.name}@${domain}`, '--password-stdin', ...more],
      `${PASSWORD}\n`,
    )
    if (person.undoSend !== undefined) {
      await gateway.cli(['person', 'set', `${person.name}@${domain}`, '--undo-send', String(person.undoSend)])
    }
  }
  return { name, domain }
}

/** A JMAP client for a person, with an app password made for it. */
export async function jmapFor(gateway: Gateway, address: string): Promise<JmapClient> {
  const { password } = await gateway.cli<{ password: string }>([
    'person',
    'app-password',
    address,
    '--name',
    'e2e',
  ])
  return JmapClient.open(gateway.url, address, password)
}
