/**
 * One real server as a child process with a folder of its own.
 *
 * The child leads a process group, so that ending it ends what it has started; it is ended by that id and by
 * nothing else. A test run that dies takes its servers with it (the exit handler below).
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { until } from '../until.ts'

const groups = new Set<number>()
process.on('exit', () => {
  for (const pid of groups) signalGroup(pid, 'SIGKILL')
})

export type Daemon = {
  pid: number
  /** SIGTERM, and after eight seconds SIGKILL; resolves when it has gone. @returns the exit code */
  stop(): Promise<number | null>
  /** SIGKILL to all of it. */
  kill(): Promise<void>
  /** SIGSTOP to all of it: it hangs, its port open. */
  freeze(): void
  /** SIGCONT. */
  thaw(): void
  running(): boolean
}

/**
 * Starts `command` and waits until `ready` says yes.
 *
 * @param log file that takes its stdout and stderr; its end is quoted when the start fails
 */
export async function startDaemon(
  command: string,
  args: string[],
  options: {
    log: string
    ready: () => boolean | Promise<boolean>
    cwd?: string
    env?: NodeJS.ProcessEnv
    seconds?: number
  },
): Promise<Daemon> {
  const out = openSync(options.log, 'a')
  const child: ChildProcess = spawn(command, args, {
    detached: true,
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', out, out],
  })
  closeSync(out)
  let failure: Error | undefined
  child.once('error', error => {
    failure = error
  })
  const gone = new Promise<number | null>(resolve => child.once('close', code => resolve(code)))
  const running = () => child.pid !== undefined && child.exitCode === null && child.signalCode === null
  const pid = child.pid ?? 0
  if (pid) groups.add(pid)
  void gone.then(() => groups.delete(pid))
  const kill = async () => {
    signalGroup(pid, 'SIGKILL')
    if (running()) await gone
  }
  try {
    await until(
      `${command} is ready`,
      () => {
        if (failure) return 'failed'
        if (!running()) return 'ended'
        return options.ready()
      },
      { seconds: options.seconds ?? 15, every: 25 },
    )
    if (failure) throw failure
    if (!running()) throw new Error(`${command} ended at once with ${child.exitCode ?? child.signalCode}`)
  } catch (error) {
    if (pid) await kill()
    throw new Error(`${(error as Error).message}\n${tail(options.log)}`)
  }
  return {
    pid,
    running,
    kill,
    freeze: () => signalGroup(pid, 'SIGSTOP'),
    thaw: () => signalGroup(pid, 'SIGCONT'),
    async stop() {
      if (running()) {
        process.kill(pid, 'SIGTERM')
        const late = setTimeout(() => signalGroup(pid, 'SIGKILL'), 8_000)
        const code = await gone
        clearTimeout(late)
        return code
      }
      return child.exitCode
    },
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  if (!pid) return
  try {
    process.kill(-pid, signal)
  } catch {
    // Already gone.
  }
}

/** The last lines of a log file, for the message of a failure. */
export function tail(file: string, lines = 40): string {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(-lines).join('\n')
  } catch {
    return ''
  }
}
