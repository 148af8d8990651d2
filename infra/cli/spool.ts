/** `restante spool`: how full it is, whether every byte is sound, the tables anew from it, and its compaction. */
import { deriveKey, loadSecret } from '@restante/core/config/secret.ts'
import type { Settings } from '@restante/core/config/settings.ts'
import { Directory, readDirectory } from '@restante/core/directory/snapshot.ts'
import { readCheckpoints } from '@restante/core/ingest/checkpoint.ts'
import { rebuildFromSpool } from '@restante/core/ingest/rebuild.ts'
import { silentLog } from '@restante/core/observe/log.ts'
import { compactSpool } from '@restante/core/spool/compact.ts'
import { openSpoolReader } from '@restante/core/spool/open.ts'
import { relocation } from '@restante/core/spool/relocation.ts'
import { verifySpool } from '@restante/core/spool/verify.ts'
import type { Command } from 'commander'
import { type Context, Refusal, run } from './context.ts'
import { pairs, table } from './table.ts'
import { bytes, duration } from './time.ts'

export function register(program: Command): void {
  const group = program.command('spool').description('accepted messages on stable storage')
  const commands: [string, string, (context: Context) => ReturnType<typeof status>][] = [
    ['status', 'segments, size, and how far they have been read into the database', status],
    ['verify', 'read everything and check every byte; exit 1 when something is damaged', verify],
    ['rebuild', 'make the mail tables anew from the spool; what only they knew is lost', rebuild],
    ['compact', 'take off the disk what nobody needs any more', compact],
  ]
  for (const [name, description, work] of commands) {
    group
      .command(name)
      .description(description)
      .action(async (_options: object, command: Command) => {
        await run(command, work)
      })
  }
}

const openReader = (settings: Settings) =>
  openSpoolReader({
    url: settings.SPOOL_URL,
    secretKey: deriveKey(loadSecret(settings), 'spool'),
    log: silentLog,
  })

async function status({ db, settings }: Context): Promise<{ data: unknown; text: string }> {
  const reader = await openReader(settings)
  const [segments, { positions }, kept] = await Promise.all([
    reader.segments(),
    readCheckpoints(db),
    db
      .selectFrom('message')
      .select(e => [e.fn.countAll<number>().as('messages'), e.fn.sum<number>('size').as('bytes')])
      .where('removed_at', 'is', null)
      .executeTakeFirstOrThrow(),
  ])
  const lines = segments.map(segment => ({
    ...segment,
    unread: Math.max(0, segment.size - (positions.get(segment.name) ?? 0)),
  }))
  const size = lines.reduce((sum, segment) => sum + segment.size, 0)
  const unread = lines.reduce((sum, segment) => sum + segment.unread, 0)
  const data = {
    url: settings.SPOOL_URL,
    bytes: size,
    unread,
    messages: Number(kept.messages),
    messageBytes: Number(kept.bytes ?? 0),
    segments: lines,
  }
  const text = [
    pairs([
      ['Spool', settings.SPOOL_URL],
      ['Size', `${bytes(size)} in ${lines.length} segments`],
      ['Messages', `${data.messages} kept, ${bytes(data.messageBytes)}`],
      ['Not yet read', unread === 0 ? 'nothing' : bytes(unread)],
    ]),
    ...(lines.length === 0
      ? []
      : [
          table(lines, [
            { title: 'SEGMENT', value: segment => segment.name },
            { title: 'SIZE', value: segment => bytes(segment.size), right: true },
            {
              title: 'NOT READ',
              value: segment => (segment.unread ? bytes(segment.unread) : ''),
              right: true,
            },
            { title: 'STATE', value: segment => (segment.closed ? 'closed' : 'open') },
          ]),
        ]),
  ].join('\n\n')
  return { data, text }
}

async function verify({ settings }: Context): Promise<{ data: unknown; text: string }> {
  const report = await verifySpool(await openReader(settings))
  if (!report.ok) process.exitCode = 1
  const summary = `${report.messages} messages and ${report.notes} notes in ${report.segments.length} segments, ${bytes(report.bytes)}`
  const text = report.ok
    ? `sound: ${summary}`
    : [
        `DAMAGED: ${report.damage.length} places in ${summary}`,
        table(report.damage, [
          { title: 'SEGMENT', value: damage => damage.segment },
          { title: 'POSITION', value: damage => damage.position, right: true },
          { title: 'BYTES', value: damage => damage.bytes, right: true },
          { title: 'REASON', value: damage => damage.reason },
        ]),
      ].join('\n')
  return { data: report, text }
}

async function rebuild({ db, settings }: Context): Promise<{ data: unknown; text: string }> {
  const directory = new Directory(await readDirectory(db))
  if (directory.size.domains === 0) {
    throw new Refusal('there is no domain yet: the spool alone does not say whose mail it is')
  }
  const started = performance.now()
  const result = await rebuildFromSpool(db, await openReader(settings), directory)
  const took = performance.now() - started
  return {
    data: { ...result, milliseconds: Math.round(took) },
    text: `${result.messages} messages read back in ${duration(took)}${
      result.setAside ? `; ${result.setAside} set aside because they can't be read` : ''
    }`,
  }
}

async function compact({ db, settings }: Context): Promise<{ data: unknown; text: string }> {
  const result = await compactSpool({
    url: settings.SPOOL_URL,
    secretKey: deriveKey(loadSecret(settings), 'spool'),
    encrypt: settings.SPOOL_ENCRYPT === 'on',
    log: silentLog,
    ...relocation(db),
  })
  if (result.busy) throw new Refusal('another process is compacting; wait for it')
  const freed = result.bytes.before - result.bytes.after
  return {
    data: result,
    text: `${bytes(Math.max(freed, 0))} freed: ${result.messages.dropped} messages dropped, ${result.segments.deleted} of ${result.segments.seen} segments removed${
      result.segments.notIngested
        ? `; ${result.segments.notIngested} left alone, they have not been read into the database yet`
        : ''
    }`,
  }
}
