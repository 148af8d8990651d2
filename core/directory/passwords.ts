/**
 * Passwords at rest: Argon2id (RFC 9106) with the parameters written into each hash, so that they can be
 * raised later without locking anybody out. 19 MiB, two passes: some 20 ms, and 50 sign-ins at once stay
 * under 1 GiB.
 */
import { DirectoryError } from './errors.ts'

/** Loaded with the first password: a relay may never see one, and its memory is counted. */
const argon2 = () => import('@node-rs/argon2')

const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const
/** NIST SP 800-63B §5.1.1.2: at least 8 characters. */
const SHORTEST = 8
/** Bounds the work that a stranger can ask for. */
const LONGEST = 1_024

/** @throws DirectoryError `weak-password` */
export async function hashPassword(password: string): Promise<string> {
  const length = [...password].length
  if (length < SHORTEST) throw new DirectoryError('weak-password', `a password needs ${SHORTEST} characters`)
  if (length > LONGEST)
    throw new DirectoryError('weak-password', `a password has at most ${LONGEST} characters`)
  const { hash } = await argon2()
  return hash(normal(password), PARAMETERS)
}

/** A hash of a password that another server has accepted: how long it is was that server's to say. */
export async function hashForeignPassword(password: string): Promise<string> {
  const { hash } = await argon2()
  return hash(normal(password.slice(0, LONGEST * 4)), PARAMETERS)
}

/** False for a wrong one, and for a stored hash that can't be read. */
export async function passwordMatches(stored: string, password: string): Promise<boolean> {
  if (password.length > LONGEST * 4) return false
  const { verify } = await argon2()
  try {
    return await verify(stored, normal(password))
  } catch {
    return false
  }
}

/** RFC 8265 §4.2: the same password typed on two keyboards. */
const normal = (password: string) => password.normalize('NFC')
