/** The command as people call it: exit codes, and one line on stderr. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const entry = join(import.meta.dirname, '../restante.mjs')
const folder = mkdtempSync(join(tmpdir(), 'restante-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

type Ran = { code: number; stdout: string; stderr: string }

function restante(words: string[], environment: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const env = {
    ...process.env,
    RESTANTE_DATA: folder,
    DATABASE_URL: process.env.TEST_DATABASE_URL,
    REDIS_URL: process.env.TEST_REDIS_URL,
    ...environment,
  }
  return new Promise(resolve => {
    execFile(process.execPath, [entry, ...words], { env, cwd: folder }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr })
    })
  })
}

test.each([
  [[], 'no command given: see restante --help'],
  [['frob'], "unknown command 'frob'"],
  [['queue', '--frob'], "unknown option '--frob'"],
  [['delivery', 'show'], "missing required argument 'id'"],
  [['delivery'], 'restante delivery: which command? See restante delivery --help'],
])('restante %j is wrong usage: exit 2 and one line', async (words, line) => {
  expect(await restante(words)).toEqual({ code: 2, stdout: '', stderr: `${line}\n` })
})

test('--help names every group, --version the version', async () => {
  const help = await restante(['--help'])
  expect(help).toMatchObject({ code: 0, stderr: '' })
  for (const group of ['org', 'domain', 'mailbox', 'person', 'import', 'queue', 'delivery', 'backend']) {
    expect(help.stdout).toMatch(new RegExp(`^  ${group}\\b`, 'm'))
  }
  expect(await restante(['--version'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
  })
})

test('a wrong setting is refused with one line that names it', async () => {
  expect(await restante(['queue'], { RELAY_PORT: 'x' })).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^RELAY_PORT "x": [^\n]+\n$/),
  })
})

test('--json prints one JSON value', async () => {
  const { code, stdout } = await restante(['queue', '--json'])
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toBeTypeOf('object')
})
