/**
 * next-auth's settings: a session that is one encrypted cookie naming a row, and organizations' own sign-ins.
 *
 * The pages sign in through the actions of this folder, which work without script and can say when to try again.
 * next-auth's endpoints renew the cookie, sign out, and speak OpenID Connect: `/api/auth/signin/ID` with an
 * organization's id goes to its issuer, `/api/auth/callback/ID` comes back from there.
 */
import { type Provider, personOfClaims, providerOf } from '@restante/core/access/providers.ts'
import { endSession, openSession, personOfSession } from '@restante/core/access/sessions.ts'
import type { NextAuthOptions } from 'next-auth'
import { clientOf } from '../server/client.ts'
import { services } from '../server/services.ts'
import { forgetSession, type Person } from '../server/session.ts'
import { cookieOptions, isSecure, SESSION_AGE, sessionCookieName, sessionSecret } from './cookie.ts'

/** Longest that an issuer may take, in ms. */
const PATIENCE = 10_000

/** @param providerId the last part of the path, which may be an organization's id */
export async function authOptions(
  headers: Headers,
  providerId: string | undefined,
): Promise<NextAuthOptions> {
  const { settings, sessionKey, sealKey, db, log } = await services()
  // next-auth reads its own address from the environment and from nowhere else.
  process.env.NEXTAUTH_URL = settings.PUBLIC_URL
  const provider =
    providerId === undefined ? null : await providerOf(db, providerId, sealKey).catch(() => null)
  let proven: Person | null = null
  return {
    secret: sessionSecret(sessionKey),
    session: { strategy: 'jwt', maxAge: SESSION_AGE },
    useSecureCookies: isSecure(settings),
    cookies: {
      sessionToken: { name: sessionCookieName(settings), options: cookieOptions(settings) },
    },
    pages: { signIn: '/sign-in', error: '/sign-in' },
    providers: provider ? [oidc(provider)] : [],
    logger: {
      error: (code, metadata) => log.warn({ event: 'webmail.next-auth', code, error: errorOf(metadata) }),
      warn() {},
      debug() {},
    },
    callbacks: {
      async signIn({ profile }) {
        proven = provider && profile ? await personOfClaims(db, provider, profile) : null
        if (!proven) log.info({ event: 'webmail.unknown-claims', organization: provider?.organizationId })
        return proven ? true : '/sign-in?problem=organization'
      },
      async jwt({ token, account }) {
        if (!account) return token.session ? { session: token.session } : {}
        if (!proven) return {}
        return { session: await openSession(db, proven, 'organization', clientOf(headers), new Date()) }
      },
      // The browser learns nothing from here but that there is a session.
      session: ({ session }) => ({ expires: session.expires }),
    },
    events: {
      async signOut({ token }) {
        if (!token?.session) return
        const person = await personOfSession(db, token.session, new Date())
        if (person) await endSession(db, person.id, token.session)
        forgetSession(token.session)
      },
    },
  }
}

/** OpenID Connect Core §3.1 with PKCE (RFC 7636), state and nonce. */
function oidc(provider: Provider): NextAuthOptions['providers'][number] {
  return {
    id: provider.organizationId,
    name: provider.name,
    type: 'oauth',
    wellKnown: `${provider.issuer}/.well-known/openid-configuration`,
    authorization: { params: { scope: 'openid email profile' } },
    idToken: true,
    checks: ['pkce', 'state', 'nonce'],
    clientId: provider.clientId,
    clientSecret: provider.clientSecret,
    httpOptions: { timeout: PATIENCE },
    profile: (claims: { sub: string }) => ({ id: claims.sub }),
  }
}

function errorOf(metadata: unknown): string {
  const { error, message } = (metadata ?? {}) as { error?: { message?: string }; message?: string }
  return String(error?.message ?? message ?? '').slice(0, 300)
}
