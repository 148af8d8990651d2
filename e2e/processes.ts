/**
 * Finds the processes of one gateway in /proc (Linux): those whose environment or command line names its data
 * folder, or that descend from its supervisor. Several gateways and other people's servers run beside.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { Part } from './gateway.ts'

type Process = { pid: number; parent: number; command: string; environment: string; folder: string }

const MATCH: Record<Part, RegExp> = {
  relay: /relay\/main\.ts/,
  worker: /worker\/main\.ts/,
  webmail: /webmail\/main\.ts|next-server/,
  redis: /(?:redis|valkey)-server/,
  postgres: /\bpostgres\b.* -D |\/postgres\0-D/,
}

/** @returns the ids of that part's processes, the parents first */
export function processesOf(data: string, supervisor: number, part: Part): number[] {
  const all = allProcesses()
  const byPid = new Map(all.map(p => [p.pid, p]))
  const ours = (p: Process): boolean => {
    if (p.command.includes(data) || p.environment.includes(`RESTANTE_DATA=${data}\0`)) return true
    if (p.folder.startsWith(data)) return true
    for (let at = byPid.get(p.parent); at; at = byPid.get(at.parent)) if (at.pid === supervisor) return true
    return false
  }
  return all
    .filter(p => p.pid !== process.pid && MATCH[part].test(p.command) && ours(p))
    .map(p => p.pid)
    .sort((a, b) => a - b)
}

function allProcesses(): Process[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => {
      try {
        const status = readFileSync(`/proc/${name}/status`, 'utf8')
        // A zombie has ended; nobody has fetched its exit code yet.
        if (/^State:\s+Z/m.test(status)) return []
        return [
          {
            pid: Number(name),
            parent: Number(/^PPid:\s+(\d+)/m.exec(status)?.[1] ?? 0),
            command: readFileSync(`/proc/${name}/cmdline`, 'utf8'),
            environment: attempt(() => readFileSync(`/proc/${name}/environ`, 'latin1')),
            folder: attempt(() => readlinkSync(`/proc/${name}/cwd`)),
          },
        ]
      } catch {
        return []
      }
    })
}

function attempt(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}
