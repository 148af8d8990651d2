/** How a person gets in: every way they have, where they are signed in, and what they can change of it. */
import { listAppPasswords } from '@restante/core/access/app-passwords.ts'
import { mailboxPasswordOf } from '@restante/core/access/mailbox-password.ts'
import { listPasskeys } from '@restante/core/access/passkeys.ts'
import { pendingApp, secondFactorOf } from '@restante/core/access/second-factor.ts'
import { listSessions } from '@restante/core/access/sessions.ts'
import { base32, otpauthUri } from '@restante/core/access/totp.ts'
import { type WaysIn, waysInOf } from '@restante/core/directory/ways-in.ts'
import { IconCheck, IconMinus } from '@tabler/icons-react'
import type { Metadata } from 'next'
import Link from 'next/link'
import { redirect } from 'next/navigation'
import { getFormatter, getTranslations } from 'next-intl/server'
import { renderSVG } from 'uqr'
import own from '../../../account/account.module.css'
import { startApp } from '../../../account/actions.ts'
import { agentWords } from '../../../account/agent.ts'
import {
  AppCodeForm,
  AppPasswordForm,
  EndOthers,
  EndSession,
  FactorButtons,
  PasswordForm,
  RemoveAppPassword,
  RemovePasskey,
} from '../../../account/forms.tsx'
import { AddPasskey } from '../../../account/passkey.tsx'
import { isRecent } from '../../../account/recent.ts'
import { services } from '../../../server/services.ts'
import { currentPerson } from '../../../server/session.ts'
import styles from '../../../telling/contact.module.css'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations('security')
  return { title: `${t('title')} · Restante` }
}

const WAYS: readonly (keyof WaysIn)[] = [
  'password',
  'mailbox',
  'passkey',
  'contact',
  'printed',
  'organization',
]
const PAGE = '/account/security'

