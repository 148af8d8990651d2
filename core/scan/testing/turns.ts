/**
 * What something costs the thread it runs in, measured so that a busy machine does not fool it: processor time, not
 * time on the wall, of the longest turn of the event loop; and the most that it held.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const MIB = 1_048_576

/**
 * @returns ms of processor time of this thread in the longest turn. A turn is one way round the event loop: all
 * that became ready meanwhile is in it, so it is rather more than the longest stretch without a pause.
 */
export async function longestTurn(run: () => Promise<unknown>): Promise<number> {
  let longest = 0
  let before = cpu()
  const look = () => {
    const now = cpu()
    longest = Math.max(longest, now - before)
    before = cpu()
    next = setImmediate(look)
  }
  let next = setImmediate(look)
  try {
    await run()
  } finally {
    clearImmediate(next)
  }
  return Math.max(longest, cpu() - before)
}

function cpu(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}

/**
 * @returns MiB that are alive at most, more than before: objects of this thread's heap, and buffers outside of it.
 * Only what a collection leaves counts. Looks take a third of the time.
 */
export async function mostHeld(run: () => Promise<unknown>): Promise<{ heap: number; buffers: number }> {
  const before = alive()
  const most = { heap: 0, buffers: 0 }
  let timer: NodeJS.Timeout | undefined
  const look = () => {
    const begun = performance.now()
    const now = alive()
    most.heap = Math.max(most.heap, now.heap - before.heap)
    most.buffers = Math.max(most.buffers, now.buffers - before.buffers)
    timer = setTimeout(look, 2 * (performance.now() - begun))
  }
  timer = setTimeout(look)
  try {
    await run()
  } finally {
    clearTimeout(timer)
  }
  return { heap: most.heap / MIB, buffers: most.buffers / MIB }
}

function alive(): { heap: number; buffers: number } {
  // The second waits for what the first still frees beside.
  collect()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return { heap: heapUsed, buffers: external }
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
