/** next-auth's endpoints: session (renews the cookie), sign-in and sign-out for programs. */

import type { NextRequest } from 'next/server'
import NextAuth from 'next-auth'
import { authOptions } from '../../../../auth/options.ts'

type Context = { params: Promise<{ nextauth: string[] }> }

async function handle(request: NextRequest, context: Context): Promise<Response> {
  const options = await authOptions(request.headers.get('x-forwarded-for') ?? '')
  return NextAuth(request, context, options)
}

export { handle as GET, handle as POST }
