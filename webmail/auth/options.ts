/**
 * next-auth's settings: an address and a password, a session that is one encrypted cookie and no row.
 *
 * The pages sign in through the action in sign-in.ts, which works without script and can say when to try
 * again; next-auth's own endpoint stands on the same check, renews the cookie and signs out.
 */
import type { NextAuthOptions } from 'next-auth'
import credentials from 'next-auth/providers/credentials'
import { services } from '../server/services.ts'
import { checkPassword } from './check.ts'
import { cookieOptions, isSecure, SESSION_AGE, sessionCookieName, sessionSecret } from './cookie.ts'

export async function authOptions(remoteAddress: string): Promise<NextAuthOptions> {
  const { settings, sessionKey } = await services()
  // next-auth reads its own address from the environment and from nowhere else.
  process.env.NEXTAUTH_URL = settings.PUBLIC_URL
  return {
    secret: sessionSecret(sessionKey),
    session: { strategy: 'jwt', maxAge: SESSION_AGE },
    useSecureCookies: isSecure(settings),
    cookies: {
      sessionToken: { name: sessionCookieName(settings), options: cookieOptions(settings) },
    },
    pages: { signIn: '/sign-in', error: '/sign-in' },
    providers: [
      credentials({
        credentials: { address: { type: 'email' }, password: { type: 'password' } },
        async authorize(given) {
          const result = await checkPassword(given?.address ?? '', given?.password ?? '', remoteAddress)
          return result.type === 'ok' ? { id: result.personId, epoch: result.epoch } : null
        },
      }),
    ],
    callbacks: {
      jwt({ token, user }) {
        if (!user) return token
        const { epoch } = user as { id: string; epoch?: number }
        return { personId: user.id, epoch }
      },
      // The browser learns nothing from here but that there is a session.
      session: ({ session }) => ({ expires: session.expires }),
    },
  }
}
