import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type ZipFile, zip } from './zip.ts'

async function* chunks(...parts: string[]) {
  for (const part of parts) yield Buffer.from(part)
}

test('another program unpacks what was packed, each file under a name of its own and in its place', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zip-'))
  try {
    const files: ZipFile[] = [
      { name: 'order.txt', content: chunks('flour', ' and salt') },
      { name: 'order.txt', content: chunks('a second one') },
      { name: '../../outside.txt', content: chunks('kept inside') },
      { name: 'pa de pagès.txt', content: chunks('') },
    ]
    const packed: Buffer[] = []
    for await (const part of zip(files, new Date('2026-11-22T10:00:00Z'))) packed.push(part)
    writeFileSync(join(folder, 'all.zip'), Buffer.concat(packed))
    // Python is on every machine that tests; unzip is not.
    execFileSync('python3', [
      '-c',
      'import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; z.extractall(sys.argv[2])',
      join(folder, 'all.zip'),
      join(folder, 'out'),
    ])
    const read = (name: string) => readFileSync(join(folder, 'out', name), 'utf8')
    expect(read('order.txt')).toBe('flour and salt')
    expect(read('order (2).txt')).toBe('a second one')
    expect(read('__.._outside.txt')).toBe('kept inside')
    expect(read('pa de pagès.txt')).toBe('')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
