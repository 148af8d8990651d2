/** As whom PostgreSQL runs. What root does can only be seen as root. */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, expect, test } from 'vitest'
import { findLauncher } from './launcher.ts'
import { startPostgres } from './postgres.ts'

const folder = mkdtempSync(join(tmpdir(), 'restante-launcher-'))
const path = process.env.PATH
afterEach(() => {
  process.env.PATH = path
  rmSync(folder, { recursive: true, force: true })
})

/** A machine that forbids user namespaces, as most containers do. */
function forbidNamespaces(): void {
  const programs = join(folder, 'programs')
  mkdirSync(programs, { recursive: true })
  writeFileSync(
    join(programs, 'unshare'),
    '#!/bin/sh\necho "unshare failed: Operation not permitted" >&2\nexit 1\n',
  )
  chmodSync(join(programs, 'unshare'), 0o755)
  process.env.PATH = `${programs}:${path}`
}

async function count(data: string): Promise<number> {
  const server = await startPostgres({ data, say: () => {}, durable: false })
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  await client.query('create table if not exists t (n int)')
  await client.query('insert into t values (1)')
  const { rows } = await client.query('select count(*)::int as n from t')
  await client.end()
  await server.close()
  return rows[0].n
}

if (process.getuid?.() === 0) {
  test('as root in a namespace the data stays root’s; where that is forbidden it becomes nobody’s and stays so', async () => {
    const data = join(folder, 'data')
    const owner = () => statSync(join(data, 'postgres/18/PG_VERSION')).uid
    expect(await count(data)).toBe(1)
    expect(owner()).toBe(0)
    forbidNamespaces()
    // Only its owner may enter, and nobody is not its owner.
    chmodSync(data, 0o700)
    expect(await count(data)).toBe(2)
    expect(owner()).toBe(65534)
    process.env.PATH = path
    expect(await count(data)).toBe(3)
    expect(owner()).toBe(65534)
  })

  test('as root in somebody else’s closed folder it runs too', async () => {
    const home = join(folder, 'home')
    mkdirSync(home, { recursive: true, mode: 0o700 })
    chownSync(home, 12345, 12345)
    expect(await count(join(home, 'data'))).toBe(1)
  })

  test('when no way works the error says which were tried', async () => {
    forbidNamespaces()
    const program = join(folder, 'programs/unshare')
    await expect(findLauncher(program, process.env, folder)).rejects.toThrow(
      /PostgreSQL does not run as root, and no other way works here \(.*unshare: unshare failed/,
    )
  })
} else {
  test('as an ordinary user it runs as that user', async () => {
    expect(await findLauncher('/bin/true', process.env, folder)).toEqual({ prefix: [], owner: undefined })
  })
}
