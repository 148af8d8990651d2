/**
 * What `npm run start|demo|test|test:crash|check|bench` do once the packages are there: the rest of the set-up that each
 * needs, then the thing itself.
 */
import { join } from 'node:path'
import { run } from './command.ts'

const root = join(import.meta.dirname, '../..')
process.chdir(root)

// Whoever started us was killed: nobody could end us any more.
if (process.channel) {
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  // Listening alone must not keep a finished command alive.
  process.channel.unref()
}

const [command = '', ...words] = process.argv.slice(2)

switch (command) {
  case 'start': {
    const { buildWebmail } = await import('./webmail.ts')
    await buildWebmail()
    await import('../up/main.ts')
    break
  }
  case 'demo': {
    const { buildWebmail } = await import('./webmail.ts')
    await buildWebmail()
    await import('../demo/main.ts')
    break
  }
  case 'test': {
    const { test } = await import('./test.ts')
    process.exitCode = await test(words)
    break
  }
  case 'test:crash':
    process.exitCode = await run(process.execPath, ['e2e/crash/main.ts', ...words])
    break
  case 'check': {
    const { check } = await import('./check.ts')
    process.exitCode = await check()
    break
  }
  case 'bench':
    if (words[0] === 'webmail') {
      const { buildWebmail } = await import('./webmail.ts')
      await buildWebmail()
    }
    process.exitCode = await run(process.execPath, ['bench/main.ts', ...words])
    break
  default:
    process.stderr.write(
      `unknown command ${JSON.stringify(command)}: start, demo, test, test:crash, check or bench\n`,
    )
    process.exitCode = 2
}
