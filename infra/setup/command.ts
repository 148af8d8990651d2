/** Running other programs during set-up. */
import { spawn } from 'node:child_process'

/** Runs a program with our own input and output. Resolves to its exit code; SIGTERM is passed on. */
export function run(
  program: string,
  words: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: 'inherit', env: environment })
    const forward = () => child.kill('SIGTERM')
    // The terminal sends Ctrl-C to the child as well: waiting for its end is all that is left to us.
    const wait = () => {}
    process.on('SIGTERM', forward)
    process.on('SIGINT', wait)
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      process.off('SIGTERM', forward)
      process.off('SIGINT', wait)
      resolve(signal ? 1 : (code ?? 1))
    })
  })
}

export type Captured = { code: number; output: string }

/** Runs a program and keeps what it prints. */
export function capture(
  program: string,
  words: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
  folder = process.cwd(),
): Promise<Captured> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: environment,
      cwd: folder,
    })
    let output = ''
    const add = (chunk: Buffer) => {
      output += chunk.toString('utf8')
    }
    child.stdout.on('data', add)
    child.stderr.on('data', add)
    child.once('error', reject)
    child.once('close', code => resolve({ code: code ?? 1, output }))
  })
}
