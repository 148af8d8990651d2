/**
 * `restante doctor`: looks for what is wrong on this machine and says what to do about it.
 *
 * It asks more than it needs to: a check that throws is itself a finding, and never ends the others. Exit 1
 * when something fails; warnings alone leave 0.
 */
import { loadSettings, type Settings } from '@restante/core/config/settings.ts'
import type { Command } from 'commander'
import { type Check, failed, type Level } from './doctor-check.ts'
import { machineChecks } from './doctor-machine.ts'
import { partChecks } from './doctor-parts.ts'
import { serviceChecks } from './doctor-services.ts'
import { readinessChecks } from './readiness.ts'
import { short } from './table.ts'

export function register(program: Command): void {
  program
    .command('doctor')
    .description('look for what is wrong here, and say what to do')
    .option('--readiness', 'not whether it works, but whether people would get on in an outage')
    .action(async (options: { readiness?: boolean }, command: Command) => {
      const checks = await examine(() => loadSettings(), options.readiness ? readinessChecks : allChecks)
      const worst = worstOf(checks)
      const json = Boolean(command.optsWithGlobals().json)
      process.stdout.write(
        json ? `${JSON.stringify({ level: worst, checks })}\n` : `${doctorText(checks, worst)}\n`,
      )
      if (worst === 'fail') process.exitCode = 1
    })
}

/** All checks, in the order in which one depends on another. */
export async function examine(
  load: () => Settings,
  look: (settings: Settings) => Promise<Check[]> = allChecks,
): Promise<Check[]> {
  let settings: Settings
  try {
    settings = load()
  } catch (error) {
    // Nothing else can be looked at without them.
    return [failed('settings', (error as Error).message, 'Set it right; docs/settings.md lists all of them.')]
  }
  try {
    return [{ name: 'settings', level: 'ok', detail: 'all settings are valid' }, ...(await look(settings))]
  } catch (error) {
    return [failed('services', (error as Error).message.split('\n')[0] ?? '', 'restante doctor tells more.')]
  }
}

async function allChecks(settings: Settings): Promise<Check[]> {
  const checks = await machineChecks(settings)
  checks.push(...(await serviceChecks(settings)))
  checks.push(...(await partChecks(settings)))
  return checks
}

export function worstOf(checks: readonly Check[]): Level {
  if (checks.some(check => check.level === 'fail')) return 'fail'
  return checks.some(check => check.level === 'warn') ? 'warn' : 'ok'
}

const marks: Record<Level, string> = { ok: '✓ ok  ', warn: '! warn', fail: '✗ FAIL' }

function doctorText(checks: readonly Check[], worst: Level): string {
  const longest = Math.max(...checks.map(check => check.name.length))
  const lines = checks.flatMap(check => {
    const line = `${marks[check.level]}  ${check.name.padEnd(longest)}  ${short(check.detail, 200)}`
    return check.advice ? [line, `${' '.repeat(longest + 10)}→ ${check.advice}`] : [line]
  })
  const ends: Record<Level, string> = {
    ok: 'Everything is well.',
    warn: 'It works; look at the warnings when there is time.',
    fail: 'Something needs you: see FAIL above.',
  }
  return [...lines, '', ends[worst]].join('\n')
}
