'use client'
/** Why a delivery is where it is, in a few words. */
import { useTranslations } from 'next-intl'
import type { Line } from './use-deliveries.ts'
import { useWords } from './words.ts'

export function useReason(line: Pick<Line, 'state' | 'holdReason' | 'outcome'>): string {
  const t = useTranslations('admin')
  const words = useWords()
  if (line.state === 'held' && line.holdReason) return t(`hold.${line.holdReason}`)
  if (!line.outcome) return ''
  if (line.state === 'delivered' && line.outcome.host) return t('story.accepted', { host: line.outcome.host })
  return words.category(line.outcome.category)
}
