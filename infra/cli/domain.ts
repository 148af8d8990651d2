/** `restante domain`: mail domains, the backends that their mail goes to, and what DNS says of them. */
import { Resolver } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import { audit } from '@restante/core/access/audit.ts'
import { normalizeDomain } from '@restante/core/directory/addresses.ts'
import {
  addDomain,
  findDomain,
  listDomains,
  RECIPIENTS,
  type Recipients,
  setDomainBackend,
  setDomainHistory,
  setDomainRecipients,
  UNVERIFIED,
  type Unverified,
} from '@restante/core/directory/domains.ts'
import { type Command, Option } from 'commander'
import { run } from './context.ts'
import { checkDomain, checkText } from './domain-check.ts'
import { collect, wholeNumber } from './options.ts'
import { table } from './table.ts'

/** ms for one try of one name server, and how many tries. */
const DNS_PATIENCE = { timeout: 2_000, tries: 2 }

export function register(program: Command): void {
  const group = program.command('domain').description('mail domains whose MX points here')

  group
    .command('add <domain>')
    .description('add a domain and the mail server that its mail is delivered to')
    .requiredOption('--org <name>', 'the organization that it belongs to')
    .requiredOption(
      '--backend <url>',
      'smtp://host:port, smtps://host or lmtp://host:port, with user:password@ and ?tls= (repeatable, in order)',
      collect,
    )
    .option('--imap <url>', 'imaps://host, to check that people can get at their mailboxes')
    .addOption(recipients())
    .addOption(unverified())
    .action(
      async (
        domain: string,
        options: {
          org: string
          backend: string[]
          imap?: string
          recipients?: Recipients
          unverified?: Unverified
        },
        command: Command,
      ) => {
        await run(command, async ({ db, sealKey }) => {
          const data = await db.transaction().execute(async tx => {
            const added = await addDomain(
              tx,
              {
                domain,
                organization: options.org,
                backends: options.backend,
                imap: options.imap,
                recipients: options.recipients,
                unverified: options.unverified,
              },
              sealKey,
            )
            await audit(tx, {
              organizationId: added.organizationId,
              actor: 'cli',
              action: 'domain.add',
              target: added.domain,
            })
            return added
          })
          return { data, text: `added ${data.domain}` }
        })
      },
    )

  group
    .command('set <domain>')
    .description('change a domain')
    .option('--backend <url>', 'take its mail to this server instead (repeatable, in order)', collect)
    .option('--imap <url>', 'imaps://host, to check that people can get at their mailboxes')
    .option('--no-imap', 'do not check that')
    .option('--history <days>', 'days that delivered mail stays readable, 0 to 90', wholeNumber)
    .option('--default-history', "take the organization's")
    .addOption(recipients())
    .addOption(unverified())
    .action(
      async (
        domain: string,
        options: {
          backend?: string[]
          imap?: string | false
          history?: number
          defaultHistory?: boolean
          recipients?: Recipients
          unverified?: Unverified
        },
        command: Command,
      ) => {
        const days = options.defaultHistory ? null : options.history
        const asked = { recipients: options.recipients, unverified: options.unverified }
        // commander makes `--no-imap` true unless it is given.
        const imap = command.getOptionValueSource('imap') === 'cli' ? options.imap || null : undefined
        const moved = options.backend !== undefined || imap !== undefined
        if (days === undefined && !asked.recipients && !asked.unverified && !moved) {
          command.error(
            'nothing to set: give --backend, --imap, --history, --default-history, --recipients or --unverified',
            { exitCode: 2 },
          )
          return
        }
        await run(command, async ({ db, sealKey }) => {
          await db.transaction().execute(async tx => {
            const domains = moved
              ? await setDomainBackend(tx, domain, { backends: options.backend, imap }, sealKey)
              : []
            if (days !== undefined) await setDomainHistory(tx, domain, days)
            await setDomainRecipients(tx, domain, asked)
            const { organization_id: organizationId, name } = await findDomain(tx, domain)
            await audit(tx, {
              organizationId,
              actor: 'cli',
              action: 'domain.set',
              target: name,
              detail: {
                ...(days !== undefined && { historyDays: days }),
                ...asked,
                ...(moved && { backendChangedFor: domains }),
              },
            })
          })
          const data = (await listDomains(db)).find(row => row.name === normalizeDomain(domain))
          const words = data
            ? `history ${data.historyDays} days, recipients: ${data.recipients}, unverified: ${data.unverified}`
            : 'changed'
          return { data: data ?? { name: domain }, text: `${domain}: ${words}` }
        })
      },
    )

  group
    .command('check <domain>')
    .description('ask DNS whether mail for the domain comes here')
    .action(async (domain: string, _options: unknown, command: Command) => {
      await run(command, async ({ db, settings }) => {
        const resolver = new Resolver(DNS_PATIENCE)
        if (settings.DNS_SERVERS.length > 0) resolver.setServers([...settings.DNS_SERVERS])
        const data = await checkDomain(domain, {
          dns: resolver,
          hostname: settings.RESTANTE_HOSTNAME,
          ownAddresses: ownAddresses(),
          known: new Set((await listDomains(db)).map(row => row.name)),
        })
        return { data, text: checkText(data) }
      })
    })

  group
    .command('list')
    .description('list domains')
    .action(async (_options: unknown, command: Command) => {
      await run(command, async ({ db }) => {
        const data = await listDomains(db)
        return {
          data,
          text: table(data, [
            { title: 'domain', value: row => row.name },
            { title: 'organization', value: row => row.organization },
            { title: 'backend', value: row => row.backend },
            { title: 'recipients', value: row => row.recipients },
            { title: 'history', value: row => row.historyDays, right: true },
          ]),
        }
      })
    })
}

const recipients = () =>
  new Option(
    '--recipients <how>',
    'whether recipients are those added here, or also those that the backend says it has',
  ).choices(RECIPIENTS)
const unverified = () =>
  new Option(
    '--unverified <what>',
    'mail for a recipient while the backend can not be asked: tell the sender to come later, or accept and hold it',
  ).choices(UNVERIFIED)

/** Addresses of this machine that others can reach. */
function ownAddresses(): Set<string> {
  return new Set(
    Object.values(networkInterfaces())
      .flatMap(list => list ?? [])
      .filter(entry => !entry.internal)
      .map(entry => entry.address),
  )
}
