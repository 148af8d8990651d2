/**
 * One attempt to make a mail page run something or ask a foreign server for something. RUN stands where script
 * would be, OUT where the address of that server would be (host and path, no scheme); each case gets a number of
 * its own in both, so that whatever a case manages to do says which one it was.
 */

export type Wires = {
  /** A call that a page under test notices. */
  run: string
  /** Host and path that answer to nobody but the test. */
  out: string
}

/** A text with RUN and OUT in it, or what makes one where they have to be encoded. */
export type Vector = string | { name: string; make(wires: Wires): string }

export type Case = { id: number; family: string; name: string; content: string }

export const OUTSIDE = 'out.test'

export const wiresOf = (id: number): Wires => ({ run: `hurt(${id})`, out: `c${id}.${OUTSIDE}/x` })

/** @param first the number of the first one */
export function casesOf(family: string, vectors: readonly Vector[], first: number): Case[] {
  return vectors.map((vector, index) => {
    const id = first + index
    const wires = wiresOf(id)
    const name = typeof vector === 'string' ? vector : vector.name
    const content =
      typeof vector === 'string'
        ? vector.replaceAll('RUN', wires.run).replaceAll('OUT', wires.out)
        : vector.make(wires)
    return { id, family, name, content }
  })
}

/** Numbers all families through, from `first` on. */
export function numbered(families: Readonly<Record<string, readonly Vector[]>>, first: number): Case[] {
  let next = first
  return Object.entries(families).flatMap(([family, vectors]) => {
    const cases = casesOf(family, vectors, next)
    next += cases.length
    return cases
  })
}
