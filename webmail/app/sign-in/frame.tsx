/** The frame of the pages of signing in: the mark, a title, what is asked, the languages. */
import { getLocale } from 'next-intl/server'
import type { ReactNode } from 'react'
import { Mark } from '../../theme/mark.tsx'
import { Languages } from './languages.tsx'
import styles from './sign-in.module.css'

export async function Frame(props: { title: string; lead: string; children: ReactNode }) {
  return (
    <div className={styles.page}>
      <main className={styles.card}>
        <p className={styles.brand}>
          <Mark size={36} />
          <span>Restante</span>
        </p>
        <h1 className={styles.title}>{props.title}</h1>
        <p className={styles.lead}>{props.lead}</p>
        {props.children}
      </main>
      <Languages current={await getLocale()} />
    </div>
  )
}
