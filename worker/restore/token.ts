/**
 * Access tokens for SASL XOAUTH2 and OAUTHBEARER: asked for at the token endpoint that the backend's settings
 * name, by the client's own credentials (RFC 6749 §4.4) or a person's refresh token (§6), kept until shortly
 * before they end. Nothing of the answer but the token and its time is used; a refusal's text never holds a
 * secret of ours.
 */
import type { TokenGrant } from '@restante/core/directory/imap.ts'

export type Tokens = {
  /** @throws Error with what the endpoint said */
  get(grant: TokenGrant): Promise<string>
  /** The server refused it: ask for another. */
  forget(grant: TokenGrant): void
}

/** ms for the whole exchange. */
const TIMEOUT = 10_000
/** Longest answer that is read, in bytes. */
const LONGEST = 64 * 1024
/** A token is not used in its last minute, in ms; one that says nothing of its time lasts five. */
const MARGIN = 60_000
const USUAL = 300_000

export function createTokens(ask: typeof fetch = fetch, now: () => number = Date.now): Tokens {
  const kept = new Map<string, { token: string; until: number }>()
  const key = (grant: TokenGrant) => JSON.stringify(grant)
  return {
    async get(grant) {
      const known = kept.get(key(grant))
      if (known && known.until > now()) return known.token
      const { token, seconds } = await request(grant, ask)
      const length = seconds === null ? USUAL : seconds * 1000
      kept.set(key(grant), { token, until: now() + Math.max(0, length - MARGIN) })
      return token
    },
    forget(grant) {
      kept.delete(key(grant))
    },
  }
}

async function request(
  grant: TokenGrant,
  ask: typeof fetch,
): Promise<{ token: string; seconds: number | null }> {
  const form = new URLSearchParams({
    client_id: grant.client,
    client_secret: grant.secret,
    ...(grant.refreshToken === undefined
      ? { grant_type: 'client_credentials' }
      : { grant_type: 'refresh_token', refresh_token: grant.refreshToken }),
    ...(grant.scope && { scope: grant.scope }),
  })
  const response = await ask(grant.tokenUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: form.toString(),
    // A redirect would carry the secret to a place nobody named.
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT),
  })
  const text = await readSome(response)
  let answer: Record<string, unknown> = {}
  try {
    answer = JSON.parse(text) as Record<string, unknown>
  } catch {
    // Said below.
  }
  if (!response.ok || typeof answer.access_token !== 'string') {
    const said = typeof answer.error === 'string' ? answer.error.slice(0, 100) : 'no token'
    throw new Error(`the token endpoint ${new URL(grant.tokenUrl).host} answered ${response.status}: ${said}`)
  }
  const seconds = Number(answer.expires_in)
  return { token: answer.access_token, seconds: Number.isFinite(seconds) && seconds > 0 ? seconds : null }
}

async function readSome(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > LONGEST) throw new Error('the token endpoint said too much')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
