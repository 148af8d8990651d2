/** Whose rows a person may administer: an admin their organization's, an operator all, others none. */
import type { Scope } from '@restante/core/queue/scope.ts'
import type { Person } from '../../../server/session.ts'

export function scopeOf(person: Pick<Person, 'role' | 'organizationId'>): Scope | null {
  switch (person.role) {
    case 'operator':
      return { type: 'all' }
    case 'admin':
      return person.organizationId ? { type: 'organization', id: person.organizationId } : null
    case 'user':
      return null
  }
}
