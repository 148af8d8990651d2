/**
 * The file system as the spool sees it: few calls, each of which may fail.
 *
 * It is a port so that tests can make a write short, a sync fail or the power go (testing/memory-fs.ts).
 * Nothing here retries and nothing here hides an error: what a failed sync means is the caller's decision.
 */
import nodeFs from 'node:fs'
import { promisify } from 'node:util'
import { type Lock, lockFile } from './lock.ts'

export type SpoolFile = {
  /** Writes at a position. Returns the bytes written, which may be fewer than given. */
  write(buffers: Buffer[], position: number): Promise<number>
  /** Fills the buffer from a position. Returns the bytes read, fewer at the end of the file. */
  read(into: Buffer, position: number): Promise<number>
  /** fdatasync: the bytes and the file's length are on stable storage. */
  sync(): Promise<void>
  truncate(length: number): Promise<void>
  size(): Promise<number>
  close(): Promise<void>
}

export type SpoolFs = {
  /** `create` fails when the file exists; `write` and `read` when it does not. */
  open(path: string, mode: 'create' | 'write' | 'read'): Promise<SpoolFile>
  /** Names in a folder; none when the folder does not exist. */
  list(folder: string): Promise<string[]>
  /** undefined when it does not exist. `modifiedAt` in ms. */
  stat(path: string): Promise<{ size: number; modifiedAt: number } | undefined>
  /** Removes a file; nothing happens when it is gone already. */
  remove(path: string): Promise<void>
  /** Makes a folder and those above it. */
  makeFolder(path: string): Promise<void>
  /** The folder's entries (files made, files removed) are on stable storage. */
  syncFolder(path: string): Promise<void>
  /** Shares of the file system that are free, 0 to 1. */
  space(path: string): Promise<{ bytes: number; inodes: number }>
  /** Takes a lock that ends with this process; undefined when another holds it. */
  lock(path: string): Lock | undefined
  /** Calls back with the names of files in a folder that came, went or changed. */
  watch(folder: string, onChange: (name: string) => void): { close(): void }
}

// The callback functions, made into promises once: half the cost of FileHandle's methods for small writes.
const open = promisify(nodeFs.open)
const close = promisify(nodeFs.close)
const fdatasync = promisify(nodeFs.fdatasync)
const fsync = promisify(nodeFs.fsync)
const ftruncate = promisify(nodeFs.ftruncate)
const fstat = promisify(nodeFs.fstat)
const FLAGS = { create: 'wx+', write: 'r+', read: 'r' } as const
/** The kernel's limit of buffers in one writev (IOV_MAX). */
const MOST_BUFFERS = 1024

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}

function file(fd: number): SpoolFile {
  return {
    write: (buffers, position) =>
      new Promise((resolve, reject) => {
        nodeFs.writev(fd, buffers.slice(0, MOST_BUFFERS), position, (error, written) =>
          error ? reject(error) : resolve(written),
        )
      }),
    async read(into, position) {
      let done = 0
      while (done < into.length) {
        const got = await new Promise<number>((resolve, reject) => {
          nodeFs.read(fd, into, done, into.length - done, position + done, (error, bytes) =>
            error ? reject(error) : resolve(bytes),
          )
        })
        if (got === 0) break
        done += got
      }
      return done
    },
    sync: () => fdatasync(fd),
    truncate: length => ftruncate(fd, length),
    size: async () => (await fstat(fd)).size,
    close: () => close(fd),
  }
}

/** The machine's own file system. */
export const localFs: SpoolFs = {
  async open(path, mode) {
    return file(await open(path, FLAGS[mode], 0o600))
  },
  async list(folder) {
    try {
      return await nodeFs.promises.readdir(folder)
    } catch (error) {
      if (isMissing(error)) return []
      throw error
    }
  },
  async stat(path) {
    try {
      const { size, mtimeMs } = await nodeFs.promises.stat(path)
      return { size, modifiedAt: mtimeMs }
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  },
  async remove(path) {
    await nodeFs.promises.rm(path, { force: true })
  },
  async makeFolder(path) {
    await nodeFs.promises.mkdir(path, { recursive: true, mode: 0o700 })
  },
  async syncFolder(path) {
    const fd = await open(path, 'r')
    try {
      await fsync(fd)
    } finally {
      await close(fd)
    }
  },
  async space(path) {
    const { blocks, bavail, files, ffree } = await nodeFs.promises.statfs(path)
    // Some file systems (btrfs) count no inodes: then there is no shortage of them.
    return { bytes: blocks > 0 ? bavail / blocks : 1, inodes: files > 0 ? ffree / files : 1 }
  },
  lock: lockFile,
  watch(folder, onChange) {
    const watcher = nodeFs.watch(folder, { persistent: false }, (_event, name) => onChange(name ?? ''))
    // A watch that fails is only a lost hint: whoever watches polls as well.
    watcher.on('error', () => watcher.close())
    return watcher
  },
}

/** Writes all bytes, in as many calls as the file system makes of it. */
export async function writeAll(file: SpoolFile, buffers: readonly Buffer[], position: number): Promise<void> {
  let left = buffers.filter(buffer => buffer.length > 0)
  let at = position
  while (left.length > 0) {
    let written = await file.write(left, at)
    if (written <= 0) throw new Error('the file system took no bytes')
    at += written
    let whole = 0
    while (whole < left.length && written >= left[whole]!.length) {
      written -= left[whole]!.length
      whole += 1
    }
    left = left.slice(whole)
    if (written > 0) left[0] = left[0]!.subarray(written)
  }
}
