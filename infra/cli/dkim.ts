/** `restante dkim`: the keys that a domain's outgoing mail is signed with. */
import { audit } from '@restante/core/access/audit.ts'
import type { Executor } from '@restante/core/db/connection.ts'
import {
  addDkimKey,
  DKIM_ALGORITHMS,
  type DkimAlgorithm,
  type DkimKey,
  listDkimKeys,
  removeDkimKey,
  setDkimKey,
} from '@restante/core/directory/dkim.ts'
import { findDomain } from '@restante/core/directory/domains.ts'
import { type Command, Option } from 'commander'
import { run } from './context.ts'
import { table } from './table.ts'

export function register(program: Command): void {
  const group = program.command('dkim').description('keys that outgoing mail is signed with')

  group
    .command('add <domain>')
    .description('make a key; nothing is signed with it before it is activated')
    .option('--selector <name>', 'its name in DNS; default: restante and the year')
    .addOption(new Option('--algorithm <name>', 'of the key').choices(DKIM_ALGORITHMS).default('rsa'))
    .action(
      async (domain: string, options: { selector?: string; algorithm: DkimAlgorithm }, command: Command) => {
        const { algorithm } = options
        const selector =
          options.selector ??
          `restante${new Date().getUTCFullYear()}${algorithm === 'ed25519' ? '-ed25519' : ''}`
        await run(command, async ({ db, sealKey }) => {
          const data = await db.transaction().execute(async tx => {
            const key = await addDkimKey(tx, { domain, selector, algorithm }, sealKey)
            await note(tx, 'dkim.add', key.domain, key.selector)
            return key
          })
          return {
            data,
            text: `publish this, then: restante dkim activate ${domain} ${selector}\n${txt(data)}`,
          }
        })
      },
    )

  group
    .command('list <domain>')
    .description('the keys of a domain, with what DNS has to say of them')
    .action(async (domain: string, _options: object, command: Command) => {
      await run(command, async ({ db, sealKey }) => {
        const data = await listDkimKeys(db, domain, sealKey)
        const text = table(data, [
          { title: 'selector', value: key => key.selector },
          { title: 'algorithm', value: key => key.algorithm },
          { title: 'active', value: key => (key.active ? 'yes' : 'no') },
          { title: 'made', value: key => key.createdAt.toISOString().slice(0, 10) },
        ])
        return { data, text: data.length === 0 ? 'no keys' : [text, ...data.map(txt)].join('\n') }
      })
    })

  for (const [name, active, description] of [
    ['activate', true, 'sign with a key from now on: its record must be in DNS'],
    ['deactivate', false, 'sign with it no longer; leave its record in DNS for some days'],
  ] as const) {
    group
      .command(`${name} <domain> <selector>`)
      .description(description)
      .action(async (domain: string, selector: string, _options: object, command: Command) => {
        await run(command, async ({ db }) => {
          await db.transaction().execute(async tx => {
            await setDkimKey(tx, { domain, selector, active })
            await note(tx, `dkim.${name}`, domain, selector)
          })
          return {
            data: { domain, selector, active },
            text: `${selector}: ${active ? 'active' : 'not active'}`,
          }
        })
      })
  }

  group
    .command('remove <domain> <selector>')
    .description('forget a key')
    .action(async (domain: string, selector: string, _options: object, command: Command) => {
      await run(command, async ({ db }) => {
        await db.transaction().execute(async tx => {
          await removeDkimKey(tx, { domain, selector })
          await note(tx, 'dkim.remove', domain, selector)
        })
        return { data: { domain, selector }, text: `removed ${selector}` }
      })
    })
}

const txt = (key: DkimKey) => `${key.record.name}. TXT "${key.record.value}"`

async function note(tx: Executor, action: string, domain: string, selector: string): Promise<void> {
  const { organization_id: organizationId, name } = await findDomain(tx, domain)
  await audit(tx, { organizationId, actor: 'cli', action, target: name, detail: { selector } })
}
