/** What stands in front: load balancers that say PROXY, filters that say XCLIENT, and the certificates. */
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { parseNetworks } from '@restante/core/config/networks.ts'
import { silentLog } from '@restante/core/observe/log.ts'
import { afterEach, describe, expect, test } from 'vitest'
import { watchCertificates } from './certificate-watch.ts'
import { selfSigned } from './self-signed.ts'
import { RawClient } from './testing/client.ts'
import { type TestRelay, testRelay } from './testing/relay.ts'
import { loadCertificates } from './tls.ts'

let relay: TestRelay
const clients: RawClient[] = []
const keep = (client: RawClient) => {
  clients.push(client)
  return client
}
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await relay?.close()
})
const send = (client: RawClient) =>
  client.send('z@other.example', ['anna@acme.example'], 'Subject: x\r\n\r\n')
const LOOPBACK = parseNetworks('127.0.0.1')
const NOBODY = parseNetworks('')

describe('PROXY', () => {
  const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
  const v2 = Buffer.concat([
    signature,
    Buffer.from([0x21, 0x11, 0, 12, 192, 0, 2, 7, 10, 0, 0, 1, 4, 1, 0, 25]),
  ])

  test.each([
    ['version 1', Buffer.from('PROXY TCP4 192.0.2.7 10.0.0.1 1025 25\r\n'), '192.0.2.7'],
    ['version 1, IPv6', Buffer.from('PROXY TCP6 2001:db8::7 ::1 1025 25\r\n'), '2001:db8::7'],
    ['version 2', v2, '192.0.2.7'],
    ['version 2, the balancer itself', Buffer.concat([signature, Buffer.from([0x20, 0, 0, 0])]), '127.0.0.1'],
  ])('%s tells the client’s address, however it is cut', async (_name, header, address) => {
    relay = await testRelay({ relay: { proxies: LOOPBACK } })
    for (const size of [1, 1_000]) {
      const client = keep(await RawClient.open(relay.port))
      await client.writeIn(size, header)
      expect(await client.reply()).toMatch(/^220 /)
      await client.command('EHLO client.example')
      expect(await send(client)).toMatch(/^250 /)
    }
    for (const { envelope } of await relay.kept()) expect(envelope.client?.address).toBe(address)
  })

  test('is required of who is trusted', async () => {
    relay = await testRelay({ relay: { proxies: LOOPBACK } })
    const client = keep(await RawClient.open(relay.port))
    client.write('EHLO client.example\r\n')
    expect(await client.reply()).toMatch(/^421 4\.3\.2 No valid PROXY header/)
    await client.gone()
  })

  test('is refused from anybody else', async () => {
    relay = await testRelay({ relay: { proxies: LOOPBACK } })
    const client = keep(await RawClient.open(relay.port, '127.0.0.2'))
    expect(await client.reply()).toMatch(/^220 /)
    expect(await client.command('PROXY TCP4 192.0.2.7 10.0.0.1 1025 25')).toMatch(/^500 /)
  })

  test('makes the limits count clients and not the balancer', async () => {
    relay = await testRelay({
      limits: { connectionsPerAddress: 1 },
      relay: { proxies: LOOPBACK, exempt: NOBODY },
    })
    const from = async (address: string) => {
      const client = keep(await RawClient.open(relay.port))
      client.write(`PROXY TCP4 ${address} 10.0.0.1 1025 25\r\n`)
      return client.reply()
    }
    expect(await from('192.0.2.1')).toMatch(/^220 /)
    expect(await from('192.0.2.2')).toMatch(/^220 /)
    expect(await from('192.0.2.1')).toMatch(/^421 4\.7\.0 /)
  })
})

