/** What of a message's attachments can be looked at without leaving the page, and how. */
import type { BodyPart } from '../jmap/types.ts'

export type PreviewKind = 'picture' | 'pdf' | 'text' | 'audio' | 'video'

/** Longest text that is shown, in bytes; the rest is a download away. */
export const TEXT_PREVIEW = 1_000_000

/** null: only by the program it belongs to. Never anything that a browser runs. */
export function previewKind(part: Pick<BodyPart, 'type' | 'name' | 'size'>): PreviewKind | null {
  const type = part.type.toLowerCase()
  if (/^image\/(png|jpeg|gif|webp|avif|bmp)$/.test(type)) return 'picture'
  if (type === 'application/pdf') return 'pdf'
  if (/^audio\/(mpeg|mp4|aac|ogg|wav|x-wav|webm|flac)$/.test(type)) return 'audio'
  if (/^video\/(mp4|webm|ogg)$/.test(type)) return 'video'
  const text = /^text\/(?!html)/.test(type) || /^application\/(json|xml|x-yaml)$/.test(type)
  const named = /\.(txt|md|csv|log|json|xml|ya?ml|ics|vcf)$/i.test(part.name ?? '')
  return (text || named) && part.size <= TEXT_PREVIEW ? 'text' : null
}
