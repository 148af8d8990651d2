/**
 * A memory for keys of signatures, in front of mailauth's reading of them. A key record is read by its rules once
 * (services, hashes, length), and the key is kept as one that is ready to verify: made anew for each message it cost
 * more than the signature's mathematics.
 *
 * What is kept is the record's text and what it means, never that DNS has it: each message asks for the record, and
 * one that has changed, or is gone, counts at once.
 */
import { createPublicKey } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import type { KeyCache } from 'mailauth/lib/dkim/dkim-verifier.js'
import { getPublicKey, type PublicKey, toALabel } from 'mailauth/lib/tools.js'
import type { Ask } from './keys.ts'

const MOST = 5_000
/** Octets of a record that is worth keeping: one of RSA with 4096 bits has 750. */
const LONGEST = 2_048
/** Keys of one message after which the event loop gets its turn: each seal of a chain is about all before it. */
const AT_ONCE = 8

export class PublicKeys {
  readonly #kept = new Map<string, PublicKey>()

  /** As mailauth's verifier and its ARC validation ask, for one message. */
  cacheFor(ask: Ask): KeyCache {
    let asked = 0
    const get: KeyCache['get'] = async (type, name, minBitLength, options) => {
      const records = await ask(toALabel(name), 'TXT')
      if (++asked > AT_ONCE) await turn()
      // mailauth reads the first record only, and so does the key of this memory.
      const record = JSON.stringify([records[0] ?? null, minBitLength, options?.strict, options?.hashAlgo])
      const before = this.#kept.get(record)
      if (before) return before
      const read = await getPublicKey(type, name, minBitLength, async () => records, options)
      const found = { ...read, publicKey: createPublicKey(read.publicKey as string) }
      if (record.length <= LONGEST) this.#keep(record, found)
      return found
    }
    return {
      resolver: ask,
      get(...which) {
        const found = get(...which)
        // Keys of seals are asked for ahead by mailauth, and when they are bad nobody listens.
        found.catch(() => {})
        return found
      },
    }
  }

  #keep(record: string, key: PublicKey): void {
    this.#kept.set(record, key)
    if (this.#kept.size > MOST) this.#kept.delete(this.#kept.keys().next().value ?? '')
  }
}