export default async function SecurityPage() {
  const person = await currentPerson()
  if (!person) redirect(`/sign-in?next=${encodeURIComponent(PAGE)}`)
  const t = await getTranslations('security')
  const format = await getFormatter()
  const { db, sealKey } = await services()
  const now = new Date()
  const [ways, factor, mailbox, passkeys, appPasswords, sessions, seed] = await Promise.all([
    waysInOf(db, person.id),
    secondFactorOf(db, person.id),
    mailboxPasswordOf(db, person.id),
    listPasskeys(db, person.id),
    listAppPasswords(db, person.id),
    listSessions(db, person.id, now),
    pendingApp(db, person.id, sealKey).catch(() => null),
  ])
  const recent = isRecent(person)
  const at = (date: Date) =>
    format.dateTime(date, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })
  const used = (one: { lastUsedAt: Date | null; createdAt: Date }) =>
    one.lastUsedAt ? t('lastUsed', { at: at(one.lastUsedAt) }) : t('madeAt', { at: at(one.createdAt) })
  const count = WAYS.filter(way => ways[way] && way !== 'organization').length
  return (
    <main className={styles.page}>
      <nav aria-label={t('back')}>
        <Link className={styles.link} href="/">
          {t('back')}
        </Link>
      </nav>
      <h1>{t('title')}</h1>
      <section aria-labelledby="ways-title" className={styles.part}>
        <h2 id="ways-title">{t('waysTitle')}</h2>
        <p className={styles.lead}>{t(count > 0 ? 'waysLead' : 'waysNone')}</p>
        <ul className={own.ways}>
          {WAYS.map(way => (
            <li key={way} className={ways[way] ? own.has : own.lacks}>
              {ways[way] ? <IconCheck size={20} aria-hidden /> : <IconMinus size={20} aria-hidden />}
              <span>
                <span className="unseen">{t(ways[way] ? 'has' : 'lacks')} </span>
                {t(`way.${way}`)}
                {way === 'mailbox' && mailbox && ways.mailbox
                  ? ` ${t('mailboxConfirmed', { at: at(mailbox.confirmedAt) })}`
                  : ''}
              </span>
            </li>
          ))}
        </ul>
        <p>
          <Link className={styles.link} href="/contact">
            {t('toContact')}
          </Link>
        </p>
        {!recent && (
          <p className={own.notice}>
            {t('notRecent')}{' '}
            <Link href={`/sign-in?again=1&next=${encodeURIComponent(PAGE)}`}>{t('signInAgain')}</Link>
          </p>
        )}
      </section>

      <section aria-labelledby="password-title" className={styles.part}>
        <h2 id="password-title">{t('passwordTitle')}</h2>
        <p className={styles.lead}>{t('passwordLead')}</p>
        {recent && <PasswordForm has={ways.password} address={person.address} />}
      </section>

      <section aria-labelledby="factor-title" className={styles.part}>
        <h2 id="factor-title">{t('factorTitle')}</h2>
        <p className={styles.lead}>{t(factor.on ? 'factorIsOn' : 'factorIsOff')}</p>
        {factor.on && <p className={styles.help}>{t('recoveryLeft', { count: factor.recovery })}</p>}
        {recent && (factor.app || factor.passkeys > 0) && <FactorButtons on={factor.on} app={factor.app} />}
        {recent && !factor.app && !seed && (
          <form action={startApp} className={styles.form}>
            <button type="submit">{t('appStart')}</button>
          </form>
        )}
        {recent && seed && !factor.app && (
          <>
            <p>{t('appScan')}</p>
            <div
              className={own.picture}
              role="img"
              aria-label={t('appPicture')}
              // biome-ignore lint/security/noDangerouslySetInnerHtml: drawn here, of squares alone
              dangerouslySetInnerHTML={{
                __html: renderSVG(otpauthUri(seed, person.address, 'Restante'), { border: 0 }),
              }}
            />
            <p>
              {t('appType')}{' '}
              <span className={own.secret}>
                {base32(seed)
                  .match(/.{1,4}/g)
                  ?.join(' ')}
              </span>
            </p>
          </>
        )}
        {/* Stays where it is once the app has been added, because it shows the recovery codes then. */}
        {recent && (seed || factor.app) && <AppCodeForm done={factor.app} />}
      </section>

      <section aria-labelledby="passkeys-title" className={styles.part}>
        <h2 id="passkeys-title">{t('passkeysTitle')}</h2>
        <p className={styles.lead}>{t('passkeysLead')}</p>
        {passkeys.map(one => (
          <div className={styles.row} key={one.id}>
            <p>
              <b>{one.name}</b>
              <span>{used(one)}</span>
            </p>
            {recent && <RemovePasskey id={one.id} name={one.name} />}
          </div>
        ))}
        {recent && <AddPasskey />}
      </section>

      <section aria-labelledby="sessions-title" className={styles.part}>
        <h2 id="sessions-title">{t('sessionsTitle')}</h2>
        <p className={styles.lead}>{t('sessionsLead')}</p>
        {sessions.map(one => {
          const name = agentWords(one.agent) ?? t('unknownBrowser')
          return (
            <div className={styles.row} key={one.id}>
              <p>
                <b>{one.id === person.sessionId ? t('thisSession', { name }) : name}</b>
                <span>
                  {t('sessionWhen', {
                    address: one.address,
                    method: t(`method.${one.method}`),
                    at: at(one.lastUsedAt),
                  })}
                </span>
              </p>
              {one.id !== person.sessionId && <EndSession id={one.id} name={`${name}, ${one.address}`} />}
            </div>
          )
        })}
        {sessions.length > 1 && <EndOthers />}
      </section>

      <section aria-labelledby="apps-title" className={styles.part}>
        <h2 id="apps-title">{t('appPasswordsTitle')}</h2>
        <p className={styles.lead}>{t('appPasswordsLead')}</p>
        {appPasswords.map(one => (
          <div className={styles.row} key={one.id}>
            <p>
              <b>{one.name}</b>
              <span>{used(one)}</span>
            </p>
            <RemoveAppPassword id={one.id} name={one.name} />
          </div>
        ))}
        {recent && <AppPasswordForm />}
      </section>
    </main>
  )
}
