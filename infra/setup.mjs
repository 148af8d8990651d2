/**
 * The entry of npm run start, demo, test, test:crash, check and bench, on a clone as it came: installs the
 * packages when they are missing or stale, then goes on in infra/setup/main.ts with the pinned Node.
 *
 * The scripts in package.json say `exec`, so that npm's signals reach this process and not a shell.
 *
 * Plain JavaScript for any Node from 20 on, and nothing but Node's own modules: here nothing is installed
 * yet. An interrupted installation leaves no node_modules/.package-lock.json, and is done again.
 */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const pinned = join(root, 'node_modules/.bin/node')

/** What is wrong with node_modules, or undefined when it is what package-lock.json asks for. */
function staleness() {
  const hidden = join(root, 'node_modules/.package-lock.json')
  if (!existsSync(hidden)) return 'packages are not installed'
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  const installed = JSON.parse(readFileSync(hidden, 'utf8')).packages
  for (const [path, entry] of Object.entries(wanted)) {
    if (!path.includes('node_modules/') || entry.link) continue
    const found = installed[path]
    // Packages for other platforms are rightly missing.
    if (!found && (entry.optional || entry.devOptional || entry.peer)) continue
    if (found?.version !== entry.version) return `${path.split('node_modules/').at(-1)} has changed`
  }
  return undefined
}

/** Runs a command in the root folder. Resolves to its exit code; signals are passed on. */
function run(program, words, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { cwd: root, stdio: 'inherit', ...options })
    const forward = signal => child.kill(signal)
    // Ctrl-C reaches the child by the terminal too; twice does no harm.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward)
    // An npm that was killed can pass no signal on.
    const parent = process.ppid
    const watch = setInterval(() => {
      if (process.env.npm_lifecycle_event && process.ppid !== parent) child.kill('SIGTERM')
    }, 1000)
    watch.unref()
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      clearInterval(watch)
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(name, forward)
      resolve(signal ? 1 : (code ?? 1))
    })
  })
}

async function install(reason) {
  console.log(`${reason}: installing them with npm ci, this takes a minute or two`)
  const words = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const npm = process.env.npm_execpath
  // A second try: one lost connection among a thousand downloads is ordinary.
  for (let attempt = 1; attempt <= 2; attempt++) {
    const code = npm?.endsWith('.js') ? await run(process.execPath, [npm, ...words]) : await run('npm', words)
    if (code === 0) return
    if (attempt === 1) console.log('npm ci failed, trying once more')
  }
  console.error('npm ci failed: see above')
  process.exit(1)
}

const reason = staleness()
if (reason) await install(reason)

let node = pinned
if (!existsSync(pinned)) {
  if (Number(process.versions.node.split('.')[0]) < 24) {
    console.error(
      `there is no Node 24 from npm for ${process.platform}-${process.arch}: install Node 24 and run this again`,
    )
    process.exit(1)
  }
  node = process.execPath
}
const environment = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH ?? ''}` }
process.exitCode = await run(node, [join(root, 'infra/setup/main.ts'), ...process.argv.slice(2)], {
  // The channel tells the other side when we are killed.
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  env: environment,
})
