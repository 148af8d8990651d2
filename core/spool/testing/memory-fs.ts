/**
 * A disk in memory that behaves as badly as real ones may, for tests.
 *
 * What was written is in the page cache; only a sync puts it on the disk, and only a folder's sync its names.
 * A process can be killed (the cache stays), the power can be cut (what was not synced is there, gone or
 * half there). A sync that failed takes the pages for clean all the same, as Linux does, so a second sync
 * says "done" for nothing.
 */
import { dirname } from 'node:path'
import type { SpoolFile, SpoolFs } from '../fs.ts'

export type Operation = 'open' | 'write' | 'sync' | 'truncate' | 'read' | 'remove' | 'syncFolder' | 'list'
/** Makes an operation fail (an error), or a write short (a number of bytes). */
export type Fault = (operation: Operation, path: string) => Error | number | undefined

type Inode = { data: Buffer; disk: Buffer; dirty: [number, number][]; modifiedAt: number }

export function fault(code: string): Error {
  return Object.assign(new Error(`${code}: made by the test`), { code })
}

export class MemoryDisk {
  #names = new Map<string, Inode>()
  #diskNames = new Map<string, Inode>()
  readonly #locks = new Map<string, object>()
  readonly #watchers = new Set<{ folder: string; onChange: (name: string) => void }>()
  free = { bytes: 0.5, inodes: 0.5 }

  /** The file system as one process sees it. After `kill` nothing it does has an effect, or ends. */
  process(makeFault: Fault = () => undefined): SpoolFs & { kill(): void; operations: number } {
    const owner = {}
    let alive = true
    const step = async (operation: Operation, path: string): Promise<number | undefined> => {
      await new Promise(resolve => setImmediate(resolve))
      self.operations += 1
      const made = alive ? makeFault(operation, path) : undefined
      // Looked at again: the fault may have been the kill.
      if (!alive) return new Promise(() => {})
      if (made instanceof Error) {
        if (operation === 'sync') this.#forgetDirty(path)
        throw made
      }
      return made
    }
    const self: SpoolFs & { kill(): void; operations: number } = {
      operations: 0,
      kill: () => {
        alive = false
        for (const [path, holder] of this.#locks) if (holder === owner) this.#locks.delete(path)
      },
      open: async (path, mode) => {
        await step('open', path)
        let inode = this.#names.get(path)
        if (mode === 'create') {
          if (inode) throw fault('EEXIST')
          inode = { data: Buffer.alloc(0), disk: Buffer.alloc(0), dirty: [], modifiedAt: Date.now() }
          this.#names.set(path, inode)
          this.#changed(path)
        }
        if (!inode) throw fault('ENOENT')
        return this.#file(path, inode, step)
      },
      list: async folder => {
        await step('list', folder)
        return [...this.#names.keys()]
          .filter(path => dirname(path) === folder)
          .map(path => path.slice(folder.length + 1))
      },
      stat: async path => {
        const inode = this.#names.get(path)
        return inode && { size: inode.data.length, modifiedAt: inode.modifiedAt }
      },
      remove: async path => {
        await step('remove', path)
        this.#names.delete(path)
        this.#changed(path)
      },
      makeFolder: async () => {},
      syncFolder: async folder => {
        await step('syncFolder', folder)
        for (const path of this.#diskNames.keys()) {
          if (dirname(path) === folder && !this.#names.has(path)) this.#diskNames.delete(path)
        }
        for (const [path, inode] of this.#names)
          if (dirname(path) === folder) this.#diskNames.set(path, inode)
      },
      space: async () => this.free,
      lock: path => {
        if (this.#locks.has(path)) return undefined
        this.#locks.set(path, owner)
        return { release: () => this.#locks.delete(path) }
      },
      watch: (folder, onChange) => {
        const watcher = { folder, onChange }
        this.#watchers.add(watcher)
        return { close: () => this.#watchers.delete(watcher) }
      },
    }
    return self
  }

  #changed(path: string): void {
    for (const { folder, onChange } of this.#watchers) {
      if (dirname(path) === folder) onChange(path.slice(folder.length + 1))
    }
  }

  #forgetDirty(path: string): void {
    const inode = this.#names.get(path)
    if (inode) inode.dirty = []
  }

  #file(
    path: string,
    inode: Inode,
    step: (operation: Operation, path: string) => Promise<number | undefined>,
  ): SpoolFile {
    return {
      write: async (buffers, position) => {
        const bytes = Buffer.concat(buffers)
        const most = await step('write', path)
        const taken = bytes.subarray(0, most ?? bytes.length)
        const length = Math.max(inode.data.length, position + taken.length)
        const data = Buffer.alloc(length)
        inode.data.copy(data)
        taken.copy(data, position)
        inode.data = data
        inode.dirty.push([position, position + taken.length])
        inode.modifiedAt = Date.now()
        this.#changed(path)
        return taken.length
      },
      read: async (into, position) => {
        await step('read', path)
        return inode.data.copy(into, 0, position)
      },
      sync: async () => {
        await step('sync', path)
        persist(inode, inode.dirty)
        if (inode.disk.length > inode.data.length) inode.disk = inode.disk.subarray(0, inode.data.length)
        inode.dirty = []
      },
      truncate: async length => {
        await step('truncate', path)
        inode.data = Buffer.from(inode.data.subarray(0, length))
      },
      size: async () => inode.data.length,
      close: async () => {},
    }
  }

  /**
   * The power goes. Names and bytes that were not synced survive or don't, as `chance` (0 to 1, called
   * often) says; a write may have reached the disk in part.
   */
  powerCut(chance: () => number): void {
    this.#locks.clear()
    const names = new Map(this.#diskNames)
    for (const [path, inode] of this.#names) if (chance() < 0.5) names.set(path, inode)
    for (const path of this.#diskNames.keys()) {
      if (!this.#names.has(path) && chance() < 0.5) names.delete(path)
    }
    for (const inode of new Set(names.values())) {
      const survived = inode.dirty.filter(() => chance() < 0.5)
      persist(
        inode,
        survived.map(([from, to]) => [from, from + Math.floor((to - from) * chance())]),
      )
      inode.data = Buffer.from(inode.disk)
      inode.dirty = []
    }
    this.#names = names
    this.#diskNames = new Map(names)
  }

  /** Bytes of a file, to look at or to spoil. */
  bytesOf(path: string): Buffer | undefined {
    return this.#names.get(path)?.data
  }

  get paths(): string[] {
    return [...this.#names.keys()]
  }
}

function persist(inode: Inode, ranges: [number, number][]): void {
  for (const [from, to] of ranges) {
    const end = Math.min(to, inode.data.length)
    if (end <= from) continue
    const disk = Buffer.alloc(Math.max(inode.disk.length, end))
    inode.disk.copy(disk)
    inode.data.copy(disk, from, from, end)
    inode.disk = disk
  }
}
