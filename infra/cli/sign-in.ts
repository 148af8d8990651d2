/** How people get in, for admins: one-time codes to print, a lost second factor, an organization's own sign-in. */
import { audit } from '@restante/core/access/audit.ts'
import { PRINTED_LIFE } from '@restante/core/access/codes.ts'
import { parsePasswordServer } from '@restante/core/access/mailbox-server.ts'
import { removeProvider, setProvider } from '@restante/core/access/providers.ts'
import { removeSecondFactor } from '@restante/core/access/second-factor.ts'
import { seal } from '@restante/core/config/secret.ts'
import type { Executor } from '@restante/core/db/connection.ts'
import { notify } from '@restante/core/db/notify.ts'
import { findDomain } from '@restante/core/directory/domains.ts'
import { findPerson, type Person, personColumns } from '@restante/core/directory/people.ts'
import {
  codesCsv,
  MOST_PRINTED,
  MOST_PRINTED_DAYS,
  printCodes,
  revokePrinted,
} from '@restante/core/telling/printed-codes.ts'
import { tellSecurity, tellWaysIn } from '@restante/core/telling/sign-in.ts'
import type { Command } from 'commander'
import { type Context, Refusal, run } from './context.ts'
import { readStdin, wholeNumber } from './options.ts'
import { findBackend } from './scope.ts'
import { table } from './table.ts'

const DAY = 86_400_000

export function registerPersonSignIn(group: Command): void {
  group
    .command('codes <who>')
    .description('make one-time codes to print, for an address or everybody of a domain; shown this once')
    .option('--count <n>', 'codes for each person, at most 20', wholeNumber, 1)
    .option('--days <n>', 'days that they count', wholeNumber, PRINTED_LIFE / DAY)
    .option('--revoke', 'put all that were made out of force instead')
    .option('--csv', 'print them as CSV')
    .action(async (who: string, options: CodeOptions, command: Command) => {
      if (
        options.count < 1 ||
        options.count > MOST_PRINTED ||
        options.days < 1 ||
        options.days > MOST_PRINTED_DAYS
      ) {
        command.error(`--count is 1 to ${MOST_PRINTED}, --days 1 to ${MOST_PRINTED_DAYS}`, { exitCode: 2 })
      }
      await run(command, context => (options.revoke ? revoke(context, who) : make(context, who, options)))
    })

  group
    .command('second-factor <address>')
    .description('for somebody who has lost their phone: forget their authenticator app and passkeys')
    .requiredOption('--remove', 'forget them; a password alone lets them in then')
    .action(async (address: string, _options: object, command: Command) => {
      await run(command, async ({ db }) => {
        const now = new Date()
        const person = await db.transaction().execute(async tx => {
          const found = await findPerson(tx, address)
          await removeSecondFactor(tx, found.id)
          await audit(tx, {
            organizationId: found.organizationId,
            actor: 'cli',
            action: 'second-factor.remove',
            target: found.address,
          })
          await tellSecurity(tx, found.id, 'factor-off', now)
          return found
        })
        return { data: { address: person.address }, text: `forgotten for ${person.address}` }
      })
    })

  group
    .command('tell-ways-in <who>')
    .description(
      'mail to the second address of a person, or of all of a domain, how they get in in an outage',
    )
    .action(async (who: string, _options: object, command: Command) => {
      await run(command, async ({ db }) => {
        const people = await peopleOf(db, who)
        const told = await tellWaysIn(
          db,
          people.map(person => person.id),
          new Date(),
        )
        return {
          data: { people: people.length, told },
          text: `${told} of ${people.length} have a second address`,
        }
      })
    })
}

type CodeOptions = { count: number; days: number; revoke?: boolean; csv?: boolean }

async function peopleOf(db: Executor, who: string): Promise<Person[]> {
  if (who.includes('@')) return [await findPerson(db, who)]
  const domain = await findDomain(db, who)
  const people = await db
    .selectFrom('person')
    .select(personColumns)
    .where('address', 'like', `%@${domain.name.replace(/[%_\\]/g, '\\$&')}`)
    .orderBy('address')
    .execute()
  if (people.length === 0) throw new Refusal(`there are no people in ${domain.name}`)
  return people
}

