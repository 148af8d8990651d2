/** `restante domain`: mail domains, the backends that their mail goes to, and what DNS says of them. */
import { Resolver } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import { audit } from '@restante/core/access/audit.ts'
import type { Settings } from '@restante/core/config/settings.ts'
import type { Db } from '@restante/core/db/connection.ts'
import { normalizeDomain } from '@restante/core/directory/addresses.ts'
import {
  CLIENT_USERS,
  type ClientChanges,
  type ClientUser,
  setClientSettings,
} from '@restante/core/directory/client-settings.ts'
import {
  domainScan,
  parseScanSetting,
  requireSetting,
  SCAN_SETTINGS,
  setDomainScan,
} from '@restante/core/directory/domain-scan.ts'
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
import { createSealer } from '@restante/core/scan/authentication/sealer.ts'
import { type Command, Option } from 'commander'
import { run } from './context.ts'
import { type CheckInput, checkDomain, checkText } from './domain-check.ts'
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
    .option('--client-imap <url>', "imaps://host, where people's own programs read; none takes it away")
    .option('--client-pop <url>', 'pop3s://host, likewise')
    .option('--client-smtp <url>', 'smtps://host or smtp://host, where they send')
    .addOption(new Option('--client-user <what>', 'what people sign in as there').choices(CLIENT_USERS))
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
          clientImap?: string
          clientPop?: string
          clientSmtp?: string
          clientUser?: ClientUser
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
        const programs: ClientChanges = {
          ...(options.clientImap && { imap: orNone(options.clientImap) }),
          ...(options.clientPop && { pop: orNone(options.clientPop) }),
          ...(options.clientSmtp && { smtp: orNone(options.clientSmtp) }),
          ...(options.clientUser && { user: options.clientUser }),
        }
        const forPrograms = Object.keys(programs).length > 0
        if (days === undefined && !asked.recipients && !asked.unverified && !moved && !forPrograms) {
          command.error(
            'nothing to set: give --backend, --imap, --history, --default-history, --recipients, --unverified or --client-…',
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
            if (forPrograms) await setClientSettings(tx, domain, programs)
            const { organization_id: organizationId, name } = await findDomain(tx, domain)
            await audit(tx, {
              organizationId,
              actor: 'cli',
              action: 'domain.set',
              target: name,
              detail: {
                ...(days !== undefined && { historyDays: days }),
                ...asked,
                ...(forPrograms && { programs }),
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
    .command('scan <domain>')
    .description('show or change what a domain wants of the scan (docs/scanning.md)')
    .option('--set <setting=value>', `one of ${SCAN_SETTINGS.join(', ')} (repeatable)`, collect)
    .option('--reset <setting>', 'take the default again (repeatable)', collect)
    .action(async (domain: string, options: { set?: string[]; reset?: string[] }, command: Command) => {
      await run(command, async ({ db }) => {
        const changes = Object.fromEntries([
          ...(options.reset ?? []).map(name => [requireSetting(name), null]),
          ...(options.set ?? []).map(text => parseScanSetting(text)),
        ])
        const data = await db.transaction().execute(async tx => {
          if (Object.keys(changes).length === 0) return domainScan(tx, domain)
          const set = await setDomainScan(tx, domain, changes)
          await audit(tx, {
            organizationId: (await findDomain(tx, domain)).organization_id,
            actor: 'cli',
            action: 'domain.scan',
            target: set.domain,
            detail: changes,
          })
          return set
        })
        const rows = SCAN_SETTINGS.map(name => ({ name, value: data.policy[name] }))
        return {
          data,
          text: table(rows, [
            { title: 'setting', value: row => row.name },
            {
              title: 'value',
              value: row => (Array.isArray(row.value) ? row.value.join(',') : `${row.value}`),
            },
            { title: 'set by', value: row => (data.own.includes(row.name) ? 'the domain' : 'default') },
          ]),
        }
      })
    })

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
          arc: await arcOf(db, domain, settings),
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

/** What DNS must say for our seals, when the domain wants them. */
async function arcOf(db: Db, domain: string, settings: Settings): Promise<CheckInput['arc']> {
  const known = await domainScan(db, domain).catch(() => undefined)
  return known?.policy.arc ? createSealer(settings).record() : undefined
}

const orNone = (text: string) => (text === 'none' ? null : text)

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
