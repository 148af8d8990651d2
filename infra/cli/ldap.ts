/** `restante ldap`: an organization's people from its LDAP server, by hand and by the clock. */
import { readFile } from 'node:fs/promises'
import { audit } from '@restante/core/access/audit.ts'
import type { SyncResult } from '@restante/core/directory/sync/apply.ts'
import { checkLdap, LDAP_DEFAULTS } from '@restante/core/directory/sync/ldap.ts'
import {
  findLdap,
  type LdapSource,
  listLdap,
  removeLdap,
  setLdap,
  syncLdap,
} from '@restante/core/directory/sync/sources.ts'
import type { Command } from 'commander'
import { Refusal, run } from './context.ts'
import { collect, readStdin, wholeNumber } from './options.ts'
import { scopeOption } from './scope.ts'
import { syncText } from './sync-text.ts'
import { table } from './table.ts'
import { when } from './time.ts'

type Words = {
  url?: string
  base?: string
  bind?: string
  passwordStdin?: boolean
  ca?: string
  filter?: string
  sharedFilter?: string
  address?: string[]
  alias?: string[]
  name?: string[]
  every?: number
  mostVanished?: number
  schedule: boolean
}

export function register(program: Command): void {
  const group = program.command('ldap').description("people from an organization's LDAP server")
  const { filter, address, aliases, name, mostVanished } = LDAP_DEFAULTS

  group
    .command('set <organization>')
    .description('add its LDAP server, or change what is given; its first reading follows at once')
    .option('--url <url>', 'ldaps://host, or ldap://host (then STARTTLS)')
    .option('--base <dn>', 'where people are, like dc=example,dc=com')
    .option('--bind <dn>', 'the name to bind with; needs --password-stdin')
    .option('--password-stdin', 'read its password from stdin')
    .option('--ca <file>', "PEM of who signed the server's certificate, when it is nobody known")
    .option('--filter <filter>', `who is a person (default: ${filter})`)
    .option('--shared-filter <filter>', 'what is a shared mailbox (default: nothing)')
    .option('--address <attribute>', `repeatable, in order (default: ${address.join(', ')})`, collect)
    .option('--alias <attribute>', `repeatable (default: ${aliases.join(', ')})`, collect)
    .option('--name <attribute>', `repeatable, in order (default: ${name.join(', ')})`, collect)
    .option('--every <minutes>', 'read it so often, 5 to 1440 (default: 60)', wholeNumber)
    .option('--no-schedule', 'only when ldap sync is called')
    .option(
      '--most-vanished <percent>',
      `how many may vanish at once (default: ${mostVanished})`,
      wholeNumber,
    )
    .action(async (organization: string, words: Words, command: Command) => {
      await run(command, async ({ db, sealKey }) => {
        const password = words.passwordStdin ? await readStdin() : undefined
        if (words.bind !== undefined && password === undefined)
          throw new Refusal('--bind needs --password-stdin')
        const data = await db.transaction().execute(async tx => {
          const scope = await scopeOption(tx as unknown as typeof db, organization)
          const before = (
            await listLdap(tx, sealKey, scope.type === 'organization' ? scope.id : undefined)
          )[0]
          const old = before?.settings
          const url = words.url ?? (old && `${old.url}${old.tls === 'none' ? '?tls=none' : ''}`)
          const base = words.base ?? old?.base
          if (!url || !base) throw new Refusal('a new LDAP server needs --url and --base')
          const { tls: _, ...kept } = old ?? {}
          const settings = checkLdap({
            ...kept,
            url,
            base,
            ...(password !== undefined && { password, bindDn: words.bind ?? old?.bindDn }),
            ...(words.ca !== undefined && { ca: await readFile(words.ca, 'utf8') }),
            ...(words.filter !== undefined && { filter: words.filter }),
            ...(words.sharedFilter !== undefined && { sharedFilter: words.sharedFilter }),
            ...(words.address && { address: words.address }),
            ...(words.alias && { aliases: words.alias }),
            ...(words.name && { name: words.name }),
            ...(words.mostVanished !== undefined && { mostVanished: words.mostVanished }),
          })
          const everyMinutes = words.every ?? before?.everyMinutes
          const set = await setLdap(
            tx,
            organization,
            { settings, everyMinutes, scheduled: words.schedule },
            sealKey,
          )
          await audit(tx, {
            organizationId: set.organizationId,
            actor: 'cli',
            action: 'ldap.set',
            target: settings.url,
            detail: {
              base,
              filter: settings.filter,
              scheduled: words.schedule,
              passwordChanged: password !== undefined,
            },
          })
          return view(await findLdap(tx, sealKey, organization))
        })
        return { data, text: `${organization}: people from ${data.url}; try it with ldap sync --dry-run` }
      })
    })

  group
    .command('sync <organization>')
    .description('read it now')
    .option('--dry-run', 'say what would change, and change nothing')
    .option('--accept-removals', 'remove whoever vanished, also when it is more than may vanish')
    .action(
      async (
        organization: string,
        options: { dryRun?: boolean; acceptRemovals?: boolean },
        command: Command,
      ) => {
        await run(command, async ({ db, sealKey }) => {
          const source = await findLdap(db, sealKey, organization)
          const found = await syncLdap(db, source, options)
          if (found.type === 'failed') throw new Refusal(found.reason)
          if (!options.dryRun) await auditSync(db, source, found.result)
          const text = syncText(found.result, 'restante ldap sync --accept-removals')
          return { data: found.result, text }
        })
      },
    )

  group
    .command('list')
    .description('LDAP servers, and how the last readings went')
    .option('--org <name>', 'only this organization')
    .action(async (options: { org?: string }, command: Command) => {
      await run(command, async ({ db, sealKey }) => {
        const scope = await scopeOption(db, options.org)
        const data = (await listLdap(db, sealKey, scope.type === 'organization' ? scope.id : undefined)).map(
          view,
        )
        return {
          data,
          text: table(data, [
            { title: 'organization', value: row => row.organization },
            { title: 'server', value: row => row.url },
            { title: 'every', value: row => (row.scheduled ? `${row.everyMinutes} min` : 'by hand') },
            { title: 'mailboxes', value: row => row.entries, right: true },
            { title: 'last', value: row => (row.lastAt ? when(row.lastAt, new Date()) : 'never') },
            { title: 'result', value: row => resultWords(row) },
          ]),
        }
      })
    })

  group
    .command('remove <organization>')
    .description('forget its LDAP server; the people stay')
    .action(async (organization: string, _options: unknown, command: Command) => {
      await run(command, async ({ db }) => {
        const data = await db.transaction().execute(async tx => {
          const removed = await removeLdap(tx, organization)
          await audit(tx, { ...removed, actor: 'cli', action: 'ldap.remove', target: organization })
          return removed
        })
        return { data, text: `${organization}: no LDAP server any more` }
      })
    })
}

async function auditSync(
  db: Parameters<typeof audit>[0],
  source: LdapSource,
  result: SyncResult,
): Promise<void> {
  const { added, changed, removed } = result
  if (added.length + changed.length + removed.length === 0) return
  await audit(db, {
    organizationId: source.organizationId,
    actor: 'cli',
    action: 'people.sync',
    target: source.settings.url,
    detail: {
      added: added.length,
      changed: changed.length,
      removed: removed.length,
      ...(removed.length > 0 && { removedAddresses: removed.slice(0, 100) }),
    },
  })
}

/** Without its password. */
function view({ settings, ...source }: LdapSource) {
  const { password: _, ca, ...rest } = settings
  return { ...source, ...rest, hasCa: ca !== undefined }
}

function resultWords({ lastResult }: ReturnType<typeof view>): string {
  if (!lastResult) return ''
  if (lastResult.type === 'failed') return lastResult.reason
  const { added, changed, removed, setAside, problems } = lastResult
  return [
    `+${added} ~${changed} -${removed}`,
    setAside && `${setAside.addresses.length} vanished and kept (${setAside.reason})`,
    problems.length > 0 && `${problems.length} problems`,
  ]
    .filter(Boolean)
    .join(', ')
}
