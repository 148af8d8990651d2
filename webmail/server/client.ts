/** Who asks, as seen from outside: the address (client-address.ts has put it there) and the browser's own words. */
import type { Client } from '@restante/core/access/sessions.ts'
import { headers } from 'next/headers'

export async function currentClient(): Promise<Client> {
  return clientOf(await headers())
}

export function clientOf(headers: Headers): Client {
  return { address: headers.get('x-forwarded-for') ?? '', agent: headers.get('user-agent') ?? '' }
}
