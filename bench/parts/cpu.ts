/**
 * CPU seconds that a set of processes has used (Linux, /proc): user and system, of each process and of the
 * children it has waited for, so that short-lived ones count too.
 */
import { readdirSync, readFileSync } from 'node:fs'
import type { Gateway } from '@restante/e2e/gateway.ts'

const TICKS_PER_SECOND = 100

type Process = { pid: number; parent: number; name: string; seconds: number; argv: string }

function read(pid: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const end = stat.lastIndexOf(')')
    const fields = stat.slice(end + 2).split(' ')
    const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0)
    return {
      pid,
      parent: Number(fields[1]),
      name: stat.slice(stat.indexOf('(') + 1, end),
      seconds: ticks / TICKS_PER_SECOND,
      argv: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '),
    }
  } catch {
    return undefined // it ended between the listing and the reading
  }
}

/** All processes below (and including) those that `isRoot` picks. */
export function tree(isRoot: (process: Process) => boolean): Process[] {
  const all = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(name => read(Number(name)))
    .filter(process => process !== undefined)
  const wanted = new Set(all.filter(isRoot).map(process => process.pid))
  for (let grew = true; grew; ) {
    grew = false
    for (const process of all) {
      if (!wanted.has(process.pid) && wanted.has(process.parent)) {
        wanted.add(process.pid)
        grew = true
      }
    }
  }
  return all.filter(process => wanted.has(process.pid))
}

/** Seconds by a short name of what each process is. */
export function cpuByName(processes: Process[], nameOf: (process: Process) => string): Map<string, number> {
  const sums = new Map<string, number>()
  for (const process of processes) {
    const name = nameOf(process)
    sums.set(name, (sums.get(name) ?? 0) + process.seconds)
  }
  return sums
}

/** All parts of a gateway, with its embedded servers. */
export function cpuOfGateway(gateway: Pick<Gateway, 'data' | 'pids'>): Map<string, number> {
  const parts = ['relay', 'worker', 'webmail', 'redis', 'postgres'] as const
  const pids = new Set(parts.flatMap(part => gateway.pids(part)))
  return cpuByName(
    tree(process => process.argv.includes(gateway.data) || pids.has(process.pid)),
    process => /(relay|worker|webmail|up)\/main/.exec(process.argv)?.[1] ?? process.name.split(' ')[0]!,
  )
}

export function cpuOfPostfix(masterPid: number): Map<string, number> {
  return cpuByName(
    tree(process => process.pid === masterPid),
    process => process.name,
  )
}