describe('XCLIENT', () => {
  test('is offered to trusted filters, and its address is the client’s from then on', async () => {
    relay = await testRelay({
      relay: { forwarders: LOOPBACK, exempt: NOBODY },
      limits: { connectionsPerAddress: 1 },
    })
    const client = keep(await RawClient.open(relay.port))
    await client.reply()
    expect(await client.command('EHLO filter.example')).toMatch(/^250[- ]XCLIENT /m)
    expect(await client.command('XCLIENT ADDR=192.0.2.7 NAME=out.client.example')).toMatch(/^220 /)
    expect(await client.command('MAIL FROM:<z@other.example>')).toMatch(/^503 /)
    const hello = await client.command('EHLO client.example')
    expect(hello).toMatch(/^250/)
    expect(hello).not.toContain('XCLIENT')
    expect(await client.command('XCLIENT ADDR=192.0.2.8')).toMatch(/^5\d\d /)
    expect(await send(client)).toMatch(/^250 /)
    expect((await relay.kept())[0]?.envelope.client).toMatchObject({
      address: '192.0.2.7',
      name: 'out.client.example',
      helo: 'client.example',
    })
    // The filter's own place is free again; the client's is taken.
    const second = keep(await RawClient.hello(relay.port))
    expect(await second.command('XCLIENT ADDR=IPV6:2001:db8::1')).toMatch(/^220 /)
    const third = keep(await RawClient.hello(relay.port))
    expect(await third.command('XCLIENT ADDR=192.0.2.7')).toMatch(/^220 /)
    expect(await third.reply()).toMatch(/^421 4\.7\.0 /)
  })

  test.each(['ADDR=not-an-address', 'ADDR', 'ADDR=1.2.3.4 X=y', 'NAME=a+0D+0Ab', ''])(
    'with %j is refused whole',
    async words => {
      relay = await testRelay({ relay: { forwarders: LOOPBACK } })
      const client = keep(await RawClient.hello(relay.port))
      expect(await client.command(`XCLIENT ${words}`)).toMatch(/^501 /)
      expect(await send(client)).toMatch(/^250 /)
      expect((await relay.kept())[0]?.envelope.client?.address).toBe('127.0.0.1')
    },
  )

  test('is unknown to anybody else', async () => {
    relay = await testRelay({ relay: { forwarders: LOOPBACK } })
    const client = keep(await RawClient.open(relay.port, '127.0.0.2'))
    await client.reply()
    expect(await client.command('EHLO filter.example')).not.toContain('XCLIENT')
    expect(await client.command('XCLIENT ADDR=192.0.2.7')).toMatch(/^500 /)
  })
})

describe('certificates', () => {
  const pem = (name: string) => selfSigned(name, new Date(Date.now() - 1_000), new Date(Date.now() + 1e9))
  const nameOf = (socket: TLSSocket) => socket.getPeerX509Certificate()?.subjectAltName

  test('are chosen by name, and exchanged while connections live on', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'restante-certificates-'))
    const names = join(folder, 'names')
    await mkdir(names)
    const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
    const write = async (file: string, text: string) => {
      await writeFile(`${file}.new`, text)
      await rename(`${file}.new`, file)
    }
    const first = pem('one.example')
    await write(certFile, first.cert)
    await write(keyFile, first.key)
    const own = pem('mx.acme.example')
    await write(join(names, 'mx.acme.example.pem'), `${own.key}\n${own.cert}`)
    const files = { folder, hostname: 'mx.test', certFile, keyFile, nameFolder: names }
    relay = await testRelay({ relay: { certificates: await loadCertificates(files) } })
    const failed: string[] = []
    const log = { ...silentLog, error: (fields: { event: string }) => void failed.push(fields.event) }
    const watch = watchCertificates(files, log, found => relay.relay.useCertificates(found), 20)
    try {
      const seen = async (servername?: string) => {
        const client = keep(await RawClient.hello(relay.port))
        const socket = await client.startTls({ servername })
        return { client, name: nameOf(socket) }
      }
      const old = await seen()
      expect(old.name).toBe('DNS:one.example')
      expect((await seen('mx.acme.example')).name).toBe('DNS:mx.acme.example')
      expect((await seen('elsewhere.example')).name).toBe('DNS:one.example')

      const second = pem('two.example')
      await write(certFile, second.cert)
      // Certificate and key do not belong together for a moment: the old pair stays.
      await expect.poll(() => failed).toContain('relay.certificates-failed')
      expect((await seen()).name).toBe('DNS:one.example')
      await write(keyFile, second.key)
      const other = pem('mx.other.example')
      await write(join(names, 'mx.other.example.crt'), other.cert)
      await write(join(names, 'mx.other.example.key'), other.key)
      await expect.poll(async () => (await seen('mx.other.example')).name).toBe('DNS:mx.other.example')
      expect((await seen()).name).toBe('DNS:two.example')

      await old.client.command('EHLO client.example')
      expect(await send(old.client)).toMatch(/^250 /)
      const client = keep(await RawClient.hello(relay.port))
      await expect(
        client.startTls({ servername: 'mx.acme.example', maxVersion: 'TLSv1.1' }),
      ).rejects.toThrow()
    } finally {
      watch.close()
      await rm(folder, { recursive: true })
    }
  })
})
