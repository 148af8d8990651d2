/**
 * Opening the spool: for writing (with its writer lock) or only for reading, in a folder or in a bucket.
 */
import { fileURLToPath } from 'node:url'
import type { Log } from '../observe/log.ts'
import { FileReader } from './file-reader.ts'
import { FileStore } from './file-store.ts'
import { localFs, type SpoolFs } from './fs.ts'
import { LogReader } from './reader.ts'
import { OpenedSpool } from './spool.ts'
import type { ReadableStore, WritableStore } from './store.ts'
import { type Spool, SpoolError, type SpoolReader } from './types.ts'

export type OpenOptions = {
  /** file:/folder or s3://bucket/prefix?endpoint=…&region=… */
  url: string
  /** 32 bytes: deriveKey(secret, 'spool'). */
  secretKey: Buffer
  encrypt: boolean
  /** Which process writes: relay, worker, webmail, cli. */
  writer: string
  log: Log
  /** The file system, for tests. */
  fs?: SpoolFs
  /** Share of the disk that must be free for `health` to be ok; 0.1 unless told. */
  minimumFree?: number
  /** Bytes and ms after which a segment is closed. */
  segmentSize?: number
  segmentAge?: number
  /** S3 only: how long a writer's sign of life must stand still before it counts as dead, in ms. */
  lease?: number
  /** Pause between sweeps, in ms. */
  sweep?: number
}

/** @throws SpoolError `failed` when the place can't be used */
export async function openSpool(options: OpenOptions): Promise<Spool> {
  const spool = new OpenedSpool(options, await openWritableStore(options))
  await spool.start()
  return spool
}

/** Opens for reading only: takes no lock and changes nothing; the folder need not exist yet. */
export async function openSpoolReader(
  options: Pick<OpenOptions, 'url' | 'secretKey' | 'log' | 'fs'>,
): Promise<SpoolReader> {
  return new LogReader(await openReadableStore(options), options.secretKey)
}

export async function openReadableStore(
  options: Pick<OpenOptions, 'url' | 'log' | 'fs'>,
): Promise<ReadableStore> {
  if (options.url.startsWith('s3:')) {
    // Loaded only when asked for: the client is large.
    const { S3Reader } = await import('./s3-reader.ts')
    return S3Reader.open(options.url)
  }
  return new FileReader(folderOf(options.url), options.fs ?? localFs)
}

export async function openWritableStore(
  options: Pick<OpenOptions, 'url' | 'writer' | 'log' | 'fs' | 'lease'>,
): Promise<WritableStore> {
  if (!/^[a-z]+$/.test(options.writer)) throw new TypeError(`writer ${options.writer}: a to z only`)
  if (options.url.startsWith('s3:')) {
    const { S3Store } = await import('./s3-store.ts')
    return S3Store.openForWriting(options.url, options.writer, options.log, options.lease)
  }
  const folder = folderOf(options.url)
  try {
    return await FileStore.open(folder, options.writer, options.fs ?? localFs, options.log)
  } catch (error) {
    throw new SpoolError('failed', `spool ${folder}: ${(error as Error).message}`, { cause: error })
  }
}

/** file:/folder, file:///folder; also with characters that a URL would have to escape. */
function folderOf(url: string): string {
  if (!url.startsWith('file:')) throw new SpoolError('failed', `spool ${url}: neither file: nor s3:`)
  return url.startsWith('file://') ? fileURLToPath(url) : url.slice('file:'.length)
}
