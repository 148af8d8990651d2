import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { contract } from './contract.ts'
import { MemoryDisk } from './testing/memory-fs.ts'

const root = mkdtempSync(join(tmpdir(), 'restante-spool-'))
let number = 0
afterAll(() => rmSync(root, { recursive: true, force: true }))

contract('local files', () => {
  number += 1
  return { url: `file:${join(root, `a long path with spaces ${'x'.repeat(120)}`, String(number))}` }
})

contract('a disk in memory', () => ({ url: 'file:/spool', fs: new MemoryDisk().process() }))
