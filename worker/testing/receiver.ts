/**
 * A web server on loopback that takes what is posted to it: as a webhook's receiver, or as the push service of a
 * browser whose keys it has, so that what was pushed can be read (RFC 8291, RFC 8188).
 */
import { createDecipheriv, createECDH, type ECDH, hkdfSync, randomBytes } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Post = { path: string; headers: IncomingHttpHeaders; body: Buffer }
export type Receiver = {
  url: string
  posts: Post[]
  /** The bodies as JSON, of one path. */
  json(path: string): Record<string, unknown>[]
  /** What it answers from now on. */
  answer: { status: number; headers?: Record<string, string>; body?: string }
  close(): Promise<void>
}

export async function startReceiver(): Promise<Receiver> {
  const server: Server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', part => parts.push(part))
    request.on('end', () => {
      receiver.posts.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(parts) })
      response.writeHead(receiver.answer.status, receiver.answer.headers)
      response.end(receiver.answer.body ?? '')
    })
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posts: [],
    answer: { status: 200 },
    json: path => receiver.posts.filter(one => one.path === path).map(one => JSON.parse(one.body.toString())),
    async close() {
      server.closeAllConnections()
      await new Promise(done => server.close(done))
    },
  }
  return receiver
}

export type TestBrowser = {
  keys: { p256dh: string; auth: string }
  /** What was pushed, read with the subscription's keys. @throws when it was not encrypted for them */
  read(body: Buffer): Record<string, unknown>
}

export function testBrowser(): TestBrowser {
  const ecdh = createECDH('prime256v1')
  const publicKey = ecdh.generateKeys()
  const auth = randomBytes(16)
  return {
    keys: { p256dh: publicKey.toString('base64url'), auth: auth.toString('base64url') },
    read: body => JSON.parse(decrypt(body, ecdh, publicKey, auth).toString('utf8')),
  }
}

function decrypt(body: Buffer, ecdh: ECDH, publicKey: Buffer, auth: Buffer): Buffer {
  // salt (16), record size (4), length of the key id (1), the sender's public key, one record.
  const salt = body.subarray(0, 16)
  const length = body[20] ?? 0
  const sender = body.subarray(21, 21 + length)
  const record = body.subarray(21 + length)
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), publicKey, sender])
  const secret = hkdfSync('sha256', ecdh.computeSecret(sender), auth, info, 32)
  const key = hkdfSync('sha256', Buffer.from(secret), salt, 'Content-Encoding: aes128gcm\0', 16)
  const nonce = hkdfSync('sha256', Buffer.from(secret), salt, 'Content-Encoding: nonce\0', 12)
  const decipher = createDecipheriv('aes-128-gcm', Buffer.from(key), Buffer.from(nonce))
  decipher.setAuthTag(record.subarray(-16))
  const padded = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()])
  // 2 ends the last record; zeros follow.
  return padded.subarray(0, padded.lastIndexOf(2))
}
