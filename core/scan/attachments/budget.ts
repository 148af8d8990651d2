/**
 * What one message may cost: files, octets that come out of its archives, depth. The limits are those of an
 * honest message with room to spare; what goes beyond them by its shape (a small file that becomes a huge one,
 * ten thousand files) is a bomb, what is merely big is said not to have been looked through.
 */

export type InspectionLimits = {
  /** Archives within archives; the first is 1. */
  depth: number
  /** Names in all archives together. */
  names: number
  /** Files whose content is looked at. */
  files: number
  /** Octets that come out of all archives together. */
  inflated: number
  /** Octets out for one octet in, once more than `ratioFloor` came out. */
  ratio: number
  ratioFloor: number
  /** gzip within gzip. */
  wraps: number
}

const MIB = 1024 * 1024
export const INSPECTION_LIMITS: InspectionLimits = {
  depth: 3,
  names: 10_000,
  files: 1_000,
  inflated: 100 * MIB,
  ratio: 100,
  ratioFloor: 10 * MIB,
  wraps: 3,
}

export type Exceeded = 'bomb' | 'large'

export class Budget {
  readonly limits: InspectionLimits
  /** Octets of the message's own files. */
  raw = 0
  inflated = 0
  names = 0
  files = 0

  constructor(limits: InspectionLimits = INSPECTION_LIMITS) {
    this.limits = limits
  }

  takeName(): Exceeded | undefined {
    this.names++
    return this.names > this.limits.names ? 'bomb' : undefined
  }

  takeFile(): Exceeded | undefined {
    if (this.files >= this.limits.files || this.inflated > this.limits.inflated) return 'large'
    this.files++
    return undefined
  }

  /** @param of what came out of this one file until now, and went in */
  takeInflated(octets: number, of: { out: number; in: number }): Exceeded | undefined {
    this.inflated += octets
    if (of.out > this.limits.ratioFloor && of.out > this.limits.ratio * of.in) return 'bomb'
    if (this.inflated <= this.limits.inflated) return undefined
    return this.inflated > this.limits.ratio * this.raw ? 'bomb' : 'large'
  }
}
