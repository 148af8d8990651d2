/**
 * Debian packages without root and without installing: apt with private lists and a private cache, then
 * `dpkg -x` into a folder. Nothing of the machine changes, no service is started, and a package of the
 * machine's own release fits the machine's own libraries.
 *
 * The folder is unpacked under another name and renamed: what is there is whole.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findProgram } from './guard.ts'

const run = promisify(execFile)

/** Whether this machine has apt-get and dpkg at all. */
export function hasApt(): boolean {
  return Boolean(findProgram('apt-get') && findProgram('dpkg'))
}

/**
 * Fetches packages, with those they need and the machine lacks, and unpacks them.
 *
 * @param libraries what they need at most: fetched one by one, as far as they exist, where apt can't resolve
 *   because something else on the machine is broken
 * @param folder becomes the root of the unpacked tree; returned at once when it exists
 * @throws Error whose message holds apt's own last words
 */
export async function unpackDebian(
  packages: readonly string[],
  libraries: readonly string[],
  folder: string,
  say: (line: string) => void,
): Promise<string> {
  if (existsSync(folder)) return folder
  mkdirSync(join(folder, '..'), { recursive: true })
  const work = mkdtempSync(`${folder}.new-`)
  try {
    for (const name of ['lists/partial', 'cache/archives/partial']) {
      mkdirSync(join(work, name), { recursive: true })
    }
    const options = [
      `Dir::State::lists=${work}/lists`,
      `Dir::Cache=${work}/cache`,
      'Debug::NoLocking=1',
      'APT::Sandbox::User=',
      'Acquire::Languages=none',
      'APT::Install-Recommends=false',
      'Dpkg::Use-Pty=0',
    ].flatMap(option => ['-o', option])
    const environment = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' }
    const apt = (...words: string[]) =>
      run('apt-get', [...options, '-qq', ...words], {
        cwd: join(work, 'cache/archives'),
        env: environment,
        maxBuffer: 1 << 24,
      })
    say(`downloading ${packages.join(', ')} (no root needed, nothing is installed)`)
    // One broken third-party source must not stop us: what counts is whether the download works.
    await apt('update').catch(() => undefined)
    const archives = join(work, 'cache/archives')
    try {
      await apt('install', '--download-only', '--yes', ...packages)
    } catch (error) {
      for (const name of [...packages, ...libraries]) await apt('download', name).catch(() => undefined)
      if (!readdirSync(archives).some(name => name.endsWith('.deb'))) throw error
    }
    const files = readdirSync(archives).filter(name => name.endsWith('.deb'))
    if (files.length === 0) throw new Error('apt-get downloaded nothing: are they installed already?')
    const root = join(work, 'root')
    for (const file of files) await run('dpkg', ['-x', join(archives, file), root])
    renameSync(root, folder)
  } catch (error) {
    const words = (error as { stderr?: string }).stderr?.trim().split('\n').at(-1)
    // Two of us may have done the same at the same time.
    if (!existsSync(folder)) throw new Error(words || (error as Error).message)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  return folder
}

/** LD_LIBRARY_PATH for programs of an unpacked tree. */
export function libraryPath(folder: string): string {
  return ['usr/lib', 'lib']
    .map(name => join(folder, name))
    .filter(existsSync)
    .flatMap(name => [
      ...readdirSync(name, { withFileTypes: true })
        .filter(entry => entry.isDirectory() && entry.name.includes('-linux-'))
        .map(entry => join(name, entry.name)),
      name,
    ])
    .join(':')
}
