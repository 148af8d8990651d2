import { describe, expect, test } from 'vitest'
import { effort, forecast, type Progress } from './forecast.ts'
import { feedback, openWindow } from './window.ts'

const now = new Date('2026-03-02T10:00:00Z')
/** Seconds from now. */
const said = (progress: Progress, waiting: number) => {
  const found = forecast(progress, waiting, now)
  return found.type === 'at' ? (found.at.getTime() - now.getTime()) / 1000 : found.type
}
const even = (before: number | null, each: number, came = 0): Progress => ({
  before,
  counts: Array.from({ length: 24 }, () => each),
  step: 1_000,
  came,
})

test.each<[string, Progress, number, number | string]>([
  ['is now when nothing waits', even(0, 10), 0, 0],
  ['follows the rate', even(1_000, 10), 900, 90],
  ['counts what comes meanwhile against it', even(1_000, 10, 120), 900, 180],
  ['says so when more comes than goes', even(1_000, 10, 241), 900, 'never'],
  ['says nothing while nothing moves', even(0, 0), 900, 'unknown'],
  ['says that it grows when nothing moves and more comes', even(null, 0, 50), 900, 'never'],
  [
    'leaves the beginning out',
    { before: 0, counts: [0, 0, 0, 0, 0, 300, 300, 300, 300, 300, 300, 300], step: 1_000, came: 0 },
    3_000,
    11,
  ],
])('the forecast %s', (_, progress, waiting, seconds) => {
  const found = said(progress, waiting)
  if (typeof seconds === 'string') expect(found).toBe(seconds)
  else expect(Math.abs(Number(found) - seconds)).toBeLessThanOrEqual(seconds * 0.05)
})

test('effort counts what the window lets through at a time', () => {
  let window = openWindow(1)
  let done = 0
  for (let round = 0; round < 40; round++) {
    expect(effort(done)).toBeCloseTo(round, 6)
    const wide = window.size
    for (let n = 0; n < wide; n++) window = feedback(window, 'success')
    done += wide
  }
})

/** A drain by the real window against a server that takes `each` ms for a message. */
function drain(
  total: number,
  each: number,
  until: number,
): { progress: Progress; left: number; end: number } {
  const times: number[] = []
  let window = openWindow(1)
  for (let time = each; times.length < total; time += each) {
    const wide = Math.min(window.size, total - times.length)
    for (let n = 0; n < wide; n++) {
      times.push(time)
      window = feedback(window, 'success')
    }
  }
  return seenAt(times, until)
}

/** What a look at it shows when a part of it is done: the last two minutes, in 24 parts. */
function seenAt(times: readonly number[], until: number): { progress: Progress; left: number; end: number } {
  const total = times.length
  const at = times[Math.ceil(total * until) - 1]!
  const over = Math.min(120_000, Math.max(1_000, at))
  const step = over / 24
  const counts = new Array<number>(24).fill(0)
  const gone = times.filter(time => time <= at)
  let before = 0
  for (const time of gone) {
    const place = 23 - Math.floor((at - time) / step)
    if (place < 0) before++
    else counts[place]!++
  }
  return { progress: { before, counts, step, came: 0 }, left: total - gone.length, end: times.at(-1)! - at }
}

describe('by a growing window it is within a quarter of the truth after the first tenth', () => {
  test.each([
    [100, 2_000],
    [200, 400],
    [500, 400],
    [2_000, 50],
    [20_000, 50],
    [100_000, 100],
  ])('%d that waited, %d ms each', (total, each) => {
    const { progress, left, end } = drain(total, each, 0.1)
    expect(Math.abs((said(progress, left) as number) * 1000 - end)).toBeLessThan(end * 0.25)
  })
})

/** How many of a backlog arrived in each part, as `npm run bench drain --series` wrote it down. */
const recorded: Record<string, { step: number; counts: number[] }> = {
  '20,000 at a server that takes all at once': {
    step: 250,
    counts: [
      0, 14, 92, 142, 160, 143, 240, 200, 240, 200, 116, 204, 200, 200, 160, 160, 160, 240, 200, 240, 200,
      240, 213, 200, 179, 160, 180, 198, 240, 223, 217, 240, 239, 160, 84, 141, 119, 220, 240, 240, 240, 240,
      240, 257, 220, 200, 200, 192, 200, 240, 240, 200, 240, 200, 160, 200, 220, 239, 241, 200, 216, 240, 200,
      200, 240, 200, 200, 240, 240, 234, 166, 240, 200, 200, 240, 200, 280, 200, 200, 200, 200, 200, 240, 240,
      240, 200, 240, 240, 240, 160, 160, 200, 240, 240, 240, 240, 240, 228, 63,
    ],
  },
  '100,000 on a machine that others used, faster at the end': {
    step: 1_000,
    counts: [
      0, 178, 379, 221, 247, 360, 440, 413, 440, 481, 419, 400, 501, 440, 440, 320, 240, 400, 440, 440, 481,
      380, 420, 400, 455, 420, 340, 160, 160, 160, 240, 260, 380, 412, 368, 320, 320, 280, 200, 200, 180, 180,
      198, 280, 242, 278, 240, 280, 360, 360, 322, 360, 200, 197, 303, 260, 280, 240, 240, 240, 223, 240, 257,
      240, 160, 223, 200, 257, 263, 240, 240, 217, 240, 240, 223, 120, 120, 217, 240, 263, 257, 240, 263, 257,
      240, 263, 280, 160, 120, 280, 308, 292, 337, 280, 300, 280, 240, 280, 360, 198, 242, 316, 304, 300, 280,
      280, 260, 300, 320, 280, 260, 120, 340, 320, 260, 340, 360, 400, 320, 360, 360, 320, 200, 160, 240, 251,
      269, 291, 280, 269, 280, 251, 269, 251, 180, 140, 300, 260, 280, 260, 260, 260, 280, 260, 220, 200, 200,
      200, 240, 240, 320, 300, 240, 260, 260, 280, 240, 280, 180, 140, 260, 300, 420, 480, 400, 400, 400, 400,
      480, 440, 260, 220, 380, 380, 400, 279, 280, 320, 281, 319, 360, 241, 149, 211, 360, 360, 340, 320, 380,
      360, 340, 320, 340, 280, 178, 181, 360, 400, 440, 400, 340, 360, 280, 380, 320, 240, 160, 199, 421, 299,
      240, 341, 355, 384, 461, 459, 421, 320, 320, 470, 490, 480, 400, 419, 421, 419, 461, 400, 379, 240, 381,
      360, 400, 379, 423, 360, 400, 480, 480, 518, 280, 479, 520, 520, 480, 440, 520, 483, 460, 500, 560, 400,
      480, 560, 480, 520, 560, 440, 437, 440, 363, 520, 285, 435, 520, 360, 639, 421, 520, 476, 560, 600, 700,
      558, 482, 760, 660, 607, 720, 760, 800, 840, 800, 760, 800, 560, 1000, 920, 150,
    ],
  },
}

test.each(Object.keys(recorded))(
  'of a real drain of %s it is within a quarter after the first tenth',
  name => {
    const { step, counts } = recorded[name]!
    const times = counts.flatMap((count, place) =>
      Array.from({ length: count }, (_, n) => (place + (n + 0.5) / count) * step),
    )
    const { progress, left, end } = seenAt(times, 0.1)
    expect(Math.abs((said(progress, left) as number) * 1000 - end)).toBeLessThan(end * 0.25)
  },
)
