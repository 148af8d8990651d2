/**
 * LZMA, as much of it as reads the compressed directory of a 7z file: all of the input and all of the output
 * in memory, both of a size known before (the LZMA specification, in the public domain).
 */

const TOP = 2 ** 24
const HALF = 1024

class RangeDecoder {
  readonly #input: Buffer
  #at = 5
  #range = 0xffffffff
  #code: number
  /** Read beyond its input, or not begun as it has to. */
  broken: boolean

  constructor(input: Buffer) {
    this.#input = input
    this.broken = input.length < 5 || input[0] !== 0
    this.#code = this.broken ? 0 : input.readUInt32BE(1)
  }

  bit(probs: Uint16Array, index: number): number {
    const prob = probs[index]!
    const bound = (this.#range >>> 11) * prob
    let bit = 0
    if (this.#code < bound) {
      this.#range = bound
      probs[index] = prob + ((2048 - prob) >> 5)
    } else {
      this.#range -= bound
      this.#code -= bound
      probs[index] = prob - (prob >> 5)
      bit = 1
    }
    this.#normalize()
    return bit
  }

  direct(count: number): number {
    let value = 0
    for (let left = count; left > 0; left--) {
      this.#range >>>= 1
      const bit = this.#code >= this.#range ? 1 : 0
      if (bit) this.#code -= this.#range
      this.#normalize()
      value = value * 2 + bit
    }
    return value
  }

  tree(probs: Uint16Array, offset: number, bits: number): number {
    let node = 1
    for (let left = bits; left > 0; left--) node = node * 2 + this.bit(probs, offset + node)
    return node - 2 ** bits
  }

  reverseTree(probs: Uint16Array, offset: number, bits: number): number {
    let node = 1
    let value = 0
    for (let at = 0; at < bits; at++) {
      const bit = this.bit(probs, offset + node)
      node = node * 2 + bit
      value += bit * 2 ** at
    }
    return value
  }

  #normalize(): void {
    if (this.#range >= TOP) return
    this.#range = (this.#range << 8) >>> 0
    if (this.#at >= this.#input.length + 4) this.broken = true
    this.#code = ((this.#code << 8) | (this.#input[this.#at++] ?? 0)) >>> 0
  }
}

const fresh = (length: number) => new Uint16Array(length).fill(HALF)

class Lengths {
  readonly #choice = fresh(2)
  readonly #low = fresh(16 * 8)
  readonly #middle = fresh(16 * 8)
  readonly #high = fresh(256)

  read(coder: RangeDecoder, position: number): number {
    if (coder.bit(this.#choice, 0) === 0) return coder.tree(this.#low, position * 8, 3)
    if (coder.bit(this.#choice, 1) === 0) return 8 + coder.tree(this.#middle, position * 8, 3)
    return 16 + coder.tree(this.#high, 0, 8)
  }
}

/**
 * @param properties the five octets of the format's header
 * @param size octets of the output
 * @returns undefined when it can't be read
 */
export function decodeLzma(input: Buffer, properties: Buffer, size: number): Buffer | undefined {
  const packed = properties[0] ?? 255
  if (packed >= 9 * 5 * 5) return undefined
  const lc = packed % 9
  const lp = Math.floor(packed / 9) % 5
  const pb = Math.floor(packed / 45)
  const coder = new RangeDecoder(input)
  const output = Buffer.alloc(size)
  const literals = fresh(0x300 << (lc + lp))
  const isMatch = fresh(12 << 4)
  const isRep = fresh(12)
  const isRepG0 = fresh(12)
  const isRepG1 = fresh(12)
  const isRepG2 = fresh(12)
  const isRep0Long = fresh(12 << 4)
  const slots = fresh(4 * 64)
  const special = fresh(128)
  const align = fresh(16)
  const lengths = new Lengths()
  const repLengths = new Lengths()
  let [rep0, rep1, rep2, rep3] = [0, 0, 0, 0]
  let state = 0
  let at = 0
  while (at < size) {
    if (coder.broken) return undefined
    const position = at & ((1 << pb) - 1)
    if (coder.bit(isMatch, state * 16 + position) === 0) {
      const before = at > 0 ? output[at - 1]! : 0
      const offset = 0x300 * (((at & ((1 << lp) - 1)) << lc) + (before >> (8 - lc)))
      let symbol = 1
      if (state >= 7) {
        let match = output[at - rep0 - 1] ?? 0
        while (symbol < 0x100) {
          const matchBit = (match >> 7) & 1
          match <<= 1
          const bit = coder.bit(literals, offset + ((1 + matchBit) << 8) + symbol)
          symbol = (symbol << 1) | bit
          if (bit !== matchBit) break
        }
      }
      while (symbol < 0x100) symbol = (symbol << 1) | coder.bit(literals, offset + symbol)
      output[at++] = symbol & 0xff
      state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6
      continue
    }
    let length: number
    if (coder.bit(isRep, state) === 0) {
      rep3 = rep2
      rep2 = rep1
      rep1 = rep0
      length = lengths.read(coder, position)
      state = state < 7 ? 7 : 10
      rep0 = distance(coder, length, slots, special, align)
      if (rep0 === 0xffffffff) return undefined
    } else {
      if (coder.bit(isRepG0, state) === 0) {
        if (coder.bit(isRep0Long, state * 16 + position) === 0) {
          state = state < 7 ? 9 : 11
          if (rep0 >= at) return undefined
          output[at] = output[at - rep0 - 1]!
          at++
          continue
        }
      } else {
        let next = rep1
        if (coder.bit(isRepG1, state) !== 0) {
          next = rep2
          if (coder.bit(isRepG2, state) !== 0) {
            next = rep3
            rep3 = rep2
          }
          rep2 = rep1
        }
        rep1 = rep0
        rep0 = next
      }
      length = repLengths.read(coder, position)
      state = state < 7 ? 8 : 11
    }
    if (rep0 >= at) return undefined
    for (let left = Math.min(length + 2, size - at); left > 0; left--) {
      output[at] = output[at - rep0 - 1]!
      at++
    }
  }
  return coder.broken ? undefined : output
}

function distance(
  coder: RangeDecoder,
  length: number,
  slots: Uint16Array,
  special: Uint16Array,
  align: Uint16Array,
): number {
  const slot = coder.tree(slots, Math.min(length, 3) * 64, 6)
  if (slot < 4) return slot
  const bits = (slot >> 1) - 1
  const base = (2 | (slot & 1)) * 2 ** bits
  if (slot < 14) return base + coder.reverseTree(special, base - slot, bits)
  return base + coder.direct(bits - 4) * 16 + coder.reverseTree(align, 0, 4)
}
