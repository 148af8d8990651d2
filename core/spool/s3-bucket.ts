/**
 * The few calls of the S3 protocol that the spool needs, on one bucket below one prefix.
 *
 * Nothing newer than what simple S3 servers have is used: no If-None-Match, no checksums beyond what the
 * protocol needs, no bulk deletion.
 */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { SpoolError } from './types.ts'

/** Bytes of a part of a large upload; the protocol asks for 5 MiB at least. */
const PART = 8 * 1024 * 1024
/** Longest time without an answer, in ms. */
const REQUEST_TIMEOUT = 30_000
const CONNECT_TIMEOUT = 5_000

export type Listed = { key: string; size: number; modifiedAt: number }

export class Bucket {
  readonly #client: S3Client
  readonly #bucket: string
  readonly #prefix: string

  /** @param url s3://[key:secret@]bucket/prefix?endpoint=…&region=…; without key: AWS's own variables */
  constructor(url: string) {
    const { hostname, pathname, username, password, searchParams } = new URL(url)
    if (!hostname) throw new SpoolError('failed', `spool ${redact(url)}: no bucket`)
    const endpoint = searchParams.get('endpoint') ?? undefined
    this.#bucket = hostname
    const path = decodeURIComponent(pathname).replace(/^\/+|\/+$/g, '')
    this.#prefix = path ? `${path}/` : ''
    this.#client = new S3Client({
      region: searchParams.get('region') ?? process.env.AWS_REGION ?? 'us-east-1',
      endpoint,
      forcePathStyle: endpoint !== undefined,
      credentials: username
        ? { accessKeyId: decodeURIComponent(username), secretAccessKey: decodeURIComponent(password) }
        : undefined,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      maxAttempts: 3,
      requestHandler: { requestTimeout: REQUEST_TIMEOUT, connectionTimeout: CONNECT_TIMEOUT },
    })
  }

  /** Durable when it resolves. A second try writes the same bytes under the same key. */
  async put(key: string, bytes: Buffer): Promise<void> {
    const Key = this.#prefix + key
    await this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key, Body: bytes }))
  }

  /** Bytes of an object from `from` up to `to` (not included); undefined when it is not there. */
  async get(key: string, from: number, to: number): Promise<Buffer | undefined> {
    const body = await this.#body(key, `bytes=${from}-${to - 1}`)
    return body && Buffer.from(await body.transformToByteArray())
  }

  async stream(key: string): Promise<AsyncIterable<Buffer> | undefined> {
    return (await this.#body(key)) as unknown as AsyncIterable<Buffer> | undefined
  }

  async #body(key: string, range?: string) {
    try {
      const Key = this.#prefix + key
      const { Body } = await this.#client.send(
        new GetObjectCommand({ Bucket: this.#bucket, Key, Range: range }),
      )
      return Body
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  /** Objects whose key begins so, in the order of their keys, without our prefix. */
  async list(start: string, after?: string): Promise<Listed[]> {
    const listed: Listed[] = []
    for await (const page of this.#pages({ start, after })) {
      for (const { Key, Size, LastModified } of page.Contents ?? []) {
        const key = Key!.slice(this.#prefix.length)
        listed.push({ key, size: Size ?? 0, modifiedAt: LastModified?.getTime() ?? 0 })
      }
    }
    return listed
  }

  /** The next parts of the keys below a folder. */
  async folders(folder: string): Promise<string[]> {
    const names: string[] = []
    for await (const page of this.#pages({ start: folder, delimiter: '/' })) {
      for (const { Prefix } of page.CommonPrefixes ?? []) {
        names.push(Prefix!.slice(this.#prefix.length + folder.length, -1))
      }
    }
    return names
  }

  async *#pages({ start, after, delimiter }: { start: string; after?: string; delimiter?: string }) {
    let token: string | undefined
    do {
      const page = await this.#client.send(
        new ListObjectsV2Command({
          Bucket: this.#bucket,
          Prefix: this.#prefix + start,
          StartAfter: after && !token ? this.#prefix + after : undefined,
          Delimiter: delimiter,
          ContinuationToken: token,
        }),
      )
      yield page
      token = page.IsTruncated ? page.NextContinuationToken : undefined
    } while (token)
  }

  async remove(key: string): Promise<void> {
    try {
      await this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: this.#prefix + key }))
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  }

  /** An object that is written as it comes: not there before `finish`, and durable after it. */
  upload(key: string) {
    const target = { Bucket: this.#bucket, Key: this.#prefix + key }
    const parts: { ETag?: string; PartNumber: number }[] = []
    let held: Buffer[] = []
    let length = 0
    let id: string | undefined
    const send = async () => {
      id ??= (await this.#client.send(new CreateMultipartUploadCommand(target))).UploadId
      const PartNumber = parts.length + 1
      const Body = Buffer.concat(held)
      held = []
      length = 0
      const { ETag } = await this.#client.send(
        new UploadPartCommand({ ...target, UploadId: id, PartNumber, Body }),
      )
      parts.push({ ETag, PartNumber })
    }
    return {
      write: async (bytes: Buffer) => {
        held.push(bytes)
        length += bytes.length
        if (length >= PART) await send()
      },
      finish: async () => {
        if (!id) return this.put(key, Buffer.concat(held))
        if (length > 0) await send()
        const MultipartUpload = { Parts: parts }
        await this.#client.send(
          new CompleteMultipartUploadCommand({ ...target, UploadId: id, MultipartUpload }),
        )
      },
      abort: async () => {
        try {
          if (id) await this.#client.send(new AbortMultipartUploadCommand({ ...target, UploadId: id }))
          else await this.remove(key)
        } catch {
          // Parts without an upload cost room only; the bucket's own life cycle rule removes them.
        }
      },
    }
  }

  close(): void {
    this.#client.destroy()
  }
}

function isMissing(error: unknown): boolean {
  const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } }
  return name === 'NoSuchKey' || (name !== 'NoSuchBucket' && $metadata?.httpStatusCode === 404)
}

/** The URL without the secret, for messages. */
function redact(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//…@')
}
