/** next-auth's endpoints: session (renews the cookie), sign-out, and organizations' own sign-ins. */

import type { NextRequest } from 'next/server'
import NextAuth from 'next-auth'
import { authOptions } from '../../../../auth/options.ts'

type Context = { params: Promise<{ nextauth: string[] }> }

async function handle(request: NextRequest, context: Context): Promise<Response> {
  const { nextauth } = await context.params
  return NextAuth(request, context, await authOptions(request.headers, nextauth[1]))
}

export { handle as GET, handle as POST }
