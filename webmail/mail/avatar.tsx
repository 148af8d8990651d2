/** Letters for somebody, on a ground of their own. Decoration: the name always stands beside it. */
import type { EmailAddress } from '../jmap/types.ts'
import styles from './avatar.module.css'
import { hue, initials } from './people.ts'

export function Avatar({ person, size }: { person: EmailAddress; size: number }) {
  return (
    <span
      className={styles.avatar}
      aria-hidden="true"
      style={{ '--hue': hue(person.email), '--size': `${size}px` } as React.CSSProperties}
    >
      {initials(person)}
    </span>
  )
}
