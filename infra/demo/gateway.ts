/** The gateway of the demo: infra/up as a process of its own, its log in a file, its lines passed on. */
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const main = join(import.meta.dirname, '../up/main.ts')

export type DemoGateway = {
  /** Resolves when all parts serve. Rejects, with the reason in one line, when it ends before. */
  ready: Promise<void>
  ended: Promise<void>
  end(): Promise<void>
}

/**
 * @param data its working directory too, so that an `.env` for real use does not leak into the demo
 */
export function startGateway(
  data: string,
  environment: NodeJS.ProcessEnv,
  say: (line: string) => void,
): DemoGateway {
  mkdirSync(join(data, 'log'), { recursive: true })
  const logFile = join(data, 'log/gateway.log')
  const log = openSync(logFile, 'w', 0o600)
  const child = spawn(process.execPath, [main], {
    cwd: data,
    env: environment,
    stdio: ['ignore', 'pipe', log, 'ipc'],
    // Ctrl-C reaches it through us.
    detached: true,
  })
  closeSync(log)
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const ready = new Promise<void>((resolve, reject) => {
    if (child.stdout) {
      createInterface({ input: child.stdout }).on('line', line => {
        if (line.startsWith('ready:')) resolve()
        else say(line)
      })
    }
    void ended.then(() => reject(new Error(lastWords(logFile))))
  })
  return {
    ready,
    ended,
    async end() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** The last line of the log that was written for people, else the last one. */
function lastWords(file: string): string {
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  return lines.findLast(line => line && !line.startsWith('{')) ?? `the gateway ended (see ${file})`
}
