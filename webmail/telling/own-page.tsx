/** A page for what is one's own, beside the mail: the way back, its name, what it is for. */
import Link from 'next/link'
import type { ReactNode } from 'react'
import styles from './contact.module.css'

export function OwnPage(props: { back: string; title: string; lead?: ReactNode; children: ReactNode }) {
  return (
    <main className={styles.page}>
      <nav aria-label={props.back}>
        <Link className={styles.link} href="/">
          {props.back}
        </Link>
      </nav>
      <h1>{props.title}</h1>
      {props.lead && <p className={styles.lead}>{props.lead}</p>}
      {props.children}
    </main>
  )
}
