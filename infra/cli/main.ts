/**
 * The `restante` command: reads the words, hands them to the file of their group.
 *
 * A group's file, with the database and all behind it, is loaded only when one of its commands is called;
 * `--help` and wrong words load none but what they need. Exit: 0 done, 1 refused, 2 wrong usage; what went
 * wrong is one line on stderr.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, CommanderError } from 'commander'
import type { Register } from './context.ts'

/** group → what `restante --help` says of it. The file of the same name registers it. */
const groups: Record<string, string> = {
  org: 'organizations: companies that own domains, backends and people',
  domain: 'mail domains whose MX points here',
  mailbox: 'mailboxes, their aliases and members',
  person: 'people who sign in',
  list: 'whom organizations and mailboxes always or never want mail from',
  client: 'mail servers that send through us: add, list, remove',
  dkim: 'keys that outgoing mail is signed with',
  import: 'bring in people from a file',
  ldap: "people from an organization's LDAP server",
  queue: 'what waits, by backend',
  delivery: 'single deliveries: list, show, retry, hold, release, reroute, cancel',
  outgoing: 'mail to the outside: incidents, suppressed addresses',
  quarantine: 'what the scan holds: list, show, release, delete',
  backend: 'mail servers: status, probe, override, access',
  maintenance: 'planned times without a mail server: add, list, remove',
  drill: 'try an outage without one: start, list, stop, report',
  incident: 'incidents, closing statements, what was brought back',
  channel: 'where admins are told of what happens: add, list, test, remove',
  spool: 'accepted messages on disk: status, verify, rebuild, compact',
  backup: 'everything into one encrypted file, while the gateway runs',
  restore: 'an installation from its backup, on an empty data folder',
  status: 'the gateway in a few lines',
  doctor: 'look for what is wrong here, and say what to do',
}

const here = import.meta.dirname

async function load(group: string): Promise<Register> {
  const module = (await import(join(here, `${group}.ts`))) as { register: Register }
  return module.register
}

function version(): string {
  const text = readFileSync(join(here, '../../package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/** Settings of commander that hold for the program and every command under it. */
function tame(command: Command): void {
  command.helpCommand(false)
  command.exitOverride().configureOutput({
    // A group without its command would print its whole help there; main says it in a line.
    writeErr: text => text.startsWith('Usage:') || process.stderr.write(oneLine(text)),
    outputError: (text, write) => write(text),
  })
  if (!command.options.some(option => option.long === '--json')) {
    command.option('--json', 'print the result as JSON')
  }
  for (const child of command.commands) tame(child)
}

/** "error: unknown option '--x'\n(Did you mean …?)" → one line that begins with the thing itself. */
function oneLine(text: string): string {
  const line = text
    .replace(/^error: /, '')
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ')
  return `${line}\n`
}

export async function main(words: readonly string[]): Promise<void> {
  const program = new Command('restante')
    .description('Mail continuity gateway: the command line.')
    .version(version(), '--version')
    .showHelpAfterError(false)
    .addHelpText('after', '\nEvery command takes --json and --help. Settings: docs/settings.md')
  const called = words.find(word => !word.startsWith('-'))
  for (const [group, description] of Object.entries(groups)) {
    if (group === called) {
      ;(await load(group))(program)
    } else {
      // A name and a sentence for --help.
      program.command(group).description(description).allowUnknownOption()
    }
  }
  tame(program)
  if (words.length === 0 || (words.length === 1 && words[0] === '--json')) {
    process.stderr.write('no command given: see restante --help\n')
    process.exitCode = 2
    return
  }
  try {
    await program.parseAsync(words, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // A group without its command: commander would print the whole help.
    if (error.code === 'commander.help') {
      process.stderr.write(`restante ${called}: which command? See restante ${called} --help\n`)
    }
    process.exitCode = error.exitCode === 0 ? 0 : 2
  }
}

await main(process.argv.slice(2))
