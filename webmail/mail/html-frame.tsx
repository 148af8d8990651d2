'use client'
/**
 * The frame that shows a message's own document, as high as its content.
 *
 * The frame that is seen has no scripts and no origin, so nobody can ask it how high it is. The same document is
 * therefore laid out once more, unseen, in a frame that has no scripts either but may be looked at; it has the
 * same width, so it is as high. It stands in a shadow tree: for readers and their tools there is one document.
 */
import { useTranslations } from 'next-intl'
import { useEffect, useRef, useState } from 'react'
import styles from './message-body.module.css'

/** Higher than this it scrolls by itself, in px. */
const HIGHEST = 60_000
const LOWEST = 48
/** Pictures that come late and a column that becomes wider change the height; looked at this often, in ms. */
const AGAIN = [60, 250, 600, 1_200, 2_500, 5_000] as const

export function HtmlFrame({ address, remote }: { address: string; remote: boolean }) {
  const t = useTranslations('message')
  const holder = useRef<HTMLDivElement>(null)
  const [height, setHeight] = useState(LOWEST * 3)
  const query = `remote=${remote ? 1 : 0}`

  useEffect(() => {
    const host = document.createElement('div')
    host.className = styles.measure ?? ''
    host.setAttribute('aria-hidden', 'true')
    const measure = document.createElement('iframe')
    measure.tabIndex = -1
    measure.setAttribute('sandbox', 'allow-same-origin')
    measure.referrerPolicy = 'no-referrer'
    // A property, not an attribute: the page's policy lets no style element in.
    Object.assign(measure.style, { width: '100%', height: '10px', border: '0' })
    measure.src = `${address}?${query}&measured=1`
    host.attachShadow({ mode: 'closed' }).append(measure)
    holder.current?.append(host)
    const look = () => {
      const root = measure.contentDocument?.documentElement
      const body = measure.contentDocument?.body
      if (!root || !body) return
      const high = Math.ceil(Math.max(body.getBoundingClientRect().height, body.scrollHeight)) + 24
      setHeight(Math.min(HIGHEST, Math.max(LOWEST, high)))
    }
    const timers: ReturnType<typeof setTimeout>[] = []
    measure.onload = () => {
      look()
      timers.push(...AGAIN.map(wait => setTimeout(look, wait)))
    }
    const width = new ResizeObserver(look)
    width.observe(host)
    return () => {
      timers.forEach(clearTimeout)
      width.disconnect()
      host.remove()
    }
  }, [address, query])

  return (
    <div ref={holder} className={styles.framed}>
      <iframe
        className={styles.frame}
        title={t('body')}
        src={`${address}?${query}`}
        style={{ height }}
        sandbox="allow-popups allow-popups-to-escape-sandbox"
        referrerPolicy="no-referrer"
      />
    </div>
  )
}
