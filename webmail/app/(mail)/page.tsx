/** The webmail: one page; what it shows comes over JMAP. */
import { undoSendOf } from '@restante/core/directory/undo-send.ts'
import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { getTranslations } from 'next-intl/server'
import { MailApp } from '../../mail/mail-app.tsx'
import { services } from '../../server/services.ts'
import { currentPerson } from '../../server/session.ts'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations('common')
  return { title: t('product') }
}

export default async function MailPage({
  searchParams,
}: {
  searchParams: Promise<Record<string, string | string[] | undefined>>
}) {
  const person = await currentPerson()
  if (!person) {
    const parameters = Object.entries(await searchParams).flatMap(([key, value]) =>
      [value ?? []].flat().map((one): [string, string] => [key, one]),
    )
    const place = parameters.length > 0 ? `/?${new URLSearchParams(parameters)}` : ''
    redirect(place ? `/sign-in?next=${encodeURIComponent(place)}` : '/sign-in')
  }
  const { db } = await services()
  return (
    <MailApp
      person={{
        name: person.name,
        address: person.address,
        locale: person.locale,
        mayAdminister: person.role !== 'user',
        undoSend: await undoSendOf(db, person.id),
      }}
    />
  )
}
