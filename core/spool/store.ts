/**
 * Where segments and large contents are kept: the port that local files and S3 fill in, and that
 * contract.ts tests. A store knows bytes, not records: whatever one `commit` takes becomes durable together.
 *
 * A segment is open while its writer lives. What a reader may see of an open one ends at what its writer has
 * said to be durable; a closed one is seen whole and never changes again.
 */
import type { SegmentInfo, SpoolHealth } from './types.ts'

/** Bytes of one segment, for reading. */
export interface SegmentBytes {
  /** How far a reader may go, and whether that is for good. */
  readonly end: number
  readonly closed: boolean
  /** Bytes from a position, fewer where the stored ones end (which can be after `end`). */
  read(position: number, length: number): Promise<Buffer>
  close(): Promise<void>
}

export interface ReadableStore {
  /** Oldest first. */
  list(): Promise<SegmentInfo[]>
  /** undefined when there is no such segment. For `read` of a known place, `end` need not be up to date. */
  open(segment: string, purpose?: 'scan' | 'read'): Promise<SegmentBytes | undefined>
  /** A large content as stored; undefined when it is not there. */
  readLarge(id: string): Promise<AsyncIterable<Buffer> | undefined>
  watch(onChange: () => void): { close(): void }
}

/** The end of a segment that is being written. One call at a time. */
export interface SegmentSink {
  readonly name: string
  /**
   * Writes at the end and makes it durable; then readers may see it, unless the segment is hidden.
   * When it rejects, the segment must be abandoned: what a second try would tell is worth nothing.
   */
  commit(buffers: readonly Buffer[]): Promise<void>
  /** No more will come: it can be seen whole, by everybody. */
  close(): Promise<void>
  /** Cuts off what no commit made durable, as far as that still works, and closes it. Never rejects. */
  abandon(): Promise<void>
}

/** A large content being written. */
export interface LargeSink {
  write(bytes: Buffer): Promise<void>
  /** Makes it durable, its name included. */
  finish(): Promise<void>
  /** Takes it away again. Never rejects. */
  abort(): Promise<void>
}

/** What stands in a segment's bytes: its last valid record ends at `end`; 0 when there is none. */
export type Inspect = (name: string, bytes: Pick<SegmentBytes, 'read'>) => Promise<{ end: number }>

export interface WritableStore extends ReadableStore {
  /** Tells this writer from all others that ever were: begins the names of its segments' last part. */
  readonly writerId: string
  /** @param hidden readers see nothing of it before it is closed */
  create(name: string, options?: { hidden?: boolean }): Promise<SegmentSink>
  createLarge(id: string): Promise<LargeSink>
  /** Closes the segments that dead writers left open, torn ends cut. Returns their names. */
  takeOver(inspect: Inspect): Promise<string[]>
  /** The bytes of an open segment that readers do not see yet, too. */
  openWhole(segment: string): Promise<SegmentBytes | undefined>
  remove(segment: string): Promise<void>
  /** `modifiedAt` in ms. */
  listLarge(): Promise<{ id: string; modifiedAt: number }[]>
  removeLarge(id: string): Promise<void>
  /** Keeps damaged bytes for somebody to look at. */
  setAside(name: string, bytes: Buffer): Promise<void>
  /** Only one process at a time; undefined when another is at it. */
  exclusive(purpose: string): Promise<{ release(): Promise<void> } | undefined>
  health(minimumFree: number): Promise<SpoolHealth>
  close(): Promise<void>
}
