/**
 * The scanner of what our own people send: what is in it, not where it comes from. Apart from inbound.ts, so
 * that a process that only sends does not load what looks at strangers.
 */
import type { Directory } from '../directory/snapshot.ts'
import type { Log } from '../observe/log.ts'
import { attachmentsStep } from './attachments/step.ts'
import { type EngineSettings, engineSteps, scannerOf } from './scanner.ts'
import type { Scanner } from './types.ts'

export function createOutgoingScanner(options: {
  settings: EngineSettings
  directory: () => Pick<Directory, 'scanPolicy'>
  log: Log
}): Scanner {
  const { settings, directory, log } = options
  const attachments = attachmentsStep()
  const scanner = scannerOf({
    steps: [attachments, ...engineSteps(settings, log)],
    policyOf: address => directory().scanPolicy(address),
    log,
  })
  return {
    scan: scanner.scan,
    async close() {
      await scanner.close()
      await attachments.close()
    },
  }
}
