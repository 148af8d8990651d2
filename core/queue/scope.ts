/**
 * Whose rows a query of the overview may see: one organization's, or all of the installation's.
 *
 * Every query of the overview takes a Scope and applies it through `within` and nowhere else, so that a
 * forgotten condition can be looked for in one place. Ids of another organization find nothing.
 */
import { type RawBuilder, sql } from 'kysely'

export type Scope = { readonly type: 'organization'; readonly id: string } | { readonly type: 'all' }

export const everything: Scope = { type: 'all' }

/** The condition that a row's organization is in scope. @param column of the query, like `delivery.organization_id` */
export function within(scope: Scope, column: string): RawBuilder<boolean> {
  switch (scope.type) {
    case 'organization':
      return sql<boolean>`${sql.ref(column)} = ${scope.id}`
    case 'all':
      return sql<boolean>`true`
    default:
      throw new Error(`unknown scope ${JSON.stringify(scope satisfies never)}`)
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Whether a text from outside can be an id: Postgres refuses others with an error instead of finding none. */
export const isId = (text: string): boolean => UUID.test(text)
