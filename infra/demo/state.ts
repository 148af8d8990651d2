/**
 * What the demo remembers between runs, in `<data>/demo.json`: the password it made up, and its ports, so
 * that a bookmark works tomorrow. Ports that are taken meanwhile are chosen anew.
 */
import { randomInt } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { freePort, portTaken } from '../services/port.ts'

const schema = z.object({
  password: z.string(),
  /** Whether the directory knows that password. */
  seeded: z.boolean().default(false),
  /** Letters sent so far, after the first ones. */
  letters: z.number().default(0),
  /** Whether the first letters were sent. */
  begun: z.boolean().default(false),
  ports: z.record(z.string(), z.number()),
})
export type DemoState = z.infer<typeof schema>

/** setting or server → the port it has when that is free. */
const WANTED = {
  WEBMAIL_PORT: 3000,
  RELAY_PORT: 2525,
  SUBMISSION_PORT: 2587,
  SUBMISSIONS_PORT: 2465,
  METRICS_PORT: 9464,
  backend: 2600,
  outside: 2601,
} as const
export type DemoPorts = Record<keyof typeof WANTED, number>

const WORDS =
  'amber basil cedar clover copper cotton ember fennel ginger harbour hazel honey indigo juniper kettle lantern lemon linen maple marble meadow nutmeg olive orchard paprika pebble pepper quartz raisin saffron sesame thimble thyme velvet walnut willow'.split(
    ' ',
  )

function newPassword(): string {
  const word = () => WORDS[randomInt(WORDS.length)] ?? 'kettle'
  return `${word()}-${word()}-${randomInt(1000, 10_000)}`
}

export function loadState(data: string): DemoState {
  try {
    return schema.parse(JSON.parse(readFileSync(join(data, 'demo.json'), 'utf8')))
  } catch {
    return { password: newPassword(), seeded: false, letters: 0, begun: false, ports: {} }
  }
}

export function saveState(data: string, state: DemoState): void {
  mkdirSync(data, { recursive: true })
  const file = join(data, 'demo.json')
  writeFileSync(`${file}.new`, JSON.stringify(state), { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/**
 * Chooses ports: those named in the environment as they are, else last time's, else the usual ones, each only
 * when it is free.
 */
export async function choosePorts(
  last: DemoState['ports'],
  environment: NodeJS.ProcessEnv,
): Promise<DemoPorts> {
  const chosen: Partial<DemoPorts> = {}
  const used = new Set<number>()
  for (const [name, usual] of Object.entries(WANTED) as [keyof DemoPorts, number][]) {
    const named = Number(environment[name])
    if (named > 0) {
      chosen[name] = named
      continue
    }
    let port = last[name] ?? usual
    const isFree = async (candidate: number) =>
      !used.has(candidate) && (await portTaken(candidate, '0.0.0.0', 0)) === undefined
    // The worker's metrics take the port after the relay's.
    while (!(await isFree(port)) || (name === 'METRICS_PORT' && !(await isFree(port + 1)))) {
      port = await freePort()
    }
    used.add(port)
    if (name === 'METRICS_PORT') used.add(port + 1)
    chosen[name] = port
  }
  return chosen as DemoPorts
}
