import { X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { selfSigned } from './self-signed.ts'
import { loadCertificate } from './tls.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'restante-tls-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('a self-signed certificate', () => {
  test.each([
    ['mx.example', 'DNS:mx.example', 2036],
    ['127.0.0.1', 'IP Address:127.0.0.1', 2036],
    [`${'long.'.repeat(30)}example`, `DNS:${'long.'.repeat(30)}example`, 2060],
  ])('for %s is whole', (name, alternative, year) => {
    const made = selfSigned(name, new Date('2026-01-01T00:00:00Z'), new Date(`${year}-01-01T00:00:00Z`))
    const read = new X509Certificate(made.cert)
    expect(read.subjectAltName).toBe(alternative)
    expect(read.verify(read.publicKey)).toBe(true)
    expect(read.validToDate.getUTCFullYear()).toBe(year)
    expect(read.serialNumber).toMatch(/^[4-7]/)
  })

  test('is made once, kept for its owner only, and made anew before it ends or when it is broken', async () => {
    const options = { folder: join(folder, 'tls'), hostname: 'mx.example' }
    const first = await loadCertificate(options)
    expect(await loadCertificate(options)).toEqual({ key: first.key.trim(), cert: first.cert.trim() })
    expect(await readdir(options.folder)).toEqual(['self-signed.pem'])
    expect((await stat(join(options.folder, 'self-signed.pem'))).mode & 0o777).toBe(0o600)
    const inTenYears = Date.now() + 3_640 * 86_400_000
    const second = await loadCertificate({ ...options, now: () => inTenYears })
    expect(second.cert).not.toBe(first.cert)
    await writeFile(join(options.folder, 'self-signed.pem'), 'cut')
    expect((await loadCertificate(options)).cert).toContain('BEGIN CERTIFICATE')
  })
})

describe('TLS_CERT and TLS_KEY', () => {
  test('are used', async () => {
    const made = selfSigned('a.example', new Date(), new Date(Date.now() + 1e9))
    const certFile = join(folder, 'cert.pem')
    const keyFile = join(folder, 'key.pem')
    await writeFile(certFile, made.cert)
    await writeFile(keyFile, made.key)
    expect(await loadCertificate({ folder, hostname: 'x', certFile, keyFile })).toEqual(made)
    const other = selfSigned('b.example', new Date(), new Date(Date.now() + 1e9))
    await writeFile(keyFile, other.key)
    await expect(loadCertificate({ folder, hostname: 'x', certFile, keyFile })).rejects.toThrow(
      /^TLS_CERT and TLS_KEY don't work together: /,
    )
    await expect(
      loadCertificate({ folder, hostname: 'x', certFile: join(folder, 'none.pem'), keyFile }),
    ).rejects.toThrow(/^TLS_CERT ".*none\.pem": ENOENT/)
  })
})
