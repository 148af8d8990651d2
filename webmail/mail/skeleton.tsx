/** The desk before anything has been read: the shapes of what will be there. */
import styles from './desk.module.css'
import listStyles from './list.module.css'

export function DeskSkeleton() {
  return (
    <main className={styles.desk} aria-busy="true" data-view="list">
      <div className={styles.folders} />
      <div className={styles.list}>
        <div className={listStyles.head} />
        <RowSkeletons count={8} />
      </div>
      <div className={styles.message} />
    </main>
  )
}

export function RowSkeletons({ count }: { count: number }) {
  return (
    <div aria-hidden="true">
      {Array.from({ length: count }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: shapes have no other identity
        <RowSkeleton key={index} index={index} />
      ))}
    </div>
  )
}

export function RowSkeleton({ index }: { index: number }) {
  return (
    <div className={listStyles.skeleton} aria-hidden="true">
      <span style={{ width: `${30 + ((index * 37) % 25)}%` }} />
      <span style={{ width: `${50 + ((index * 53) % 35)}%` }} />
      <span style={{ width: `${70 + ((index * 29) % 28)}%` }} />
    </div>
  )
}
