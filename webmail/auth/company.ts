'use server'
/** Which organization's sign-in an address belongs to, by its domain alone: nobody's name is looked up. */
import { providerForDomain } from '@restante/core/access/providers.ts'
import { domainOf, normalizeAddress } from '@restante/core/directory/addresses.ts'
import { services } from '../server/services.ts'

/** @returns the id that next-auth's endpoints know it by; null: its organization has none */
export async function findCompany(text: string): Promise<string | null> {
  const address = normalizeAddress(String(text).slice(0, 320))
  if (!address) return null
  const { db } = await services()
  return (await providerForDomain(db, domainOf(address)))?.organizationId ?? null
}
