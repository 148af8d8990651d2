/**
 * Small real pictures for the example mail, drawn here so that the repository holds no foreign ones: PNG as
 * in RFC 2083, 8-bit RGB, one IDAT.
 */
import { crc32, deflateSync } from 'node:zlib'

type Colour = readonly [red: number, green: number, blue: number]
/** x and y from 0 to 1. */
export type Shade = (x: number, y: number) => Colour

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const result = Buffer.alloc(body.length + 8)
  result.writeUInt32BE(data.length, 0)
  body.copy(result, 4)
  result.writeUInt32BE(crc32(body), body.length + 4)
  return result
}

/** Draws a picture by asking for each pixel's colour. */
export function draw(width: number, height: number, shade: Shade): Buffer {
  const rows = Buffer.alloc(height * (width * 3 + 1))
  let at = 0
  for (let y = 0; y < height; y++) {
    rows[at++] = 0
    for (let x = 0; x < width; x++) {
      for (const value of shade((x + 0.5) / width, (y + 0.5) / height)) {
        rows[at++] = Math.max(0, Math.min(255, Math.round(value)))
      }
    }
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8)
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

const mix = (a: Colour, b: Colour, t: number): Colour => {
  const part = Math.max(0, Math.min(1, t))
  return [a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part, a[2] + (b[2] - a[2]) * part]
}

/** Grain that is the same each time: a hash of the place, −1 to 1. */
function grain(x: number, y: number): number {
  const value = Math.sin(Math.floor(x * 160) * 12.9898 + Math.floor(y * 160) * 78.233) * 43758.5453
  return (value - Math.floor(value)) * 2 - 1
}

/** A loaf of bread on a board. */
export const loaf: Shade = (x, y) => {
  const wall = mix([246, 238, 224], [232, 214, 188], y)
  const board = mix([176, 128, 84], [142, 98, 60], (y - 0.72) * 3 + 0.15 * Math.sin(x * 60 + y * 9))
  const background = y > 0.72 ? board : wall
  const [dx, dy] = [(x - 0.5) / 0.38, (y - 0.56) / 0.27]
  const distance = dx * dx + dy * dy
  if (distance > 1) {
    // Its shadow on the board.
    const shadow = ((x - 0.53) / 0.42) ** 2 + ((y - 0.8) / 0.08) ** 2
    return shadow < 1 ? mix([96, 62, 36], background, shadow) : background
  }
  const light = 0.75 - 0.5 * dy - 0.25 * dx - 0.35 * distance
  const crust = mix([120, 66, 26], [222, 158, 84], light + grain(x, y) * 0.05)
  // Three slanting cuts.
  const cut = Math.abs(((dx * 2.2 + dy * 0.9 + 3.3) % 1.1) - 0.55)
  return cut < 0.1 && Math.abs(dy) < 0.62 ? mix([250, 232, 196], crust, cut * 10) : crust
}

/** A harbour at evening: sky, sun, water. */
export const harbour: Shade = (x, y) => {
  if (y > 0.62) {
    const depth = y - 0.62
    const ragged = 0.5 + 0.5 * Math.sin(Math.floor(depth * 60) * 2.4)
    const glitter = Math.abs(x - 0.68) < (0.03 + depth * 0.22) * ragged && Math.sin(depth * 250) > 0.3
    return glitter ? [255, 214, 150] : mix([64, 96, 128], [22, 44, 72], (y - 0.62) * 2.4)
  }
  const sun = Math.hypot((x - 0.68) * 1.6, y - 0.56)
  if (sun < 0.09) return [255, 236, 190]
  const hill = 0.62 - 0.34 * Math.max(0, 0.5 - x) * (1 + 0.35 * Math.sin(x * 13 + 1))
  if (y > hill) return mix([58, 62, 92], [40, 46, 74], y)
  return mix(mix([84, 110, 168], [250, 170, 118], y * 1.7), [255, 224, 168], 0.35 - sun)
}

/** A bar chart without words: sales of seven days. */
export function bars(values: readonly number[]): Shade {
  const top = Math.max(...values)
  return (x, y) => {
    const index = Math.min(values.length - 1, Math.floor(x * values.length))
    const inside = x * values.length - index
    const height = ((values[index] ?? 0) / top) * 0.86
    if (inside > 0.16 && inside < 0.84 && 1 - y < height + 0.04 && y < 0.96) {
      return mix([222, 140, 60], [188, 96, 34], y)
    }
    return Math.abs(y - 0.96) < 0.006 ? [120, 110, 100] : [252, 249, 244]
  }
}
