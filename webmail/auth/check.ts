/** The one check of a password that both ways of signing in stand on. */
import { verifyPassword } from '@restante/core/access/passwords.ts'
import { services } from '../server/services.ts'

export type Check =
  | { type: 'ok'; personId: string; epoch: number }
  | { type: 'refused' }
  /** Too many attempts; `retryAfter` in seconds. */
  | { type: 'limited'; retryAfter: number }

/** Whether address and password belong together. A wrong password and an unknown address look the same. */
export async function checkPassword(
  address: string,
  password: string,
  remoteAddress: string,
): Promise<Check> {
  const result = await verifyPassword(await services(), { address: address.trim(), password, remoteAddress })
  return result.type === 'ok'
    ? { type: 'ok', personId: result.person.id, epoch: result.person.sessionEpoch }
    : result
}
