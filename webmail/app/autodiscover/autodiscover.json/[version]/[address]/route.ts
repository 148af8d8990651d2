/** The same with the address in the path: `/autodiscover/autodiscover.json/v1.0/anna@example.com`. */
export { GET } from '../../route.ts'

export const dynamic = 'force-dynamic'
