/** A compaction as a process of its own, so that it can be killed at each of its steps. */
import { deriveKey, loadSecret } from '@restante/core/config/secret.ts'
import { loadSettings } from '@restante/core/config/settings.ts'
import { connect } from '@restante/core/db/connection.ts'
import { createLog } from '@restante/core/observe/log.ts'
import { compactSpool } from '@restante/core/spool/compact.ts'
import { relocation } from '@restante/core/spool/relocation.ts'

const settings = loadSettings()
const log = createLog('compaction', settings.LOG_LEVEL)
const db = connect(settings.DATABASE_URL ?? '', { max: 2 })
// PostgreSQL may be killed under it: that ends this compaction, as it should.
const ended = await compactSpool({
  url: settings.SPOOL_URL,
  secretKey: deriveKey(loadSecret(settings), 'spool'),
  encrypt: settings.SPOOL_ENCRYPT === 'on',
  log,
  // The test has no patience, and nobody has looked a place up for long.
  pause: 200,
  ...(process.argv.includes('--tidy') && { strayAge: 0 }),
  ...relocation(db),
}).catch(error => error as Error)
log.info({ event: 'crash.compacted', result: ended instanceof Error ? ended.message : ended })
process.exit(0)
