/**
 * A small real OpenID Connect issuer on loopback, for an organization's own sign-in. Whatever address is typed into
 * its page is who one is; those in `unverified` it does not call verified.
 */
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'
import { freePorts } from '../ports.ts'

export type Issuer = {
  url: string
  clientId: string
  clientSecret: string
  unverified: Set<string>
  close(): Promise<void>
}

/** @param redirect where people come back to; known only once the organization is */
export async function startIssuer(redirect: () => string): Promise<Issuer> {
  const [port] = (await freePorts(1)) as [number]
  const url = `http://127.0.0.1:${port}`
  const unverified = new Set<string>()
  const clientId = 'restante'
  const clientSecret = 'a secret of the test'
  const provider = new Provider(url, {
    clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: [redirect()] }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    cookies: { keys: ['a key of the test'] },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: id, email_verified: !unverified.has(id) }),
    }),
  })
  const server: Server = provider.listen(port, '127.0.0.1')
  if (!(server.address() as AddressInfo | null)) await once(server, 'listening')
  return {
    url,
    clientId,
    clientSecret,
    unverified,
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
