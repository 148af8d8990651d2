/** The key by which push services know us (VAPID, RFC 8292): made once, kept sealed. */
import { createECDH } from 'node:crypto'
import { seal, unseal } from '../config/secret.ts'
import type { Executor } from '../db/connection.ts'

/** Both base64url: an uncompressed point of P-256, and its scalar. */
export type PushKeys = { publicKey: string; privateKey: string }

const NAME = 'vapid'

export async function pushKeys(db: Executor, sealKey: Buffer): Promise<PushKeys> {
  const read = () => db.selectFrom('telling_key').select('value').where('name', '=', NAME).executeTakeFirst()
  let row = await read()
  if (!row) {
    const pair = createECDH('prime256v1')
    pair.generateKeys()
    const keys: PushKeys = {
      publicKey: pair.getPublicKey('base64url'),
      // Leading zeros belong to it.
      privateKey: Buffer.concat([Buffer.alloc(32), pair.getPrivateKey()])
        .subarray(-32)
        .toString('base64url'),
    }
    await db
      .insertInto('telling_key')
      .values({ name: NAME, value: seal(sealKey, JSON.stringify(keys)) })
      .onConflict(conflict => conflict.doNothing())
      .execute()
    // Whoever was first has made it.
    row = await read()
  }
  if (!row) throw new Error('the push key could not be kept')
  return JSON.parse(unseal(sealKey, row.value)) as PushKeys
}
