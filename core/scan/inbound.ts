/** The scanner of mail that comes in: who sends it and from where, what is in it, and what the engines say. */
import type { Directory } from '../directory/snapshot.ts'
import type { Log } from '../observe/log.ts'
import { attachmentsStep } from './attachments/step.ts'
import { type EngineSettings, engineSteps, scannerOf } from './scanner.ts'
import { type SenderSettings, senderSteps } from './sender-steps.ts'
import type { Scanner } from './types.ts'

export type ScannerSettings = SenderSettings & EngineSettings

export function createScanner(options: {
  settings: ScannerSettings
  directory: () => Directory
  log: Log
}): Scanner {
  const { settings, directory, log } = options
  const sender = senderSteps(settings, { directory, log })
  const attachments = attachmentsStep()
  const scanner = scannerOf({
    steps: [...sender.steps, attachments, ...engineSteps(settings, log, sender.nameOf)],
    policyOf: address => directory().scanPolicy(address),
    log,
  })
  return {
    scan: scanner.scan,
    expect: sender.expect,
    async close() {
      await scanner.close()
      sender.close()
      await attachments.close()
    },
  }
}