async function make({ db, sealKey }: Context, who: string, { count, days, csv }: CodeOptions) {
  const people = await peopleOf(db, who)
  const data = await printCodes(db, people, { count, days, by: 'cli', key: sealKey, now: new Date() })
  const text = csv
    ? codesCsv(data)
    : table(data, [
        { title: 'ADDRESS', value: row => row.address },
        { title: 'CODE', value: row => row.code },
        { title: 'UNTIL', value: row => row.expiresAt.toISOString().slice(0, 10) },
      ])
  return { data, text }
}

async function revoke({ db }: Context, who: string) {
  const data = await revokePrinted(db, await peopleOf(db, who), 'cli')
  const all = data.reduce((sum, row) => sum + row.revoked, 0)
  return { data, text: `${all} codes are out of force` }
}

export function registerOrgSignIn(group: Command): void {
  group
    .command('sign-in <organization>')
    .description("an organization's own sign-in (OpenID Connect): Entra, Google, any issuer")
    .option('--name <name>', 'as people know it: Microsoft, Google, the company')
    .option('--issuer <url>', 'https://login.microsoftonline.com/TENANT/v2.0, https://accounts.google.com')
    .option('--client-id <id>', 'as the issuer gave it')
    .option('--client-secret-stdin', 'read the client secret from stdin')
    .option(
      '--trust-addresses',
      'the issuer is theirs alone: its addresses count without being called verified',
    )
    .option('--remove', 'forget it')
    .action(async (organization: string, options: ProviderOptions, command: Command) => {
      if (!options.remove && !(options.issuer && options.clientId && options.clientSecretStdin)) {
        command.error('give --issuer, --client-id and --client-secret-stdin, or --remove', { exitCode: 2 })
      }
      await run(command, context => setOrgSignIn(context, organization, options))
    })
}

type ProviderOptions = {
  name?: string
  issuer?: string
  clientId?: string
  clientSecretStdin?: boolean
  trustAddresses?: boolean
  remove?: boolean
}

async function setOrgSignIn(
  { db, sealKey, settings }: Context,
  organization: string,
  options: ProviderOptions,
) {
  const { issuer = '', clientId = '', name = new URL(issuer || 'https://none.invalid').hostname } = options
  const clientSecret = options.remove ? '' : await readStdin()
  const data = await db.transaction().execute(async tx => {
    const { id } = await tx
      .selectFrom('organization')
      .select('id')
      .where('name', '=', organization)
      .executeTakeFirstOrThrow(() => new Refusal(`there is no organization ${organization}`))
    const trustAddress = options.trustAddresses ?? false
    const set = options.remove
      ? { removed: await removeProvider(tx, organization) }
      : await setProvider(
          tx,
          organization,
          { name, issuer, clientId, clientSecret, trustAddress },
          sealKey,
          new Date(),
        )
    await audit(tx, {
      organizationId: id,
      actor: 'cli',
      action: options.remove ? 'organization.sign-in-remove' : 'organization.sign-in',
      target: organization,
      detail: options.remove ? {} : { issuer, clientId, trustAddress },
    })
    return { ...set, redirect: `${settings.PUBLIC_URL}/api/auth/callback/${id}` }
  })
  return {
    data,
    text: options.remove ? 'forgotten' : `tell the issuer that people come back to ${data.redirect}`,
  }
}

export function registerBackendSignIn(group: Command): void {
  group
    .command('sign-in <backend> <url>')
    .description(
      "the server that knows people's passwords: imaps://host, smtps://host or smtp://host:587; imap takes the one of --imap",
    )
    .action(async (name: string, url: string, _options: object, command: Command) => {
      await run(command, async ({ db, sealKey }) => {
        const backend = await findBackend(db, sealKey, name)
        if (url !== 'imap') parsePasswordServer(url)
        await db.transaction().execute(async tx => {
          const sign_in = url === 'imap' ? null : seal(sealKey, url)
          await tx.updateTable('backend').set({ sign_in }).where('id', '=', backend.id).execute()
          await notify(tx, 'directory')
          await audit(tx, {
            organizationId: backend.organization_id,
            actor: 'cli',
            action: 'backend.sign-in',
            target: backend.id,
          })
        })
        return { data: { id: backend.id }, text: `${backend.name}: passwords are looked at there` }
      })
    })
}
