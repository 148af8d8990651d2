/** What somebody's own mail programs need, and how it is put in, device by device. */
import {
  CLIENT_PROTOCOLS,
  clientUserName,
  domainOfAddress,
  noteSetupSeen,
} from '@restante/core/directory/client-settings.ts'
import type { Metadata } from 'next'
import Link from 'next/link'
import { redirect } from 'next/navigation'
import { getTranslations } from 'next-intl/server'
import { renderSVG } from 'uqr'
import { services } from '../../../server/services.ts'
import { currentPerson } from '../../../server/session.ts'
import { setupOf } from '../../../setup/answer.ts'
import own from '../../../setup/setup.module.css'
import styles from '../../../telling/contact.module.css'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations('setup')
  return { title: `${t('title')} · Restante` }
}

const THREE = ['s1', 's2', 's3'] as const
const DEVICES = {
  iphone: THREE,
  mac: THREE,
  outlook: THREE,
  thunderbird: THREE,
  android: THREE,
  other: ['s1', 's2'],
} as const
type Device = keyof typeof DEVICES

export default async function SetupPage() {
  const person = await currentPerson()
  if (!person) redirect(`/sign-in?next=${encodeURIComponent('/setup')}`)
  const t = await getTranslations('setup')
  const setup = await setupOf(domainOfAddress(person.address) ?? '')
  const { db, settings } = await services()
  await noteSetupSeen(db, person.id, new Date())
  const words = { address: person.address, protocol: setup?.imap ? 'IMAP' : 'POP3' }
  return (
    <main className={styles.page}>
      <nav aria-label={t('back')}>
        <Link className={styles.link} href="/">
          {t('back')}
        </Link>
      </nav>
      <h1>{t('title')}</h1>
      {setup === null ? (
        <p className={styles.lead}>{t('none')}</p>
      ) : (
        <>
          <p className={styles.lead}>{t('lead', words)}</p>
          <section className={styles.part} aria-labelledby="settings">
            <h2 id="settings">{t('settings')}</h2>
            <dl className={own.settings}>
              <Setting name={t('address')} value={person.address} />
              <Setting name={t('user')} value={clientUserName(setup, person.address)} />
              <Setting name={t('password')} note={t('passwordText')} />
              {CLIENT_PROTOCOLS.map(name => {
                const server = setup[name]
                if (!server) return null
                const note = t('port', {
                  port: String(server.port),
                  tls: server.tls === 'implicit' ? 'SSL/TLS' : 'STARTTLS',
                })
                return <Setting key={name} name={t(name)} value={server.host} note={note} />
              })}
            </dl>
          </section>
          <section className={`${styles.part} ${own.phone}`} aria-labelledby="phone">
            <div>
              <h2 id="phone">{t('phone')}</h2>
              <p className={styles.lead}>{t('phoneText')}</p>
              <a className={own.profile} href="/setup/profile" download>
                {t('profile')}
              </a>
            </div>
            {/* biome-ignore lint/performance/noImgElement: a picture made here, which needs no server */}
            <img
              className={own.code}
              alt={t('code')}
              width={148}
              height={148}
              src={`data:image/svg+xml;base64,${Buffer.from(renderSVG(`${settings.PUBLIC_URL}/setup`)).toString('base64')}`}
            />
          </section>
          <section className={styles.part} aria-labelledby="steps">
            <h2 id="steps">{t('steps')}</h2>
            {(Object.keys(DEVICES) as Device[]).map(device => (
              <details key={device} className={own.device}>
                <summary>{t(`${device}.name`)}</summary>
                <ol>
                  {device === 'other'
                    ? DEVICES[device].map(step => <li key={step}>{t(`${device}.${step}`, words)}</li>)
                    : DEVICES[device].map(step => <li key={step}>{t(`${device}.${step}`, words)}</li>)}
                </ol>
              </details>
            ))}
          </section>
        </>
      )}
    </main>
  )
}

function Setting(props: { name: string; value?: string; note?: string }) {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>
        {props.value && <code>{props.value}</code>}
        {props.note && <span>{props.note}</span>}
      </dd>
    </div>
  )
}
